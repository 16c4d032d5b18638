//! `keyviz-fanout check`: every problem of a configuration file, found by the daemon's own loader (SPEC §5).

use std::{
    ffi::OsString,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde_json::{Value as Json, json};

use crate::{
    api::Candidate,
    config::{Loaded, OpenError, Problem, effective, effective_toml, open},
    text::escape,
};

/// The file is valid.
pub const VALID: u8 = 0;
/// The file has problems.
pub const INVALID: u8 = 1;
/// There is no file, or it can't be read.
pub const UNREADABLE: u8 = 2;

/// How to report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A line for each problem, `path:line:column: key: message`.
    #[default]
    Human,
    /// One JSON object.
    Json,
}

/// Checks the file at `path`, or the one the daemon would find, and reports to `out`; with `print`, a valid file's
/// effective values too. `env` gives an environment variable.
///
/// Returns the exit code: [`VALID`], [`INVALID`] or [`UNREADABLE`]. An error is `out`'s.
pub fn check(
    path: Option<&Path>,
    env: &impl Fn(&str) -> Option<OsString>,
    format: Format,
    print: bool,
    out: &mut impl Write,
) -> io::Result<u8> {
    let outcome = open(path, env).and_then(Candidate::build);
    match format {
        Format::Human => report(&outcome, print, out)?,
        Format::Json => writeln!(out, "{:#}", describe(&outcome, print))?,
    }
    Ok(match outcome {
        Ok(_) => VALID,
        Err(OpenError::Invalid { .. }) => INVALID,
        Err(OpenError::NotFound(_) | OpenError::Unreadable(_)) => UNREADABLE,
    })
}

type Outcome = Result<Candidate, OpenError>;

fn report(outcome: &Outcome, print: bool, out: &mut impl Write) -> io::Result<()> {
    match outcome {
        Ok(Candidate { loaded, source, .. }) => {
            let path = source.as_ref().map_or_else(String::new, |source| source.path.display().to_string());
            if print {
                return writeln!(out, "# {path}: ok: {}\n{}", summary(loaded), effective_toml(loaded).trim_end());
            }
            writeln!(out, "{path}: ok: {}", summary(loaded))
        }
        Err(OpenError::Invalid { origin, problems }) => {
            problems.iter().try_for_each(|problem| writeln!(out, "{}", problem.in_file(&origin.path)))
        }
        Err(error) => writeln!(out, "{error}"),
    }
}

/// Whom the daemon would ask: `3 peers and the local node 127.0.0.1:8080`.
fn summary(Loaded { config, .. }: &Loaded) -> String {
    let peers = match config.fanout.peers.len() {
        1 => "1 peer".to_owned(),
        count => format!("{count} peers"),
    };
    match &config.local.node {
        Some(node) => format!("{peers} and the local node {}", escape(&node.name)),
        None => format!("{peers}, no local node"),
    }
}

fn describe(outcome: &Outcome, print: bool) -> Json {
    match outcome {
        Ok(Candidate { loaded, source, .. }) => {
            let mut report = verdict(source.as_ref().map(|source| source.path.as_path()), &[]);
            if print {
                report["effective"] = effective(&loaded.config);
                report["origins"] = json!(loaded.origins);
            }
            report
        }
        Err(OpenError::Invalid { origin, problems }) => verdict(Some(&origin.path), problems),
        Err(error) => {
            let mut report = verdict(named(error), &[]);
            report["valid"] = false.into();
            report["error"] = error.to_string().into();
            report
        }
    }
}

/// The one file that was meant, if there was one.
fn named(error: &OpenError) -> Option<&Path> {
    match error {
        OpenError::Unreadable(error) => Some(&error.path),
        OpenError::NotFound(error) => error.named_by.and_then(|_| error.searched.first()).map(PathBuf::as_path),
        OpenError::Invalid { origin, .. } => Some(&origin.path),
    }
}

/// `path` is lossy where it is not UTF-8, for JSON can't hold it; null when there is none.
fn verdict(path: Option<&Path>, problems: &[Problem]) -> Json {
    let path = path.map(|path| path.to_string_lossy());
    json!({ "path": path, "valid": problems.is_empty(), "problems": problems })
}
