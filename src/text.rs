//! Text from elsewhere, made fit to be shown: it says what was written, on one line, and commands nothing.

use std::borrow::Cow;

/// Would `c` command a terminal, break or turn a line, or hide in it? Control characters (C0, DEL, C1), line separators,
/// and the marks that reorder text or can't be seen.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// `text` with every unsafe character written out (`\u{1b}`).
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        push_escaped(&mut safe, c);
    }
    Cow::Owned(safe)
}

/// Appends `c` as [`escape`] has it.
pub(crate) fn push_escaped(safe: &mut String, c: char) {
    if is_unsafe(c) { safe.extend(c.escape_default()) } else { safe.push(c) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_turns_or_hides_is_written_out_and_nothing_else() {
        let text = "é鍵 \u{1b}[31m\r\n\u{85}\u{202e}\u{2066}\u{200b}\u{ad}\u{feff}\u{e0041}\\";
        let shown = "é鍵 \\u{1b}[31m\\r\\n\\u{85}\\u{202e}\\u{2066}\\u{200b}\\u{ad}\\u{feff}\\u{e0041}\\";
        assert_eq!(escape(text), shown);
        assert!(matches!(escape("é鍵 e\u{301}\\"), Cow::Borrowed(_)));
    }
}
