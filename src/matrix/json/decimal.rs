//! Numbers in decimal, four digits at a time.

/// Digits of the longest number.
pub(super) const MOST: usize = 20;

const GROUP: u64 = 10_000;

/// The digits of 0 … 9999 as text, padded with zeros; the first digit is the lowest byte.
static GROUPS: [u32; GROUP as usize] = groups();

const fn groups() -> [u32; GROUP as usize] {
    let mut groups = [0; GROUP as usize];
    let mut number = 0u32;
    while number < groups.len() as u32 {
        let digits = number / 1000 | (number / 100 % 10) << 8 | (number / 10 % 10) << 16 | (number % 10) << 24;
        groups[number as usize] = digits + 0x3030_3030;
        number += 1;
    }
    groups
}

/// How many digits `number` has.
pub(super) fn length(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// Writes `number` into `text` from `at` on; returns where it ends. `text` has [`MOST`] bytes there.
#[inline]
pub(super) fn write(text: &mut [u8], at: usize, number: u64) -> usize {
    if number >= GROUP {
        return write_long(text, at, number);
    }
    let length = 1 + usize::from(number >= 10) + usize::from(number >= 100) + usize::from(number >= 1000);
    write_group(text, at, GROUPS[number as usize] >> (32 - 8 * length));
    at + length
}

fn write_long(text: &mut [u8], at: usize, number: u64) -> usize {
    let at = write(text, at, number / GROUP);
    write_group(text, at, GROUPS[(number % GROUP) as usize]);
    at + 4
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
