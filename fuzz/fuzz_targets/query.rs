//! Any text as a matrix query: read as SPEC §2's table says, and a node is asked what was meant and nothing else.
//!
//! `cargo +nightly fuzz run query fuzz/corpus/query fuzz/seeds/query`

#![no_main]

#[path = "../../tests/it/query_oracle.rs"]
mod oracle;

use std::{str, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use oracle::Asked;

static ASKED: LazyLock<Asked> = LazyLock::new(Asked::new);

fuzz_target!(|bytes: &[u8]| {
    if let Ok(query) = str::from_utf8(bytes) {
        oracle::check_law(query);
        ASKED.check_law(query);
    }
});
