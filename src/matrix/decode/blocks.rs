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
        let (read, more) = read_window(window, numbers);
        at += read;
        if !more {
            return at;
        }
    }
}

/// Returns how many bytes were read, and whether the next window may have more.
fn read_window(window: &[u8; WINDOW], numbers: &mut Vec<u64>) -> (usize, bool) {
    let Some(block) = window.first_chunk::<BLOCK>() else { return (0, false) };
    let tokens = Tokens::find(block);
    if tokens.ends == EVERY_SECOND {
        numbers.extend(block.as_chunks::<2>().0.iter().map(|[digit, _]| u64::from(digit - b'0')));
        return (BLOCK, true);
    }
    match tokens.longest() {
        Longest::Four => tokens.each(numbers, |start, end| up_to_four(load(window, start), end - start)),
        Longest::Eight => tokens.each(numbers, |start, end| up_to_eight(load(window, start), end - start)),
        Longest::More => return read_wide(window, tokens, numbers),
    }
    (tokens.length(), tokens.all)
}

/// The numbers at the beginning of a block that are followed by a comma and at most one space: a bit for the first digit
/// of each, and one for its comma.
#[derive(Clone, Copy)]
struct Tokens {
    digits: u64,
    starts: u64,
    ends: u64,
    /// Whether nothing else stands in the block, except for the beginning of another number at its end.
    all: bool,
}

/// How many digits the longest number of a block has, at most.
enum Longest {
    Four,
    Eight,
    More,
}

impl Tokens {
    fn find(block: &[u8; BLOCK]) -> Self {
        let digits = mask(block, |byte| byte.wrapping_sub(b'0') < 10);
        let commas = mask(block, |byte| byte == b',');
        let starts = digits & !(digits << 1);
        let mut plain = digits | (commas & (digits << 1));
        if plain != u64::MAX {
            plain |= mask(block, |byte| byte == b' ') & (commas << 1);
        }
        let leading_zeros = starts & digits >> 1 & mask(block, |byte| byte == b'0');
        let plain = plain & !leading_zeros;
        let ends = commas & !u64::MAX.checked_shl(plain.trailing_ones()).unwrap_or(0);
        Self { digits, starts, ends, all: plain == u64::MAX && ends != 0 }
    }

    fn longest(self) -> Longest {
        let two = self.digits & self.digits >> 1;
        let four = two & two >> 2;
        if four & self.digits >> 4 == 0 {
            Longest::Four
        } else if four & four >> 4 & self.digits >> 8 == 0 {
            Longest::Eight
        } else {
            Longest::More
        }
    }

    /// Bytes up to the last comma.
    fn length(self) -> usize {
        BLOCK - self.ends.leading_zeros() as usize
    }

    /// Appends what `number` makes of the place of each number's first digit and of its comma.
    fn each(self, numbers: &mut Vec<u64>, number: impl Fn(usize, usize) -> u64) {
        let Self { mut starts, mut ends, .. } = self;
        let mut found = [0; BLOCK / 2];
        let mut count = 0;
        while ends != 0 {
            found[count % (BLOCK / 2)] = number(starts.trailing_zeros() as usize, ends.trailing_zeros() as usize);
            count += 1;
            starts &= starts.wrapping_sub(1);
            ends &= ends - 1;
        }
        numbers.extend_from_slice(&found[..count]);
    }
}

/// A bit for each byte that is `wanted`, the first byte's lowest.
fn mask(block: &[u8; BLOCK], wanted: impl Fn(u8) -> bool) -> u64 {
    /// Gathers the lowest bits of eight bytes in the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut flags = [0; BLOCK];
    for (flag, &byte) in flags.iter_mut().zip(block) {
        *flag = u8::from(wanted(byte));
    }
    let (words, _) = flags.as_chunks::<8>();
    words.iter().zip((0..BLOCK).step_by(8)).fold(0, |mask, (word, place)| {
        let gathered = u64::from_le_bytes(*word).wrapping_mul(GATHER) & 0xFF << 56;
        mask | gathered >> (56 - place)
    })
}

/// Reads numbers of any length, up to one of more than 64 bits.
fn read_wide(window: &[u8; WINDOW], tokens: Tokens, numbers: &mut Vec<u64>) -> (usize, bool) {
    let Tokens { mut starts, mut ends, .. } = tokens;
    let mut read = 0;
    while ends != 0 {
        let (start, end) = (starts.trailing_zeros() as usize, ends.trailing_zeros() as usize);
        let Some(number) = wide(window, start, end) else { return (read, false) };
        numbers.push(number);
        read = end + 1;
        starts &= starts - 1;
        ends &= ends - 1;
    }
    (read, tokens.all)
}

/// The number of the digits from `start` to `end`; `None` above 64 bits.
#[inline]
fn wide(window: &[u8; WINDOW], start: usize, end: usize) -> Option<u64> {
    const EIGHT: u64 = 100_000_000;
    let (eights, digits) = ((end - start - 1) / 8, (end - start - 1) % 8 + 1);
    let first = up_to_eight(load(window, start), digits);
    let next = |eight: usize| up_to_eight(load(window, start + digits + 8 * eight), 8);
    match eights {
        0 => Some(first),
        1 => Some(first * EIGHT + next(0)),
        2 => first.checked_mul(EIGHT * EIGHT)?.checked_add(next(0) * EIGHT + next(1)),
        _ => None,
    }
}

/// The eight bytes from `at`, a place in the block, on.
fn load(window: &[u8; WINDOW], at: usize) -> u64 {
    let at = at % BLOCK;
    window[at..at + 8].first_chunk().map_or(0, |word| u64::from_le_bytes(*word))
}

/// Eight digits 0.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The number that the first `digits` (1 … 4) bytes of `word` spell.
fn up_to_four(word: u64, digits: usize) -> u64 {
    let ones = (word.wrapping_sub(ZEROS) << (32 - 8 * digits)) & 0xFFFF_FFFF;
    let pairs = ones * 10 + (ones >> 8);
    (pairs & 0xFF) * 100 + (pairs >> 16 & 0xFF)
}

/// The number that the first `digits` (1 … 8) bytes of `word` spell.
fn up_to_eight(word: u64, digits: usize) -> u64 {
    const FOURTH: u64 = 0x0000_00FF_0000_00FF;
    let ones = word.wrapping_sub(ZEROS) << (64 - 8 * digits);
    let pairs = ones.wrapping_mul(10).wrapping_add(ones >> 8);
    let high = (pairs & FOURTH).wrapping_mul(100 + (1_000_000 << 32));
    let low = (pairs >> 16 & FOURTH).wrapping_mul(1 + (10_000 << 32));
    high.wrapping_add(low) >> 32
}
