//! Any text as a session: good where WIRE §4 says so, at every moment and with either key. The first character says who
//! signs the rest, so that what is inside a good signature is looked at too.
//!
//! `cargo +nightly fuzz run session fuzz/corpus/session fuzz/seeds/session`

#![no_main]

#[path = "../../tests/it/session_oracle.rs"]
mod oracle;

use std::str;

use libfuzzer_sys::fuzz_target;
use oracle::{Cluster, session_of};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(input) = str::from_utf8(bytes) {
        Cluster::TEST.check_law(&session_of(input));
    }
});
