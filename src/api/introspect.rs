//! What runs, where each value is from, and how each peer is doing (SPEC §6).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tide::{Request, Response, StatusCode};

use super::{ApiError, State, auth, gate, json, service::Active};
use crate::{
    config::{Origin, Problem, Source, effective},
    peers::{LastError, Role},
};

/// `/admin/api/v1/keyviz/config`.
#[derive(Serialize)]
struct Introspection<'a> {
    generation: u64,
    source: Option<&'a Source>,
    loaded_at: Timestamp,
    last_attempt: Attempt<'a>,
    counts: Counts,
    effective: Value,
    origins: &'a BTreeMap<&'static str, Origin>,
    peers: Vec<PeerView>,
}

/// The last time the file was looked at.
#[derive(Serialize)]
struct Attempt<'a> {
    at: Timestamp,
    trigger: &'static str,
    ok: bool,
    sha256: Option<&'a str>,
    errors: [Problem; 0],
}

/// What became of the attempts.
#[derive(Serialize)]
struct Counts {
    applied: u64,
    rejected: u64,
    unchanged: u64,
}

#[derive(Serialize)]
struct PeerView {
    entry: String,
    url: String,
    role: Role,
    why: String,
    addresses: Vec<String>,
    breaker: &'static str,
    consecutive_failures: u32,
    last_success: Option<Timestamp>,
    last_error: Option<LastError>,
}

pub(super) async fn config(request: Request<State>) -> Result<Response, ApiError> {
    let active = gate::active(&request);
    auth::permit(&request, &active).await?;
    let body = serde_json::to_vec(&Introspection::of(&active));
    Ok(json(StatusCode::Ok, body.map_err(|error| ApiError::new(500, "internal", error.to_string()))?))
}

impl<'a> Introspection<'a> {
    fn of(active: &'a Active) -> Self {
        Self {
            generation: active.snapshot.generation,
            source: active.source.as_ref(),
            loaded_at: active.loaded_at,
            last_attempt: Attempt {
                at: active.loaded_at,
                trigger: "start",
                ok: true,
                sha256: active.source.as_ref().map(|source| source.sha256.as_str()),
                errors: [],
            },
            counts: Counts { applied: 1, rejected: 0, unchanged: 0 },
            effective: effective(&active.loaded.config),
            origins: &active.loaded.origins,
            peers: peers(active),
        }
    }
}

fn peers(active: &Active) -> Vec<PeerView> {
    let cast = active.snapshot.cast();
    let view = active.snapshot.peers.iter().zip(cast).map(|(peer, assigned)| {
        // The local source is called in place of an entry that is this node, so what is known of it is known there.
        let own = active.snapshot.local.as_ref().filter(|_| assigned.role == Role::Own);
        let memory = own.map_or(&peer.state, |local| &local.state).get();
        PeerView {
            entry: peer.entry.entry.clone(),
            url: peer.entry.url.as_str().trim_end_matches('/').to_owned(),
            role: assigned.role,
            why: assigned.why,
            addresses: memory.addresses.iter().map(|at| at.ip().to_string()).collect(),
            breaker: memory.breaker.position().as_str(),
            consecutive_failures: memory.breaker.failures(),
            last_success: memory.last_success,
            last_error: memory.last_error,
        }
    });
    view.collect()
}
