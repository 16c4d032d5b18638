use serde::Serialize;

use crate::{
    api::{
        Applied, Trigger,
        history::{Fault, Verdict},
    },
    config::Pending,
};

/// Most problems that one line of the log repeats; introspection has all.
const LOGGED_MAX: usize = 8;

/// What an attempt came to, for the log and for whoever asked for it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) result: Verdict,
    /// What runs now.
    pub(crate) generation: u64,
    pub(crate) path: String,
    /// In words, key by key.
    pub(crate) changes: Vec<String>,
    pub(crate) pending_restart: Vec<Pending>,
    pub(crate) errors: Vec<Fault>,
}

impl Report {
    /// Nothing new, under `generation`.
    pub(super) fn nothing(generation: u64, path: String) -> Self {
        let (changes, pending_restart, errors) = (Vec::new(), Vec::new(), Vec::new());
        Self { result: Verdict::Unchanged, generation, path, changes, pending_restart, errors }
    }

    pub(super) fn applied(applied: Applied, path: &str) -> Self {
        let Applied { generation, changes, contents, pending } = applied;
        let contents = contents.into_iter().map(|key| format!("{key}: the file holds something else"));
        let changes = changes.iter().map(ToString::to_string).chain(contents).collect();
        let nothing = Self::nothing(generation, path.to_owned());
        Self { result: Verdict::Applied, changes, pending_restart: pending, ..nothing }
    }

    /// One line, however many problems or changes there are.
    pub(super) fn log(&self, trigger: Trigger) {
        let Self { generation, path, .. } = self;
        let trigger = trigger.as_str();
        match self.result {
            Verdict::Applied => {
                log::info!("configuration applied ({trigger}), generation {generation}: {}", self.changed());
            }
            Verdict::Unchanged => {
                log::info!("configuration unchanged ({trigger}), generation {generation}: {path} holds what runs");
            }
            Verdict::Rejected => {
                let problems = self.errors.iter().take(LOGGED_MAX).map(|error| error.in_file(path));
                let problems = problems.collect::<Vec<_>>().join("; ");
                let more = self.errors.len().saturating_sub(LOGGED_MAX);
                let more = if more > 0 { format!("; and {more} more") } else { String::new() };
                log::error!("configuration refused ({trigger}), generation {generation} still runs: {problems}{more}");
            }
        }
    }

    fn changed(&self) -> String {
        let pending = self.pending_restart.iter().map(|Pending { key, running, on_disk }| {
            format!("{key} waits for a restart, running {running}, on disk {on_disk}")
        });
        let all: Vec<_> = self.changes.iter().cloned().chain(pending).collect();
        if all.is_empty() { "no key has another value".into() } else { all.join("; ") }
    }
}
