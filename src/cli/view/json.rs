//! The answer as it came, for programs.

use std::io;

use crate::text::is_unsafe;

/// Writes `body`, the JSON of an answer, and a line end. Characters that would command a terminal become `\uXXXX`, which
/// is the same JSON: they are valid only inside strings.
pub fn render(body: &[u8], out: &mut impl io::Write) -> io::Result<()> {
    let body = String::from_utf8_lossy(body);
    let mut rest = body.trim_end();
    while let Some(at) = rest.find(|c| is_unsafe(c) && !c.is_ascii_whitespace()) {
        let (safe, found) = rest.split_at(at);
        out.write_all(safe.as_bytes())?;
        let mut tail = found.chars();
        for unit in tail.next().unwrap_or_default().encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}")?;
        }
        rest = tail.as_str();
    }
    writeln!(out, "{rest}")
}
