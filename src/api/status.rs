//! The process seen from its host: `keyviz-fanout status`, and the line that systemd shows.

use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Service,
    introspect::{Introspection, PeerView},
    service::{Active, Standing},
};

/// What `status` prints: introspection, and what only this host has to know.
#[derive(Serialize)]
pub(crate) struct Status {
    version: &'static str,
    pid: u32,
    instance: String,
    started_at: Timestamp,
    uptime_s: i64,
    /// Where the process really listens.
    listen: String,
    draining: bool,
    /// The node on this host, where no entry of the list is known to be it.
    local: Option<PeerView>,
    #[serde(flatten)]
    running: Introspection,
}

impl Status {
    /// As of now.
    pub(crate) fn now(service: &Service) -> Self {
        let standing = service.standing();
        let snapshot = &standing.active.snapshot;
        let (running, local) = Introspection::with_unlisted(&standing);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            instance: service.fanout.instance().to_owned(),
            started_at: service.started_at,
            uptime_s: Timestamp::now().duration_since(service.started_at).as_secs(),
            listen: snapshot.listen.unwrap_or(snapshot.config.server.listen).to_string(),
            draining: service.is_draining(),
            local,
            running,
        }
    }
}

/// One line for `systemctl status`: the generation, how the peers are, and what keeps the last edit from being taken.
pub(crate) fn line(service: &Service) -> String {
    let standing = service.standing();
    let Standing { active, history, .. } = &*standing;
    let mut line = format!("generation {}, {}", active.snapshot.generation, peers(active));
    if let Some(reason) = active.snapshot.local.as_ref().and_then(|local| local.state.get().failing) {
        let _ = write!(line, "; the node on this host fails ({reason})");
    }
    if !active.pending.is_empty() {
        let keys: Vec<_> = active.pending.iter().map(|pending| pending.key).collect();
        let _ = write!(line, "; waits for a restart: {}", keys.join(", "));
    }
    let last = &history.last;
    if !last.ok {
        let path = active.source.as_ref().map_or_else(String::new, |source| source.path.display().to_string());
        let first = last.errors.first().map_or_else(String::new, |error| error.in_file(&path));
        let more = last.errors.len().saturating_sub(1);
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        let _ = write!(line, "; last edit REFUSED: {first}{more}");
    }
    line
}

/// How many answered when they were last asked; what to do where there are none.
fn peers(active: &Active) -> String {
    let snapshot = &active.snapshot;
    if snapshot.peers.is_empty() {
        return match &active.source {
            Some(source) => format!("no peers yet: name them in fanout.peers of {}", source.path.display()),
            None => "no peers".into(),
        };
    }
    let states: Vec<_> = snapshot.others().iter().map(|peer| peer.state.get()).collect();
    let all = states.len();
    let ok = states.iter().filter(|memory| memory.is_ok()).count();
    let peers = if all == 1 { "peer" } else { "peers" };
    match states.iter().filter(|memory| memory.is_unasked()).count() {
        0 => format!("{ok} of {all} {peers} ok"),
        unasked if unasked == all => format!("{all} {peers}, none asked yet"),
        unasked => format!("{ok} of {all} {peers} ok, {unasked} not asked yet"),
    }
}
