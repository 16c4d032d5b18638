//! What runs, where each value is from, and how each peer is doing (SPEC §6).

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tide::{Request, Response, StatusCode};
use url::Url;

use super::{
    ApiError, State, auth,
    error::ErrorCode,
    gate,
    history::{Attempt, Counts, Watching},
    json,
    service::Standing,
};
use crate::{
    config::{Effective, Origin, Pending, Source, effective, of_each_key},
    fanout::Snapshot,
    peers::{Assignment, LastError, Memory, Position, Role},
};

/// What runs, as of one moment: `/admin/api/v1/keyviz/config`, and most of what `status` prints.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Introspection {
    /// Counts the configurations that were applied, 1 at the start.
    generation: u64,
    /// The file; null where the process made the configuration itself.
    source: Option<Source>,
    loaded_at: Timestamp,
    last_attempt: Arc<Attempt>,
    counts: Counts,
    #[schemars(with = "Effective")]
    effective: Value,
    #[schemars(schema_with = "of_each_key::<Origin>")]
    origins: BTreeMap<&'static str, Origin>,
    pending_restart: Vec<Pending>,
    /// Null where nothing is watched.
    watch: Option<Arc<Watching>>,
    peers: Vec<PeerView>,
}

/// An entry of the list of peers, and how it is doing.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Peer")]
pub(super) struct PeerView {
    /// As written in the file.
    entry: String,
    url: String,
    role: Role,
    /// Why it has that role.
    why: String,
    /// What it resolves to, as far as that is known.
    addresses: Vec<String>,
    breaker: Position,
    /// Failures in a row to reach it.
    consecutive_failures: u32,
    last_success: Option<Timestamp>,
    last_error: Option<LastError>,
}

pub(super) async fn config(request: Request<State>) -> Result<Response, ApiError> {
    let standing = gate::standing(&request);
    auth::permit(&request, &standing.active).await?;
    let body = serde_json::to_vec(&Introspection::of(&standing));
    Ok(json(StatusCode::Ok, body.map_err(|error| ApiError::new(500, ErrorCode::Internal, error.to_string()))?))
}

impl Introspection {
    fn of(standing: &Standing) -> Self {
        Self::with_unlisted(standing).0
    }

    /// With the node on this host where no entry of the list is known to be it: both by one look at who is who, so that it
    /// is in one of them.
    pub(super) fn with_unlisted(Standing { active, history, watching }: &Standing) -> (Self, Option<PeerView>) {
        let snapshot = &active.snapshot;
        // Before the look at who is who: what that misses is not known either.
        let is_settled = snapshot.is_settled();
        let cast = snapshot.cast();
        let unlisted = unlisted(snapshot, &cast, is_settled);
        let introspection = Self {
            generation: snapshot.generation,
            source: active.source.clone(),
            loaded_at: active.loaded_at,
            last_attempt: Arc::clone(&history.last),
            counts: history.counts,
            effective: effective(&active.loaded.config),
            origins: active.loaded.origins.clone(),
            pending_restart: active.pending.clone(),
            watch: watching.clone(),
            peers: peers(snapshot, cast),
        };
        (introspection, unlisted)
    }
}

fn peers(snapshot: &Snapshot, cast: Vec<Assignment>) -> Vec<PeerView> {
    let view = snapshot.peers.iter().zip(cast).map(|(peer, assigned)| {
        // The local source is called in place of an entry that is this node, so what is known of it is known there.
        let own = snapshot.local.as_ref().filter(|_| assigned.role == Role::Own);
        let memory = own.map_or(&peer.state, |local| &*local.state).get();
        PeerView::new(peer.entry.entry.clone(), Some(&peer.entry.url), assigned, memory)
    });
    view.collect()
}

fn unlisted(snapshot: &Snapshot, cast: &[Assignment], is_settled: bool) -> Option<PeerView> {
    let local = snapshot.local.as_ref()?;
    if cast.iter().any(|assigned| assigned.role == Role::Own) {
        return None;
    }
    let known = if is_settled { "is it" } else { "is known to be it yet" };
    let assigned = Assignment { role: Role::Own, why: format!("no entry of fanout.peers {known}"), original: None };
    Some(PeerView::new(local.source.name().to_owned(), local.url.as_ref(), assigned, local.state.get()))
}

impl PeerView {
    fn new(entry: String, url: Option<&Url>, Assignment { role, why, .. }: Assignment, memory: Memory) -> Self {
        Self {
            entry,
            url: url.map_or_else(String::new, |url| url.as_str().trim_end_matches('/').to_owned()),
            role,
            why,
            addresses: memory.addresses.iter().map(|at| at.ip().to_string()).collect(),
            breaker: memory.breaker.position(),
            consecutive_failures: memory.breaker.failures(),
            last_success: memory.last_success,
            last_error: memory.last_error,
        }
    }
}
