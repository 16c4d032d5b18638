//! Any bytes as the head of a request, over a socket: it gets an answer, and is let in where the host that it names is this
//! one's.
//!
//! `cargo +nightly fuzz run host fuzz/corpus/host fuzz/seeds/host`

#![no_main]

#[path = "../../tests/it/host_oracle.rs"]
mod oracle;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use oracle::Door;

static DOOR: LazyLock<Door> = LazyLock::new(Door::open);

fuzz_target!(|head: &[u8]| DOOR.check_law(head));
