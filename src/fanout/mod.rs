//! Asks every node at once, within one deadline, and merges what they answer (SPEC §3).
//!
//! [`Fanout`] lives as long as the process; a [`Snapshot`] is what one request works with. The way of the data:
//! `identify` finds out who the entries are, a `Round` calls those that are peers and decodes their answers, `assemble`
//! drops what turned out to be counted twice, merges, and encodes.

mod assemble;
mod budget;
mod buffers;
mod call;
mod caller;
mod deadline;
mod failure;
mod identify;
mod local;
mod mishap;
mod probe;
mod query;
mod redact;
mod report;
mod snapshot;
mod wire;

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Instant,
};

use async_lock::Semaphore;
use async_std::task;
use bytes::Bytes;
use futures_util::future::{OptionFuture, join_all};

pub use caller::{Caller, Credentials, GUARD_HEADER, Guard};
pub use deadline::Deadline;
pub use failure::{Failure, Reason};
pub use local::{LocalMatrix, LocalSource};
pub use query::{CLUSTER_PATH, InvalidQuery, MATRIX_PATH, MAX_ROWS, MatrixQuery, NodeQuery};
pub use redact::Redactor;
pub use report::{FanoutBlock, NodeReport, Warning};
pub use snapshot::{LocalNode, Snapshot};
pub use wire::{INSTANCE_HEADER, Reply, Wire};

use crate::{
    config::{AuthMode, Config, Step},
    flights::Flights,
    http::{HyperClient, Trust},
    metrics::Metrics,
    peers::{Assignment, FileMembership, Membership, NodeState, Peer, Role},
};
use budget::MemoryBudget;
use buffers::Buffers;
use call::{Called, Round};
use identify::Questions;
use local::HttpNode;

/// What outlives any one configuration: the client, the memory of bodies, the flights, who the peers are.
pub struct Fanout {
    client: surf::Client,
    membership: Box<dyn Membership>,
    in_process: Option<Arc<dyn LocalSource>>,
    instance: Arc<str>,
    budget: Arc<MemoryBudget>,
    buffers: Arc<Buffers>,
    cores: Semaphore,
    flights: Arc<Flights<FlightKey, Arc<Outcome>>>,
    questions: Arc<Questions>,
    metrics: Arc<Metrics>,
    listen: OnceLock<SocketAddr>,
}

/// Requests with equal keys share one fan-out.
#[derive(Clone, PartialEq, Eq, Hash)]
struct FlightKey {
    generation: u64,
    query: MatrixQuery,
    caller: Caller,
}

/// What a fan-out came to.
#[derive(Debug)]
pub struct Outcome {
    /// How it went with each node.
    pub block: FanoutBlock,
    /// What the caller gets.
    pub verdict: Verdict,
}

/// What the caller of a fan-out gets.
#[derive(Debug)]
pub enum Verdict {
    /// The merged matrix, encoded.
    Merged(Bytes),
    /// No node gave an answer that can be merged.
    NoNodeAnswered,
    /// The nodes refuse this session: 401 or 403 (SPEC §7).
    Refused(u16),
}

impl Fanout {
    /// Fans out over sockets.
    pub fn over_http(metrics: Arc<Metrics>) -> Self {
        Self::new(surf::Client::with_http_client(HyperClient), metrics)
    }

    /// Fans out through `client`, whatever it stands on.
    pub fn new(client: surf::Client, metrics: Arc<Metrics>) -> Self {
        Self {
            client,
            membership: Box::new(FileMembership),
            in_process: None,
            instance: uuid::Uuid::new_v4().to_string().into(),
            budget: Arc::default(),
            buffers: Arc::default(),
            cores: Semaphore::new(std::thread::available_parallelism().map_or(1, Into::into)),
            flights: Arc::default(),
            questions: Arc::default(),
            metrics,
            listen: OnceLock::new(),
        }
    }

    /// Calls nodes through `client`.
    #[must_use]
    pub fn with_client(self, client: surf::Client) -> Self {
        Self { client, ..self }
    }

    /// Takes the local matrix from `source` instead of `local.url`: the node is in this process.
    #[must_use]
    pub fn with_local(mut self, source: impl LocalSource) -> Self {
        self.in_process = Some(Arc::new(source));
        self
    }

    /// Asks `membership` who the peers are, instead of the file.
    #[must_use]
    pub fn with_membership(mut self, membership: impl Membership + 'static) -> Self {
        self.membership = Box::new(membership);
        self
    }

