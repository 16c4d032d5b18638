//! Who everyone is (SPEC §3, "Who is self"): every entry and the local node are asked once for their `node_id`.

use std::sync::Arc;

use async_std::{future::timeout, task};
use futures_util::future::{join, join_all};
use serde_json::Value;

use super::{
    caller::Caller,
    failure::{Failure, Reason},
    local::parse_cluster,
    query::CLUSTER_PATH,
    snapshot::Snapshot,
    wire::Deadline,
};
use crate::peers::{Identity, NodeState, Peer, resolve};

/// A cluster answer of a real node is a few kilobytes.
const CLUSTER_BODY_CAP: u64 = 1 << 20;

/// Asks all that are not known yet. Waits for those never asked before, but no longer than a connection may take, so
/// that a node that hangs costs a request little and only once; the others' answers are noted when they come.
pub(crate) async fn identify(snapshot: &Arc<Snapshot>, caller: &Arc<Caller>, deadline: Deadline) {
    let mut awaited = Vec::new();
    if let Some(local) = &snapshot.local {
        let (asking, local) = (Asking::new(snapshot, caller, deadline), Arc::clone(local));
        let first = local.state.get().identity;
        if !first.is_settled() {
            let handle = task::spawn(async move { asking.local(&local).await });
            awaited.extend((first == Identity::Unasked).then_some(handle));
        }
    }
    for peer in &snapshot.peers {
        let memory = peer.state.get();
        if !memory.identity.is_settled() && !memory.breaker.is_open() {
            let (asking, peer) = (Asking::new(snapshot, caller, deadline), Arc::clone(peer));
            let handle = task::spawn(async move { asking.peer(&peer).await });
            awaited.extend((memory.identity == Identity::Unasked).then_some(handle));
        }
    }
    let patience = snapshot.config.fanout.connect_timeout.min(deadline.remaining());
    if !awaited.is_empty() && timeout(patience, join_all(awaited)).await.is_err() {
        let local = snapshot.local.iter().map(|local| &local.state);
        snapshot.peers.iter().map(|peer| &peer.state).chain(local).for_each(stop_waiting);
    }
}

fn stop_waiting(state: &NodeState) {
    state.update(|memory| {
        if memory.identity == Identity::Unasked {
            memory.identity = Identity::Unanswered;
        }
    });
}

struct Asking {
    snapshot: Arc<Snapshot>,
    caller: Arc<Caller>,
    deadline: Deadline,
}

impl Asking {
    fn new(snapshot: &Arc<Snapshot>, caller: &Arc<Caller>, deadline: Deadline) -> Self {
        Self { snapshot: Arc::clone(snapshot), caller: Arc::clone(caller), deadline }
    }

    async fn peer(&self, peer: &Peer) {
        let wire = self.snapshot.wire.capped(CLUSTER_BODY_CAP);
        let ask = async {
            let reply = wire.get(&peer.entry.url, CLUSTER_PATH, None, &self.caller, self.deadline).await?;
            parse_cluster(&reply)
        };
        let lookup = resolve(&peer.entry.url, self.snapshot.config.fanout.connect_timeout);
        let (addresses, answer) = join(lookup, ask).await;
        note(&peer.state, addresses, &answer);
    }

    async fn local(&self, local: &super::LocalNode) {
        let lookup = async {
            match &local.url {
                Some(url) => resolve(url, self.snapshot.config.fanout.connect_timeout).await,
                None => Vec::new(),
            }
        };
        let (addresses, answer) = join(lookup, local.source.cluster(&self.caller, self.deadline)).await;
        note(&local.state, addresses, &answer);
    }
}

fn note(state: &NodeState, addresses: Vec<std::net::SocketAddr>, answer: &Result<Value, Failure>) {
    state.update(|memory| {
        if !addresses.is_empty() {
            memory.addresses = addresses;
        }
        // An answer of the matrix may meanwhile have shown the entry to be this process.
        if !memory.identity.is_settled() {
            memory.identity = identity_of(answer);
        }
    });
}

fn identity_of(answer: &Result<Value, Failure>) -> Identity {
    match answer {
        Ok(cluster) => match cluster.get("node_id").and_then(Value::as_str) {
            Some(id) if !id.is_empty() => Identity::Known(id.to_owned()),
            _ => Identity::Anonymous,
        },
        Err(failure) if failure.ourselves => Identity::Ourselves,
        // Something answers there that is no node with an id; asking it again would not change that.
        Err(Failure { reason: Reason::Decode | Reason::TooLarge, .. } | Failure { status: Some(404), .. }) => {
            Identity::Anonymous
        }
        Err(_) => Identity::Unanswered,
    }
}
