//! Repeatable randomness: the same words give the same number, on every run and for every node.

/// A well-mixed 64-bit number made of `words` (the finalizer of `SplitMix64`, chained).
pub(super) fn hash(words: &[u64]) -> u64 {
    words.iter().fold(0, |state: u64, word| mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ mix(*word)))
}

fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A number in [0, 1).
pub(super) fn unit(words: &[u64]) -> f64 {
    fraction(hash(words) >> 32)
}

/// How many events a window holds that expects `mean` of them: spread about as a Poisson count is.
pub(super) fn count(mean: f64, words: &[u64]) -> u32 {
    let bits = hash(words);
    let bell: f64 = [bits >> 48, bits >> 32, bits >> 16].map(|part| fraction((part & 0xffff) << 16)).iter().sum();
    // The sum of three uniform numbers has mean 3/2 and standard deviation 1/2; the last bits round at random, so that
    // a mean far below one still comes out as a one now and then.
    round_down(mean + (bell - 1.5) * 2.0 * mean.sqrt() * mean.min(1.0) + fraction((bits & 0xffff) << 16))
}

#[expect(clippy::cast_precision_loss, reason = "32 bits fit an f64 exactly")]
fn fraction(bits_32: u64) -> f64 {
    bits_32 as f64 / 4_294_967_296.0
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, which is meant")]
fn round_down(value: f64) -> u32 {
    value as u32
}