    /// This process's random id, which it shows in every answer.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Where the process really listens, which tells it apart from its peers; to be said once, before serving.
    pub fn listens_on(&self, address: SocketAddr) {
        // A second listener changes nothing of who this node is.
        let _ = self.listen.set(address);
    }

    /// What requests under `config` work with, by nodes that `trust` believes where they speak TLS. Peers keep their memory
    /// where `before` had them, and so does the local node.
    pub fn snapshot(&self, generation: u64, config: Arc<Config>, trust: Trust, before: Option<&Snapshot>) -> Snapshot {
        let memory = (Arc::clone(&self.budget), Arc::clone(&self.buffers));
        let wire = Wire::new((self.client.clone(), trust), &config.fanout, memory, Arc::clone(&self.instance));
        let peers = Peer::roster(self.membership.entries(&config), before.map_or(&[], |before| &before.peers));
        let local = self.local(&config, &wire, before.and_then(|before| before.local.as_deref()));
        Snapshot { generation, config, peers, local, listen: self.listen.get().copied(), wire }
    }

    fn local(&self, config: &Config, wire: &Wire, before: Option<&LocalNode>) -> Option<Arc<LocalNode>> {
        let (source, url): (Arc<dyn LocalSource>, _) = match (&self.in_process, &config.local.node) {
            (Some(source), _) => (Arc::clone(source), None),
            (None, Some(node)) => {
                let (name, url) = (node.name.clone(), node.url.clone());
                (Arc::new(HttpNode { name, url: url.clone(), wire: wire.clone() }), Some(url))
            }
            (None, None) => return None,
        };
        let same = before.filter(|before| before.url == url);
        let new = || Arc::new(url.as_ref().map(NodeState::at).unwrap_or_default());
        let state = same.map_or_else(new, |before| Arc::clone(&before.state));
        Some(Arc::new(LocalNode { source, state, url }))
    }

    /// The cluster's matrix for `caller`, who has a session if one is needed. Equal requests in flight share one
    /// fan-out.
    pub async fn matrix(
        self: &Arc<Self>,
        snapshot: &Arc<Snapshot>,
        query: MatrixQuery,
        caller: Caller,
    ) -> Arc<Outcome> {
        // What is required of the result changes nothing of how it is made.
        let query = MatrixQuery { require_all: false, ..query };
        let key = FlightKey { generation: snapshot.generation, query, caller: caller.clone() };
        let work = || Arc::clone(self).fan_out(Arc::clone(snapshot), query, Arc::new(caller));
        self.flights.join(key, work).await
    }

    async fn fan_out(
        self: Arc<Self>,
        snapshot: Arc<Snapshot>,
        query: MatrixQuery,
        caller: Arc<Caller>,
    ) -> Arc<Outcome> {
        let started = Instant::now();
        let deadline = Deadline::within(snapshot.timeout());
        let unnamed = identify::identify(&self.questions, &snapshot, &caller, deadline).await;
        let round = Round {
            fanout: Arc::clone(&self),
            turns: Arc::new(Semaphore::new(snapshot.config.fanout.max_concurrent)),
            snapshot,
            caller,
            deadline,
        };
        let gathered = round.clone().call_everyone(query).await;
        identify::wait_for_returned(unnamed, &gathered, deadline).await;
        let _turn = self.cores.acquire().await;
        let outcome = task::spawn_blocking(move || assemble::assemble(&round, query, gathered)).await;
        self.metrics.fanout(started, outcome.block.nodes.iter().filter(|node| node.counts).map(NodeReport::measured));
        Arc::new(outcome)
    }
}

/// What the calls of one fan-out came to.
struct Gathered {
    local: Option<Called>,
    /// Who the entries were when they were called, or not.
    cast: Vec<Assignment>,
    /// One per entry of the snapshot, `None` for those that were not called; empty where the local node refused.
    entries: Vec<Option<Called>>,
}

impl Round {
    /// Calls the local node and all entries that are peers, at once. Does not wait for the peers where the local node
    /// refuses the caller, as nothing of theirs may then be shown.
    async fn call_everyone(self, query: MatrixQuery) -> Gathered {
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
        let calls: Vec<_> = calls.map(OptionFuture::from).collect();
        let local = OptionFuture::from(local).await;
        if self.verdict_of(local.as_ref()).is_some() {
            return Gathered { local, cast, entries: Vec::new() };
        }
        Gathered { local, cast, entries: join_all(calls).await }
    }

    /// The local node's verdict on the caller, where it is the nodes that decide (SPEC §7).
    fn verdict_of(&self, called: Option<&Called>) -> Option<u16> {
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
