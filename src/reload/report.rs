use std::time::Instant;

use serde::Serialize;

use crate::{
    api::{
        Applied, Service, Trigger,
        history::{Fault, Verdict},
    },
    config::Pending,
    text::escape,
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
    /// Where nothing was new: the edit that is in, so that whoever made it sees that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) taken: Option<Taken>,
}

/// The last edit that was applied.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Taken {
    #[serde(skip)]
    at: Instant,
    /// Between then and the answer.
    ago_ms: u64,
    trigger: Trigger,
    changes: Vec<String>,
}

impl Taken {
    /// At this moment.
    pub(super) fn now(trigger: Trigger, changes: Vec<String>) -> Self {
        Self { at: Instant::now(), ago_ms: 0, trigger, changes }
    }

    /// As it looks now.
    pub(super) fn seen_now(&self) -> Self {
        Self { ago_ms: u64::try_from(self.at.elapsed().as_millis()).unwrap_or(u64::MAX), ..self.clone() }
    }
}

/// What an edit changed, in words, key by key.
pub(super) fn told(Applied { changes, contents, .. }: &Applied) -> Vec<String> {
    let contents = contents.iter().map(|key| format!("{key}: the file holds something else"));
    changes.iter().map(ToString::to_string).chain(contents).collect()
}

impl Report {
    /// Nothing new: `service` runs what it runs.
    pub(super) fn nothing(service: &Service, path: String) -> Self {
        let (generation, pending_restart) = service.running();
        Self {
            result: Verdict::Unchanged,
            generation,
            path,
            changes: Vec::new(),
            pending_restart,
            errors: Vec::new(),
            taken: None,
        }
    }

    /// One line, however many problems or changes there are, and whatever stands in them. What is wrong with an edit is
    /// said once, and not again where it was `seen_before`.
    pub(super) fn log(&self, trigger: Trigger, seen_before: bool) {
        let Self { generation, path, .. } = self;
        let trigger = trigger.as_str();
        let pending = self.pending_restart.iter().map(|Pending { key, running, on_disk }| {
            format!("{key} waits for a restart, running {running}, on disk {on_disk}")
        });
        match self.result {
            Verdict::Applied => {
                let told: Vec<_> = self.changes.iter().cloned().chain(pending).collect();
                let told = if told.is_empty() { "no key has another value".into() } else { told.join("; ") };
                log::info!("configuration applied ({trigger}), generation {generation}: {}", escape(&told));
            }
            Verdict::Unchanged => {
                let told: Vec<_> = std::iter::once(format!("{path} is as it was taken")).chain(pending).collect();
                let told = told.join("; ");
                log::info!("configuration unchanged ({trigger}), generation {generation}: {}", escape(&told));
            }
            Verdict::Rejected if seen_before => {
                log::info!("configuration refused ({trigger}) as before, generation {generation} still runs");
            }
            Verdict::Rejected => {
                let problems = self.errors.iter().take(LOGGED_MAX).map(|error| error.in_file(path));
                let problems = problems.collect::<Vec<_>>().join("; ");
                let more = self.errors.len().saturating_sub(LOGGED_MAX);
                let more = if more > 0 { format!("; and {more} more") } else { String::new() };
                let problems = escape(&problems);
                log::error!("configuration refused ({trigger}), generation {generation} still runs: {problems}{more}");
            }
        }
    }
}
