use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::cli::view::verdict::{Pending, Problem};

/// The answer to `status` on the control socket: introspection (SPEC §6) and the process around it.
#[derive(Clone, Debug, Deserialize)]
pub struct Status {
    pub(super) version: String,
    pub(super) pid: u32,
    pub(super) uptime_s: u64,
    pub(super) listen: String,
    #[serde(default)]
    pub(super) draining: bool,
    pub(super) generation: u64,
    pub(super) source: Option<Source>,
    pub(super) loaded_at: Timestamp,
    pub(super) last_attempt: Attempt,
    pub(super) counts: Counts,
    #[serde(default)]
    pub(super) pending_restart: Vec<Pending>,
    pub(super) watch: Option<Watch>,
    /// The node on this host, where no entry is known to be it.
    pub(super) local: Option<Peer>,
    #[serde(default)]
    pub(super) peers: Vec<Peer>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Source {
    pub(super) path: String,
    pub(super) found_by: String,
    pub(super) sha256: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Attempt {
    pub(super) at: Timestamp,
    pub(super) trigger: String,
    pub(super) ok: bool,
    #[serde(default)]
    pub(super) errors: Vec<Problem>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Counts {
    pub(super) applied: u64,
    pub(super) rejected: u64,
    pub(super) unchanged: u64,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Watch {
    pub(super) mode: String,
    #[serde(default)]
    pub(super) paths: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Peer {
    pub(super) entry: String,
    pub(super) role: String,
    /// Why it has that role.
    #[serde(default)]
    pub(super) why: String,
    pub(super) breaker: String,
    #[serde(default)]
    pub(super) consecutive_failures: u32,
    pub(super) last_success: Option<Timestamp>,
    pub(super) last_error: Option<LastError>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct LastError {
    pub(super) at: Timestamp,
    pub(super) reason: String,
    pub(super) message: String,
}

/// The answer is not one to `status`.
#[derive(Debug, thiserror::Error)]
#[error("the daemon's answer is no status: {0}")]
pub struct NoStatus(#[from] serde_json::Error);

impl Status {
    /// Reads a daemon's answer; fields that this version does not know are skipped.
    ///
    /// # Errors
    /// It is not of this form.
    pub fn parse(answer: &Value) -> Result<Self, NoStatus> {
        Ok(Self::deserialize(answer)?)
    }
}
