//! How values are written: durations, sizes, and text from the file inside a message.

use std::{borrow::Cow, str::FromStr, time::Duration};

use bytesize::ByteSize;

use crate::text::escape;

/// Longest piece of the file that a message repeats, characters.
const QUOTED_MAX: usize = 80;

/// `text` in quotes for a message: escaped, shortened, and without what stands before an `@`, which may be a password.
pub(crate) fn quote(text: &str) -> String {
    let text = without_credentials(text);
    match text.char_indices().nth(QUOTED_MAX) {
        Some((end, _)) => format!("{:?}", format!("{}…", &text[..end])),
        None => format!("{text:?}"),
    }
}

/// Text from the file inside a sentence that has its own quotes: unsafe characters escaped, on one line, and without what
/// stands before an `@`: a name of a key may be a whole URL by mistake.
pub(super) fn printable(text: &str) -> String {
    let text = without_credentials(text);
    let end = text.char_indices().nth(QUOTED_MAX).map_or(text.len(), |(end, _)| end);
    escape(&text[..end]).into_owned()
}

fn without_credentials(text: &str) -> Cow<'_, str> {
    text.rsplit_once('@').map_or(Cow::Borrowed(text), |(_, shown)| format!("[redacted]@{shown}").into())
}

// The libraries' own messages repeat the value, which may hold a password.

/// A humantime duration with its unit.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    if is_bare_number(text) {
        return Err(format!("{}: a duration needs a unit, such as \"2s\"", quote(text)));
    }
    humantime::parse_duration(text)
        .map_err(|_| format!("{} is not a duration, such as \"500ms\" or \"1m 30s\"", quote(text)))
}

pub(super) fn show_duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// A bytesize size with its unit, bytes.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    if is_bare_number(text) {
        return Err(format!("{}: a size needs a unit, such as \"64MiB\"", quote(text)));
    }
    ByteSize::from_str(text)
        .map(|size| size.as_u64())
        .map_err(|_| format!("{} is not a size, such as \"64MiB\" or \"1500kB\"", quote(text)))
}

/// Bytes in the largest binary unit that is exact, so that the text reads back as the same number.
pub(super) fn show_size(bytes: u64) -> String {
    let unit = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")]
        .into_iter()
        .find(|(shift, _)| bytes > 0 && bytes.trailing_zeros() >= *shift);
    unit.map_or_else(|| format!("{bytes}B"), |(shift, name)| format!("{}{name}", bytes >> shift))
}

fn is_bare_number(text: &str) -> bool {
    text.trim().parse::<f64>().is_ok()
}
