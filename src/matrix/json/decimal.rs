//! Numbers in decimal, four digits at a time.

/// Digits of the longest number.
pub(super) const MOST: usize = 20;

/// How many numbers have up to four digits.
const GROUP: u64 = 10_000;

/// The digits of 0 … 9999 as text, padded with zeros; the first digit is the lowest byte.
static GROUPS: [u32; 10_000] = {
    let mut groups = [0; 10_000];
    let mut number = 0;
    while number < 10_000 {
        let high = (number / 1000) | ((number / 100 % 10) << 8);
        let low = (number / 10 % 10) | ((number % 10) << 8);
        groups[number as usize] = 0x3030_3030 + (high | (low << 16));
        number += 1;
    }
    groups
};

/// How many digits `number` has.
pub(super) fn length(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// Writes `number` into `text` from `at` on; returns where it ends. `text` has [`MOST`] bytes there.
#[inline]
pub(super) fn write(text: &mut [u8], at: usize, number: u64) -> usize {
    if number < GROUP { write_first(text, at, number) } else { write_long(text, at, number) }
}

/// Writes `numbers` below 10, each with a comma behind it, to the beginning of `text`; returns where they end.
pub(super) fn write_digits(text: &mut [u8], numbers: &[u64]) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "callers pass numbers below 10")]
    for (text, number) in text.as_chunks_mut().0.iter_mut().zip(numbers) {
        *text = [b'0' + *number as u8, b','];
    }
    2 * numbers.len()
}

/// Apart, so that what is inlined for the usual short numbers stays short.
#[inline(never)]
fn write_long(text: &mut [u8], at: usize, number: u64) -> usize {
    let (high, low) = (number / GROUP, number % GROUP);
    if high < GROUP {
        let at = write_first(text, at, high);
        return write_group(text, at, group(low));
    }
    let (high, middle) = (high / GROUP, high % GROUP);
    let at = write(text, at, high);
    let at = write_group(text, at, group(middle));
    write_group(text, at, group(low))
}

/// Writes a number of one group without the zeros before it.
#[inline]
fn write_first(text: &mut [u8], at: usize, number: u64) -> usize {
    const LAST_DIGIT: u32 = 1 << 24;
    let group = group(number);
    let zeros = (group & 0x0F0F_0F0F | LAST_DIGIT).trailing_zeros() & !7;
    write_group(text, at, group >> zeros) - zeros as usize / 8
}

#[expect(clippy::cast_possible_truncation, reason = "callers pass a number below 10,000")]
fn group(number: u64) -> u32 {
    GROUPS[number as usize]
}

#[inline]
fn write_group(text: &mut [u8], at: usize, group: u32) -> usize {
    text[at..at + 4].copy_from_slice(&group.to_le_bytes());
    at + 4
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_is_written_as_the_standard_library_does(digits in 1u32..=20, any in any::<u64>()) {
            let number = 10u64.checked_pow(digits).map_or(any, |power| any % power);
            for number in [number, 10u64.pow(digits - 1), 10u64.pow(digits - 1) - 1, u64::MAX] {
                let mut text = [0; MOST];
                let end = write(&mut text, 0, number);
                prop_assert_eq!(text[..end].escape_ascii().to_string(), number.to_string());
                prop_assert_eq!(length(number), end);
            }
        }

        #[test]
        fn digits_are_written_as_any_number_is(digits in prop::collection::vec(0u64..10, 0..9)) {
            let mut text = [0; 16];
            let end = write_digits(&mut text, &digits);
            let expected: String = digits.iter().map(|digit| format!("{digit},")).collect();
            prop_assert_eq!(text[..end].escape_ascii().to_string(), expected);
        }
    }
}
