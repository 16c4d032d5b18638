//! Numbers found 64 bytes at a time: a bit for each digit and each comma says where numbers begin and end, and eight
//! digits become a number in three multiplications.

/// Bytes that one mask covers.
const BLOCK: usize = 64;
/// A block and the room to load eight bytes from any place in it.
const WINDOW: usize = BLOCK + 8;
/// The commas of a block of one-digit numbers.
const EVERY_SECOND: u64 = 0xAAAA_AAAA_AAAA_AAAA;

/// Reads numbers, each with the comma behind it, from the beginning of `text`, which must be at the first digit of one or
/// at one space before it. Returns how many bytes they took.
///
/// It stops before the first number that is not plain: the last one of its array, one among other white space than a
/// single space after the comma, one near the end of `text`, and every invalid one. Those are for the caller.
pub(super) fn read(text: &[u8], numbers: &mut Vec<u64>) -> usize {
    let mut at = 0;
    loop {
        at += usize::from(text.get(at) == Some(&b' '));
        let Some(window) = text.get(at..).and_then(|rest| rest.first_chunk::<WINDOW>()) else { return at };
        let read = read_window(window, numbers);
        at += read;
        if read == 0 {
            return at;
        }
    }
}

fn read_window(window: &[u8; WINDOW], numbers: &mut Vec<u64>) -> usize {
    let Some(block) = window.first_chunk::<BLOCK>() else { return 0 };
    let (mut starts, mut ends) = bounds(block);
    if ends == EVERY_SECOND {
        numbers.extend(block.as_chunks::<2>().0.iter().map(|[digit, _]| u64::from(digit - b'0')));
        return BLOCK;
    }
    let mut read = 0;
    while ends != 0 {
        let (start, end) = (starts.trailing_zeros() as usize, ends.trailing_zeros() as usize);
        let Some(number) = number(window, start, end - start) else { return read };
        numbers.push(number);
        read = end + 1;
        starts &= starts - 1;
        ends &= ends - 1;
    }
    read
}

/// The first digit of each number, and the comma after it, of the numbers at the beginning of `block` that are followed
/// by a comma and at most one space.
fn bounds(block: &[u8; BLOCK]) -> (u64, u64) {
    let digits = mask(block, |byte| byte.wrapping_sub(b'0') < 10);
    let commas = mask(block, |byte| byte == b',');
    let starts = digits & !(digits << 1);
    let mut plain = digits | (commas & (digits << 1));
    if plain != u64::MAX {
        plain |= mask(block, |byte| byte == b' ') & (commas << 1);
    }
    let ends = commas & !u64::MAX.checked_shl(plain.trailing_ones()).unwrap_or(0);
    (starts, ends)
}

/// A bit for each byte that is `wanted`, the first byte's lowest.
fn mask(block: &[u8; BLOCK], wanted: impl Fn(u8) -> bool) -> u64 {
    /// Gathers the lowest bits of eight bytes in the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let flags = block.map(|byte| u8::from(wanted(byte)));
    let (words, _) = flags.as_chunks::<8>();
    words.iter().rev().fold(0, |mask, word| mask << 8 | u64::from_le_bytes(*word).wrapping_mul(GATHER) >> 56)
}

/// The number of `length` digits at `start`; `None` with a leading zero or above 64 bits.
fn number(window: &[u8; WINDOW], start: usize, length: usize) -> Option<u64> {
    let word = load(window, start)?;
    if length <= 8 {
        let leading_zero = (length > 1) & (word & 0xFF == u64::from(b'0'));
        return (!leading_zero).then(|| up_to_eight(word, length));
    }
    if word & 0xFF == u64::from(b'0') {
        return None;
    }
    let mut value = up_to_eight(word, 8);
    let mut done = 8;
    while done < length {
        let digits = (length - done).min(8);
        let low = up_to_eight(load(window, start + done)?, digits);
        value = value.checked_mul(10u64.pow(u32::try_from(digits).ok()?))?.checked_add(low)?;
        done += digits;
    }
    Some(value)
}

fn load(window: &[u8; WINDOW], at: usize) -> Option<u64> {
    window.get(at..)?.first_chunk().map(|word| u64::from_le_bytes(*word))
}

/// The number that the first `digits` (1 … 8) bytes of `word` spell.
fn up_to_eight(word: u64, digits: usize) -> u64 {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const FOURTH: u64 = 0x0000_00FF_0000_00FF;
    let ones = word.wrapping_sub(ZEROS) << (64 - 8 * digits);
    let pairs = ones.wrapping_mul(10).wrapping_add(ones >> 8);
    let high = (pairs & FOURTH).wrapping_mul(100 + (1_000_000 << 32));
    let low = (pairs >> 16 & FOURTH).wrapping_mul(1 + (10_000 << 32));
    high.wrapping_add(low) >> 32
}
