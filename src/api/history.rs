//! What became of the attempts to change the configuration (SPEC §6).

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    config::{OpenError, Problem},
    watch::Mode,
};

/// What made the daemon look at its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Trigger {
    /// The process began.
    Start,
    /// The system told of a change.
    Watch,
    /// The regular look at the file found one.
    Poll,
    /// SIGHUP.
    Signal,
    /// Somebody asked: the control socket, or the program that the service is part of.
    Control,
}

impl Trigger {
    /// The word of SPEC §6.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Watch => "watch",
            Self::Poll => "poll",
            Self::Signal => "signal",
            Self::Control => "control",
        }
    }
}

/// The last time that the file was found to be another, or that somebody asked for it to be looked at.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Attempt {
    at: Timestamp,
    trigger: Trigger,
    pub(crate) ok: bool,
    /// Of the file's bytes; none where it could not be read.
    sha256: Option<String>,
    pub(crate) errors: Vec<Fault>,
}

/// Why an attempt was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Fault {
    /// None where it is the file as a whole, such as one that is not there.
    line: Option<usize>,
    column: Option<usize>,
    key: String,
    message: String,
}

impl Fault {
    fn whole(message: String) -> Self {
        Self { line: None, column: None, key: String::new(), message }
    }

    /// `path:line:column: key: message`; for a file as a whole the message alone, which names it.
    pub(crate) fn in_file(&self, path: &str) -> String {
        let Self { line, column, key, message } = self;
        match (*line, *column) {
            (Some(line), Some(column)) => {
                let problem = Problem { line, column, key: key.clone(), message: message.clone() };
                problem.in_file(path.as_ref()).to_string()
            }
            _ => message.clone(),
        }
    }
}

impl From<Problem> for Fault {
    fn from(Problem { line, column, key, message }: Problem) -> Self {
        Self { line: Some(line), column: Some(column), key, message }
    }
}

/// Most faults of an attempt that are kept; `check` prints all.
const KEPT_MAX: usize = 100;

/// The faults of a file that was refused.
pub(crate) fn faults(error: OpenError) -> Vec<Fault> {
    match error {
        OpenError::Invalid { mut problems, .. } => {
            let more = problems.len().saturating_sub(KEPT_MAX);
            problems.truncate(KEPT_MAX);
            let more = (more > 0).then(|| Fault::whole(format!("and {more} more, which `keyviz-fanout check` prints")));
            problems.into_iter().map(Fault::from).chain(more).collect()
        }
        whole => vec![Fault::whole(whole.to_string())],
    }
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Applied,
    Unchanged,
    Rejected,
}

impl Verdict {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Rejected => "rejected",
        }
    }
}

/// How changes of the file and of what it names are noticed.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Watching {
    pub(crate) mode: Mode,
    /// What is followed: the files, and each symlink on the way to them.
    pub(crate) paths: Vec<String>,
}

/// How many attempts came to what.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Counts {
    applied: u64,
    rejected: u64,
    unchanged: u64,
}

impl Counts {
    fn with(self, verdict: Verdict) -> Self {
        match verdict {
            Verdict::Applied => Self { applied: self.applied + 1, ..self },
            Verdict::Unchanged => Self { unchanged: self.unchanged + 1, ..self },
            Verdict::Rejected => Self { rejected: self.rejected + 1, ..self },
        }
    }
}

/// The attempts so far, as of one moment.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) last: Arc<Attempt>,
    pub(crate) counts: Counts,
}

impl History {
    /// Begins with the configuration that the process started with.
    pub(super) fn new(at: Timestamp, sha256: Option<String>) -> Self {
        let last = Attempt { at, trigger: Trigger::Start, ok: true, sha256, errors: Vec::new() };
        Self { last: Arc::new(last), counts: Counts::default().with(Verdict::Applied) }
    }

    /// With one more attempt, the last one now.
    pub(super) fn and(&self, trigger: Trigger, verdict: Verdict, sha256: Option<String>, errors: Vec<Fault>) -> Self {
        let ok = verdict != Verdict::Rejected;
        let last = Attempt { at: Timestamp::now(), trigger, ok, sha256, errors };
        Self { last: Arc::new(last), counts: self.counts.with(verdict) }
    }

    /// With one more attempt that told nothing new: the last one is the one before.
    pub(super) fn and_nothing_new(&self) -> Self {
        Self { last: Arc::clone(&self.last), counts: self.counts.with(Verdict::Unchanged) }
    }
}
