//! Where the plain part of a string ends.

/// How many bytes come before the first quote, backslash or control character, eight at a time.
pub(super) fn length(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let special = special(u64::from_le_bytes(*word));
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let special = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ');
    words.len() * 8 + special.unwrap_or(rest.len())
}

/// The highest bit of each byte of `word` that is special in a string. Borrows reach only bytes above such a byte, so the
/// lowest bit set is right.
const fn special(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let quote = word ^ (EACH * b'"' as u64);
    let backslash = word ^ (EACH * b'\\' as u64);
    let quotes = quote.wrapping_sub(EACH) & !quote;
    let backslashes = backslash.wrapping_sub(EACH) & !backslash;
    let controls = word.wrapping_sub(EACH * 0x20) & !word;
    (quotes | backslashes | controls) & (EACH * 0x80)
}
