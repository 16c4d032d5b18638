//! Who everyone is (SPEC §3, "Who is self"): every entry and the local node are asked once for their `node_id`.

use std::sync::Arc;

use async_lock::Semaphore;
use async_std::{future::timeout, task};
use futures_util::future::{OptionFuture, join, join_all};
use serde_json::Value;
use url::Url;

use super::{
    caller::Caller,
    failure::{Failure, Reason},
    local::parse_cluster,
    query::CLUSTER_PATH,
    snapshot::{LocalNode, Snapshot},
    wire::Deadline,
};
use crate::peers::{Identity, NodeState, Peer, resolve};

/// A cluster answer of a real node is a few kilobytes.
const CLUSTER_BODY_CAP: u64 = 1 << 20;

/// Asks all that are not known yet, at most `fanout.max_concurrent` at once. Waits for those never asked before, but no
/// longer than a connection may take, so that a node that hangs costs a request little and only once; the others'
/// answers are noted when they come.
pub(crate) async fn identify(snapshot: &Arc<Snapshot>, caller: &Arc<Caller>, deadline: Deadline) {
    let asking = Arc::new(Asking {
        snapshot: Arc::clone(snapshot),
        caller: Arc::clone(caller),
        deadline,
        turns: Semaphore::new(snapshot.config.fanout.max_concurrent),
    });
    let mut asked = Vec::new();
    if let Some(local) = &snapshot.local {
        let identity = local.state.get().identity;
        if !identity.is_settled() {
            let (asking, node) = (Arc::clone(&asking), Arc::clone(local));
            asked.push((identity, &local.state, task::spawn(async move { asking.local(&node).await })));
        }
    }
    for peer in &snapshot.peers {
        let memory = peer.state.get();
        if !memory.identity.is_settled() && !memory.breaker.is_open() {
            let (asking, node) = (Arc::clone(&asking), Arc::clone(peer));
            asked.push((memory.identity, &peer.state, task::spawn(async move { asking.peer(&node).await })));
        }
    }
    let patience = snapshot.config.fanout.connect_timeout.min(deadline.remaining());
    let first_time = asked.into_iter().filter(|(identity, ..)| *identity == Identity::Unasked);
    let waits = first_time.map(async |(_, state, answer)| {
        if timeout(patience, answer).await.is_err() {
            stop_waiting(state);
        }
    });
    join_all(waits).await;
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
    turns: Semaphore,
}

impl Asking {
    async fn peer(&self, peer: &Peer) {
        let wire = self.snapshot.wire.capped(CLUSTER_BODY_CAP);
        let ask = async {
            let Ok(_turn) = timeout(self.deadline.remaining(), self.turns.acquire()).await else {
                return Err(Failure::new(Reason::Overload, "deadline passed while waiting for a turn"));
            };
            let reply = wire.get(&peer.entry.url, CLUSTER_PATH, None, &self.caller, self.deadline).await?;
            parse_cluster(&reply)
        };
        join(self.look_up(&peer.entry.url, &peer.state), note(&peer.state, ask)).await;
    }

    async fn local(&self, local: &LocalNode) {
        let look_up = OptionFuture::from(local.url.as_ref().map(|url| self.look_up(url, &local.state)));
        join(look_up, note(&local.state, local.source.cluster(&self.caller, self.deadline))).await;
    }

    /// Notes the addresses by themselves: they decide while the id is not to be had.
    async fn look_up(&self, url: &Url, state: &NodeState) {
        let addresses = resolve(url, self.snapshot.config.fanout.connect_timeout).await;
        if !addresses.is_empty() {
            state.update(|memory| memory.addresses = addresses);
        }
    }
}

async fn note(state: &NodeState, answer: impl Future<Output = Result<Value, Failure>>) {
    let identity = identity_of(&answer.await);
    state.update(|memory| {
        // An answer of the matrix may meanwhile have shown the entry to be this process.
        if !memory.identity.is_settled() {
            memory.identity = identity;
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
        // It kept the caller waiting, and would do so again.
        Err(Failure { reason: Reason::Deadline | Reason::Connect | Reason::Dns | Reason::Overload, .. }) => {
            Identity::Unanswered
        }
        // Another session, or another moment, may have more luck.
        Err(_) => Identity::Unasked,
    }
}
