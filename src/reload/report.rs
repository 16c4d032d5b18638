use std::time::{Duration, Instant};

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

/// How long whoever reloads after an edit is told that it was taken before.
const JUST_BEFORE: Duration = Duration::from_mins(1);

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
    /// Where nothing was new since the file was last looked at, just before: the edit that was taken then, so that
    /// whoever made it sees that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) taken: Option<Taken>,
}

/// The edit that runs.
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

    /// As it looks `now`, where nobody had asked for it and it was taken just before.
    pub(super) fn just_before(&self, now: Instant) -> Option<Self> {
        let ago = now.duration_since(self.at);
        let is_news = matches!(self.trigger, Trigger::Watch | Trigger::Poll) && ago <= JUST_BEFORE;
        is_news.then(|| Self { ago_ms: u64::try_from(ago.as_millis()).unwrap_or(u64::MAX), ..self.clone() })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_is_news_for_a_minute_where_nobody_asked_for_it() {
        let told = |trigger, seconds| {
            let taken = Taken::now(trigger, Vec::new());
            taken.just_before(taken.at + Duration::from_secs(seconds)).map(|taken| taken.ago_ms)
        };
        assert_eq!((told(Trigger::Watch, 59), told(Trigger::Poll, 60)), (Some(59_000), Some(60_000)));
        assert_eq!((told(Trigger::Watch, 61), told(Trigger::Poll, 86_400)), (None, None));
        assert_eq!((told(Trigger::Control, 1), told(Trigger::Signal, 1)), (None, None));
    }
}
