//! All calls of one fan-out, at once.

use std::sync::Arc;

use async_std::task::{self, JoinHandle};
use futures_util::future::{OptionFuture, join_all};

use super::{
    call::{Called, Round},
    query::{MatrixQuery, NodeQuery},
};
use crate::{
    config::{AuthMode, Step},
    peers::{Assignment, NodeState, Role},
};

/// What the calls of one fan-out came to.
pub(super) struct Gathered {
    pub(super) local: Option<Called>,
    /// Who the entries were when they were called, or not.
    pub(super) cast: Vec<Assignment>,
    /// One per entry of the snapshot, `None` for those that were not called; empty where the local node refused.
    pub(super) entries: Vec<Option<Called>>,
}

impl Round {
    /// Calls the local node and all entries that are peers, at once. Does not wait for the peers where the local node
    /// refuses the caller, as nothing of theirs may then be shown.
    pub(super) async fn call_everyone(self, query: MatrixQuery) -> Gathered {
        let step = self.merge_step_as_last_seen();
        let asked = NodeQuery { rows: self.snapshot.config.fanout.row_limit as usize, ..query.as_asked() };
        let widened = |state: &NodeState| match self.snapshot.config.merge.step {
            Step::Off => asked,
            _ => asked.widened(state.get().own_step_ms, step),
        };
        let local = self.snapshot.local.as_ref().map(|local| {
            let query = widened(&local.state);
            task::spawn(self.clone().local(Arc::clone(local), query))
        });
        let cast = self.snapshot.cast();
        let calls = self.snapshot.peers.iter().zip(&cast).map(|(peer, assigned)| {
            let query = widened(&peer.state);
            (assigned.role == Role::Peer).then(|| task::spawn(self.clone().peer(Arc::clone(peer), query)))
        });
        let calls: Vec<_> = calls.collect();
        let local = OptionFuture::from(local).await;
        if self.verdict_of(local.as_ref()).is_some() {
            // Left alone they would go on, and a made-up session would cost a call of every peer.
            join_all(calls.into_iter().flatten().map(JoinHandle::cancel)).await;
            return Gathered { local, cast, entries: Vec::new() };
        }
        Gathered { local, cast, entries: join_all(calls.into_iter().map(OptionFuture::from)).await }
    }

    /// The local node's verdict on the caller, where it is the nodes that decide (SPEC §7).
    pub(super) fn verdict_of(&self, called: Option<&Called>) -> Option<u16> {
        let forwarded = self.snapshot.config.auth.mode == AuthMode::Forward;
        called.filter(|_| forwarded)?.outcome.as_ref().err()?.verdict()
    }

    /// The merge step that is to be expected, milliseconds: `merge.step`, or the median of the nodes' own steps.
    fn merge_step_as_last_seen(&self) -> Option<i64> {
        let states = self.snapshot.peers.iter().map(|peer| &peer.state);
        let states = states.chain(self.snapshot.local.iter().map(|local| &*local.state));
        match self.snapshot.config.merge.step {
            Step::Off => None,
            Step::Millis(step) => Some(step),
            Step::Auto => {
                let mut steps: Vec<i64> = states.filter_map(|state| state.get().own_step_ms).collect();
                steps.sort_unstable();
                steps.get(steps.len() / 2).copied()
            }
        }
    }
}
