//! Keys, numbers and times as text, and text made short.

use std::{borrow::Cow, fmt::Write};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::text::is_unsafe;

/// A key as text where it is printable, else as `0x…`; text that looks like that is written so too, to be told apart.
pub(super) fn key(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(is_unsafe) && !text.starts_with("0x") => text.to_owned(),
        _ => bytes.iter().fold("0x".to_owned(), |mut hex, byte| {
            let _infallible = write!(hex, "{byte:02x}");
            hex
        }),
    }
}

/// `[start, end)` as keys, `-∞` and `+∞` where unbounded.
pub(super) fn key_range(start: &[u8], end: &[u8]) -> String {
    let bound = |bytes: &[u8], unbounded: &str| if bytes.is_empty() { unbounded.to_owned() } else { key(bytes) };
    format!("{} … {}", bound(start, "-∞"), bound(end, "+∞"))
}

/// `text` cut to `width` terminal columns, with `…` for what is missing.
pub(super) fn shorten(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let mut room = width.saturating_sub(1);
    let kept = text.chars().take_while(|c| {
        let needed = c.width().unwrap_or_default();
        let fits = needed <= room;
        room = room.saturating_sub(needed);
        fits
    });
    Cow::Owned(kept.chain(['…']).collect())
}

/// `text` in exactly `width` terminal columns, to the left.
pub(super) fn fit(text: &str, width: usize) -> String {
    let short = shorten(text, width);
    let padding = width.saturating_sub(short.width());
    format!("{short}{:padding$}", "")
}

/// `1234567` as `1,234,567`.
pub(super) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A Unix time as `HH:MM:SS` UTC.
pub(super) fn clock(unix_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(unix_ms)
        .map_or_else(|_| "??:??:??".to_owned(), |time| time.strftime("%H:%M:%S").to_string())
}

/// A Unix time as `YYYY-MM-DD` UTC.
pub(super) fn date(unix_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(unix_ms)
        .map_or_else(|_| "????-??-??".to_owned(), |time| time.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped_from_the_right() {
        let grouped = [0, 999, 1000, 123_456, 1_234_567, u64::MAX].map(thousands);
        assert_eq!(grouped, ["0", "999", "1,000", "123,456", "1,234,567", "18,446,744,073,709,551,615"]);
    }

    #[test]
    fn a_key_is_text_only_if_all_of_it_can_be_printed() {
        let shown = [&b"user:1"[..], "\u{9375}:1".as_bytes(), b"a\0b", b"\xff", "a\u{202e}b".as_bytes()].map(key);
        assert_eq!(shown, ["user:1", "\u{9375}:1", "0x610062", "0xff", "0x61e280ae62"]);
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(fit("\u{9375}\u{9375}\u{9375}", 6), "\u{9375}\u{9375}\u{9375}");
        assert_eq!(fit("\u{9375}\u{9375}\u{9375}", 5), "\u{9375}\u{9375}\u{2026}");
        assert_eq!(fit("\u{9375}\u{9375}\u{9375}", 4), "\u{9375}\u{2026} ");
        assert_eq!(fit("ab", 4), "ab  ");
    }

    #[test]
    fn times_beyond_the_calendar_do_not_fail() {
        assert_eq!((clock(1_795_425_000_000), date(1_795_425_000_000)), ("09:10:00".into(), "2026-11-23".into()));
        assert_eq!((clock(i64::MAX), date(i64::MIN)), ("??:??:??".into(), "????-??-??".into()));
    }
}
