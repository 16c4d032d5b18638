//! Keys, numbers and times as text, and text made short.

use std::{borrow::Cow, fmt::Write, time::Duration};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::text::is_unsafe;

/// A key as text where it is printable, else as `0x…`; text that looks like that, like no key at all, or like a bound that
/// is none is written so too, to be told apart.
pub(super) fn key(bytes: &[u8]) -> String {
    let is_plain = |text: &str| {
        !text.contains(is_unsafe)
            && !text.starts_with("0x")
            && text.trim() == text
            && !["-∞", "−∞", "+∞"].contains(&text)
    };
    match std::str::from_utf8(bytes) {
        Ok(text) if is_plain(text) => text.to_owned(),
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

/// `1 row`, `1,234 rows`.
pub(super) fn plural(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(count), if count == 1 { "" } else { "s" })
}

/// Seconds in the two largest units: `45s`, `2h 5m`, `3d 4h`.
pub(super) fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}

/// The same to a tenth of a second where that is worth telling: `0.1s`.
pub(super) fn brief(time: Duration) -> String {
    if time < Duration::from_secs(10) { format!("{:.1}s", time.as_secs_f64()) } else { span(time.as_secs()) }
}

/// What made the daemon look at its file, from the word of SPEC §6.
pub(super) fn trigger(word: &str) -> &str {
    match word {
        "start" => "the start",
        "watch" => "a change of the file",
        "poll" => "a change that polling saw",
        "signal" => "SIGHUP",
        "control" => "the reload command",
        other => other,
    }
}

/// How long before `now`: `2h 5m ago`. A time that is still to come, by a clock that was set back, is now.
pub(super) fn ago(at: jiff::Timestamp, now: jiff::Timestamp) -> String {
    format!("{} ago", span(u64::try_from(now.as_second() - at.as_second()).unwrap_or_default()))
}

/// `text` in lines of at most `width` terminal columns, broken at spaces; a longer word has a line of its own.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => line.extend([" ", word]),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
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
        let confusing = [&b"0x41"[..], b" ", b"a ", "+\u{221e}".as_bytes()].map(key);
        assert_eq!(confusing, ["0x30783431", "0x20", "0x6120", "0x2be2889e"]);
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(fit("\u{9375}\u{9375}\u{9375}", 6), "\u{9375}\u{9375}\u{9375}");
        assert_eq!(fit("\u{9375}\u{9375}\u{9375}", 5), "\u{9375}\u{9375}\u{2026}");
        assert_eq!(fit("\u{9375}\u{9375}\u{9375}", 4), "\u{9375}\u{2026} ");
        assert_eq!(fit("ab", 4), "ab  ");
    }

    #[test]
    fn spans_have_two_units() {
        let shown = [0, 59, 60, 3599, 3600, 86399, 86400, 273_600].map(span);
        assert_eq!(shown, ["0s", "59s", "1m 0s", "59m 59s", "1h 0m", "23h 59m", "1d 0h", "3d 4h"]);
        let tenths = [0, 149, 9_940, 10_000, 90_000].map(|ms| brief(Duration::from_millis(ms)));
        assert_eq!(tenths, ["0.0s", "0.1s", "9.9s", "10s", "1m 30s"]);
        let (past, now) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::from_second(90).unwrap());
        assert_eq!((ago(past, now), ago(now, past)), ("1m 30s ago".into(), "0s ago".into()));
    }

    #[test]
    fn wrapping_loses_nothing_and_breaks_at_spaces_alone() {
        assert_eq!(wrap("a b  c", 3), ["a b", " c"]);
        assert_eq!(wrap("unbreakable a b", 4), ["unbreakable", "a b"]);
        assert_eq!(wrap("\u{9375} \u{9375}", 4), ["\u{9375}", "\u{9375}"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn times_beyond_the_calendar_do_not_fail() {
        assert_eq!((clock(1_795_425_000_000), date(1_795_425_000_000)), ("09:10:00".into(), "2026-11-23".into()));
        assert_eq!((clock(i64::MAX), date(i64::MIN)), ("??:??:??".into(), "????-??-??".into()));
    }
}
