//! Numbers in decimal, four digits at a time.

/// Digits of the longest number.
pub(super) const MOST: usize = 20;

/// How many numbers have up to four digits.
const GROUP: u32 = 10_000;

/// The digits of 0 … 9999 as text, padded with zeros; the first digit is the lowest byte.
static GROUPS: [u32; GROUP as usize] = {
    let mut groups = [0; GROUP as usize];
    let mut number = 0;
    while number < GROUP {
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
    if number >= GROUP.into() {
        return write_long(text, at, number);
    }
    let length = 1 + usize::from(number >= 10) + usize::from(number >= 100) + usize::from(number >= 1000);
    write_group(text, at, group(number) >> (32 - 8 * length));
    at + length
}

fn write_long(text: &mut [u8], at: usize, number: u64) -> usize {
    let at = write(text, at, number / u64::from(GROUP));
    write_group(text, at, group(number % u64::from(GROUP)));
    at + 4
}

#[expect(clippy::cast_possible_truncation, reason = "callers pass a number below 10,000")]
fn group(number: u64) -> u32 {
    GROUPS[number as usize]
}

#[inline]
fn write_group(text: &mut [u8], at: usize, group: u32) {
    text[at..at + 4].copy_from_slice(&group.to_le_bytes());
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
    }
}
