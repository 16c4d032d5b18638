//! What became of a reload.

use std::{io, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use super::text;
use crate::text::escape;

/// The answer to `reload` on the control socket.
#[derive(Clone, Debug, Deserialize)]
pub struct Verdict {
    result: Outcome,
    generation: u64,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    changes: Vec<String>,
    #[serde(default)]
    pending_restart: Vec<Pending>,
    #[serde(default)]
    errors: Vec<Problem>,
    taken: Option<Taken>,
}

/// The edit that runs, where the daemon took it by itself just before it was asked.
#[derive(Clone, Debug, Deserialize)]
struct Taken {
    ago_ms: u64,
    trigger: String,
    changes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Applied,
    Unchanged,
    Rejected,
}

/// A key that is on disk otherwise than it runs, and that takes a restart.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Pending {
    pub(super) key: String,
    #[serde(default)]
    running: Value,
    #[serde(default)]
    on_disk: Value,
}

impl Pending {
    /// `running "…", on disk "…"`.
    pub(super) fn difference(&self) -> String {
        let [running, on_disk] = [&self.running, &self.on_disk].map(Value::to_string);
        format!("running {}, on disk {}", escape(&running), escape(&on_disk))
    }
}

/// What is wrong with the file; without a place where it is not of one line.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Problem {
    #[serde(default)]
    line: Option<u64>,
    #[serde(default)]
    column: Option<u64>,
    #[serde(default)]
    key: Option<String>,
    message: String,
}

impl Problem {
    /// `path:line:column: key: message`, as far as they are known.
    pub(super) fn in_file(&self, path: Option<&str>) -> String {
        let numbers = [self.line, self.column].into_iter().flatten().map(|number| number.to_string());
        let place = path.map(str::to_owned).into_iter().chain(numbers).collect::<Vec<_>>().join(":");
        let key = self.key.as_deref().filter(|key| !key.is_empty());
        // A problem with a place and no key is one of the syntax, as `check` says it too.
        let key = key.or(self.line.map(|_| "syntax")).unwrap_or_default();
        let parts = [&place, key, &self.message].into_iter().filter(|part| !part.is_empty());
        let parts: Vec<_> = parts.map(escape).collect();
        parts.join(": ")
    }
}

/// The answer is not one to `reload`.
#[derive(Debug, thiserror::Error)]
#[error("the daemon's answer is no verdict on a reload: {0}")]
pub struct NoVerdict(#[from] serde_json::Error);

impl Verdict {
    /// Reads a daemon's answer.
    ///
    /// # Errors
    /// It is not of this form.
    pub fn parse(answer: &Value) -> Result<Self, NoVerdict> {
        Ok(Self::deserialize(answer)?)
    }

    /// Whether the file was refused, and what ran still runs.
    pub fn is_refused(&self) -> bool {
        self.result == Outcome::Rejected
    }

    /// Writes the verdict and its reasons.
    pub fn render(&self, out: &mut impl io::Write) -> io::Result<()> {
        let Self { generation, path, .. } = self;
        let path = path.as_deref();
        let file = escape(path.unwrap_or("the file"));
        match self.result {
            Outcome::Applied => {
                writeln!(out, "applied, generation {generation}")?;
                list(&self.changes, out)?;
            }
            Outcome::Unchanged if self.pending_restart.is_empty() => {
                writeln!(out, "unchanged: {file} holds what runs, generation {generation}")?;
            }
            Outcome::Unchanged => {
                writeln!(
                    out,
                    "unchanged: generation {generation} runs, and nothing new in {file} can be applied live"
                )?;
            }
            Outcome::Rejected => {
                self.errors.iter().try_for_each(|problem| writeln!(out, "{}", problem.in_file(path)))?;
                writeln!(out, "refused; generation {generation} still runs")?;
            }
        }
        if let Some(Taken { ago_ms, trigger, changes }) = &self.taken {
            let (ago, trigger) = (text::brief(Duration::from_millis(*ago_ms)), text::trigger(trigger));
            let what = if changes.is_empty() { "; no key has another value" } else { ":" };
            writeln!(out, "the edit that runs was taken {ago} ago, by {}{what}", escape(trigger))?;
            list(changes, out)?;
        }
        self.pending_restart.iter().try_for_each(|pending| {
            writeln!(out, "waits for a restart: {} {}", escape(&pending.key), pending.difference())
        })
    }
}

fn list(changes: &[String], out: &mut impl io::Write) -> io::Result<()> {
    changes.iter().try_for_each(|change| writeln!(out, "  {}", escape(change)))
}
