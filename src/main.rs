//! The `keyviz-fanout` binary; see [`keyviz_fanout`] for everything it does.

use std::process::ExitCode;

fn main() -> ExitCode {
    keyviz_fanout::cli::main()
}
