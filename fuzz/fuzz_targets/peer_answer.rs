//! Any bytes as a peer's answer, over a socket: a whole 200 is read as it was sent, nothing else is a success, and no
//! failure says too much.
//!
//! `cargo +nightly fuzz run peer_answer fuzz/corpus/peer_answer fuzz/seeds/peer_answer`

#![no_main]

#[path = "../../tests/it/peer_answer_oracle.rs"]
mod oracle;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use oracle::Called;

static CALLED: LazyLock<Called> = LazyLock::new(Called::new);

fuzz_target!(|answer: &[u8]| CALLED.check_law(answer));
