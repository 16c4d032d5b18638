//! Any bytes as a configuration: refused with places and reasons, or within SPEC §5's bounds; what is accepted is printed
//! so that it loads as the same again.
//!
//! `cargo +nightly fuzz run config fuzz/corpus/config tests/fixtures/config`

#![no_main]

#[path = "../../tests/it/config_oracle.rs"]
mod oracle;

use std::{env, path::PathBuf, process, sync::LazyLock};

use libfuzzer_sys::fuzz_target;

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| env::temp_dir().join(format!("keyviz-fanout-fuzz-{}.toml", process::id())));

fuzz_target!(|bytes: &[u8]| oracle::check_law_of_bytes(bytes, &FILE));
