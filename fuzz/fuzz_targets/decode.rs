//! The decoder accepts what the oracle accepts and reads the same out of it; what it read, it encodes so that it reads
//! the same again.
//!
//! `cargo +nightly fuzz run decode fuzz/corpus/decode fuzz/seeds/decode`

#![no_main]

#[path = "../../tests/it/codec_oracle.rs"]
mod oracle;

use keyviz_fanout::matrix::{Series, decode, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    // Any value of `fanout.expected` may stand there unread; the oracle would refuse text in it that is not UTF-8.
    if body.windows(8).any(|word| word == b"expected") {
        return;
    }
    oracle::check_law(body, Series::Writes);
    if let Ok(matrix) = decode(body, Series::Writes) {
        assert_eq!(decode(&encode(&matrix), Series::Writes), Ok(matrix));
    }
});
