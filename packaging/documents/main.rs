//! Writes what is made from the program's own definitions: the manual pages and the completions into a folder, which the
//! package takes them from. Its tests hold the files of the repository that say the same (the README's table of keys, the
//! example and the package's configuration) against those definitions; `UPDATE_EXPECT=1 cargo test --example documents`
//! writes them anew.
//!
//! ```text
//! cargo run --example documents -- target/documents
//! ```

use std::{env, error::Error, fs, path::Path, string::FromUtf8Error};

use clap::Command;
use clap_complete::{Shell, generate, generate_to};

mod command;
mod file;
mod page;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

/// The binary, for whom the completions are.
const NAME: &str = "keyviz-fanout";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).ok_or("name the folder to write to")?;
    write(Path::new(&folder))
}

fn write(folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("keyviz-fanout.1"), command::page(&built()))?;
    fs::write(folder.join("keyviz-fanout.toml.5"), file::page())?;
    for shell in [Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut keyviz_fanout::cli::command(), NAME, folder)?;
    }
    fs::write(folder.join("keyviz-fanout.bash"), bash()?)?;
    Ok(())
}

/// The completion for bash. clap writes the program's name in two ways where that has a hyphen, and then knows no command.
fn bash() -> Result<String, FromUtf8Error> {
    let mut script = Vec::new();
    generate(Shell::Bash, &mut keyviz_fanout::cli::command(), NAME, &mut script);
    Ok(String::from_utf8(script)?.replace("keyviz__subcmd__fanout", "keyviz__fanout"))
}

/// The commands with `--help`, `--version` and all that clap adds itself.
fn built() -> Command {
    let mut command = keyviz_fanout::cli::command();
    command.build();
    command
}
