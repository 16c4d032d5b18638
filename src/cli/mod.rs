//! The commands of the binary (SPEC §8).

mod args;
pub mod check;
mod daemon;
mod demo;
mod listening;
mod logging;
mod patience;
mod peers;
mod query;
mod reload;
mod run;
mod session;
mod socket;
mod status;
mod supervisor;
mod time;
mod trust;
pub mod view;

use std::{ffi::OsString, io, path::PathBuf, process::ExitCode};

use clap::{CommandFactory, Parser};
use log::Level;

use args::{Cli, Command};

/// Exit codes of SPEC §8.
const FAILED: u8 = 1;
const USAGE: u8 = 2;
const CONFIG: u8 = 78;

/// Why a command ended without doing its work.
#[derive(Debug)]
struct Ended {
    code: u8,
    message: String,
}

impl Ended {
    fn new(code: u8, message: impl std::fmt::Display) -> Self {
        Self { code, message: message.to_string() }
    }
}

/// A reader that closed the pipe early, as `head` does, has what it wanted.
impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(0, ""),
            _ => Self::new(FAILED, format!("write the output: {error}")),
        }
    }
}

/// The definitions of all commands and options, for the help, completions and the manual page.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Parses the process's arguments and runs the command.
pub fn main() -> ExitCode {
    let Cli { command, config } = Cli::parse();
    let outcome = match command.unwrap_or(Command::Run) {
        Command::Run => run::run(config.as_deref()),
        Command::Check(args) => check(args, config),
        Command::Demo(_) if config.is_some() => Err(Ended::new(USAGE, "the demo reads no file: leave out --config")),
        Command::Demo(args) => demo::demo(&args),
        Command::Query(args) => query::query(&args, config.as_deref()),
        Command::Peers(args) => peers::peers(&args, config.as_deref()),
        Command::Reload(args) => reload::reload(&args, config.as_deref()),
        Command::Status(args) => status::status(&args, config.as_deref()),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(Ended { code, message }) => {
            say(Level::Error, &message);
            ExitCode::from(code)
        }
    }
}

fn check(args: args::CheckArgs, config: Option<PathBuf>) -> Result<u8, Ended> {
    if args.path.is_some() && config.is_some() {
        return Err(Ended::new(USAGE, "check takes one file: leave out PATH or --config"));
    }
    let path = args.path.or(config);
    let format = if args.json { check::Format::Json } else { check::Format::Human };
    Ok(check::check(path.as_deref(), &environment, format, args.print, &mut io::stdout().lock())?)
}

fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Says on standard error, under the program's name, what comes beside a command's output; nothing where there is nothing.
fn say(level: Level, message: &str) {
    match message {
        "" => {}
        // The journal has the name already.
        _ if logging::under_journal() => say_as_is(level, message),
        _ => say_as_is(level, &format!("keyviz-fanout: {message}")),
    }
}

/// The same as it stands; to the journal each line is of that `level`.
#[expect(clippy::print_stderr, reason = "this is where a command's words beside its output go")]
fn say_as_is(level: Level, text: &str) {
    let prefix = if logging::under_journal() { logging::priority_prefix(level) } else { String::new() };
    text.lines().for_each(|line| eprintln!("{prefix}{line}"));
}
