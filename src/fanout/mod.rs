//! Asks every node at once, within one deadline, and merges what they answer (SPEC §3).
//!
//! [`Fanout`] lives as long as the process; a [`Snapshot`] is what one request works with. The way of the data:
//! `identify` finds out who the entries are, a `Round` calls those that are peers and decodes their answers, `assemble`
//! drops what turned out to be counted twice, merges, and encodes.

mod answers;
mod assemble;
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
mod room;
mod round;
mod snapshot;
mod wire;

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use async_lock::Semaphore;
use async_std::task;
use bytes::Bytes;

pub use answers::AnswerBody;
pub(crate) use answers::SMALL;
pub use caller::{Caller, Credentials, GUARD_HEADER, Guard};
pub use deadline::Deadline;
pub use failure::{Failure, Reason};
pub(crate) use identify::locate;
pub use local::{LocalMatrix, LocalSource};
pub use query::{CLUSTER_PATH, InvalidQuery, MATRIX_PATH, MAX_ROWS, MatrixQuery, NodeQuery};
pub use redact::Redactor;
pub use report::{FanoutBlock, NodeReport, Warning, WarningCode};
pub use snapshot::{LocalNode, Snapshot};
pub use wire::{INSTANCE_HEADER, Reply, Wire};

use crate::{
    config::Config,
    descriptors::CALLS,
    flights::Flights,
    http::{HyperClient, Trust},
    metrics::{Load, Metrics},
    peers::{FileMembership, Membership, NodeState, Peer},
};
use answers::Answers;
use buffers::Buffers;
use call::Round;
use identify::Questions;
use local::HttpNode;
use room::{Kind, Limits, Room, Share};
use round::Gathered;

/// Fan-outs under way at once. Each keeps something for every node, whatever becomes of it, and more of them than calls
/// that can be open would be waiting only; those over it wait where a client that goes away takes its request along.
const FANOUTS_AT_ONCE: u64 = 128;

/// What outlives any one configuration: the client, the memory of bodies, the flights, who the peers are.
pub struct Fanout {
    client: surf::Client,
    membership: Box<dyn Membership>,
    in_process: Option<Arc<dyn LocalSource>>,
    instance: Arc<str>,
    room: Arc<Room>,
    calls: Limits,
    buffers: Arc<Buffers>,
    answers: Arc<Answers>,
    cores: Semaphore,
    flights: Arc<Flights<FlightKey, Arc<Outcome>>>,
    questions: Questions,
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
    Merged(AnswerBody),
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
            room: Arc::default(),
            calls: calls(CALLS),
            buffers: Arc::default(),
            answers: Arc::default(),
            cores: Semaphore::new(std::thread::available_parallelism().map_or(1, Into::into)),
            flights: Arc::default(),
            questions: Questions::default(),
            metrics,
            listen: OnceLock::new(),
        }
    }

    /// Calls nodes through `client`.
    #[must_use]
    pub fn with_client(self, client: surf::Client) -> Self {
        Self { client, ..self }
    }

    /// Has at most so many calls to nodes open at once, each with a connection of its own, over all requests; at least one.
    /// An eighth of them is for one request at a time, which goes on when all others are taken.
    #[must_use]
    pub fn with_calls_at_once(self, most: usize) -> Self {
        Self { calls: calls(most), ..self }
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
        let room = (Arc::clone(&self.room), self.calls);
        let (client, buffers) = ((self.client.clone(), trust), Arc::clone(&self.buffers));
        let wire = Wire::new(client, &config.fanout, room, buffers, Arc::clone(&self.instance));
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
        if let Some(flight) = self.flights.under_way(&key) {
            return flight.await;
        }
        // Waited for here and not in the flight, which would go on waiting for a client that is gone.
        let deadline = Deadline::within(snapshot.timeout());
        let limits = Limits { shared: FANOUTS_AT_ONCE, aside: 0 };
        let turn = self.room.share(Kind::Fanouts, deadline.party(), limits);
        if let Err(failure) = deadline.grow(&turn, 1, "a turn: this daemon has too many fan-outs under way").await {
            return Arc::new(self.observed(deadline, assemble::not_tried(snapshot, &failure)));
        }
        let work = || Arc::clone(self).fan_out(Arc::clone(snapshot), query, Arc::new(caller), (deadline, turn));
        self.flights.join(key, work).await
    }

    async fn fan_out(
        self: Arc<Self>,
        snapshot: Arc<Snapshot>,
        query: MatrixQuery,
        caller: Arc<Caller>,
        (deadline, _turn): (Deadline, Share),
    ) -> Arc<Outcome> {
        let unnamed = identify::identify(&self.questions, &snapshot, &caller, deadline).await;
        let decoded = Limits { shared: snapshot.config.fanout.memory_budget, aside: 1 };
        let round = Round {
            fanout: Arc::clone(&self),
            turns: Arc::new(Semaphore::new(snapshot.config.fanout.max_concurrent)),
            decoded: Arc::new(self.room.share(Kind::Decoded, deadline.party(), decoded)),
            snapshot,
            caller,
            deadline,
        };
        let gathered = round.clone().call_everyone(query).await;
        identify::wait_for_returned(unnamed, &gathered, deadline).await;
        let _core = self.cores.acquire().await;
        let outcome = task::spawn_blocking(move || assemble::assemble(&round, query, gathered)).await;
        Arc::new(self.observed(deadline, outcome))
    }

    /// Holds an answer for whoever reads it, within `fanout.memory_budget` of all that are held.
    pub(crate) fn hold(&self, answer: Bytes, config: &Config) -> AnswerBody {
        self.answers.hold(answer, config.fanout.memory_budget)
    }

    /// Holds a node's own answer.
    pub(crate) fn hold_reply(&self, reply: Reply, config: &Config) -> AnswerBody {
        self.hold(self.buffers.share(reply.body), config)
    }

    /// What is in use now.
    pub(crate) fn load(&self) -> Load {
        let [fanouts, calls, bodies, decoded] =
            [Kind::Fanouts, Kind::Calls, Kind::Bodies, Kind::Decoded].map(|kind| self.room.usage(kind));
        let (answers, answers_given_up) = self.answers.usage();
        Load {
            bodies: bodies.used,
            decoded: decoded.used,
            answers,
            answers_given_up,
            calls: calls.used,
            calls_waiting: calls.waiting,
            fanouts: fanouts.used,
            fanouts_waiting: fanouts.waiting,
        }
    }

    /// Tells the metrics of an outcome.
    fn observed(&self, deadline: Deadline, outcome: Outcome) -> Outcome {
        let nodes = outcome.block.nodes.iter().filter(|node| node.counts).map(NodeReport::measured);
        self.metrics.fanout(deadline.elapsed(), nodes);
        outcome
    }
}

/// Of all calls, an eighth is set aside for the favoured request.
fn calls(most: usize) -> Limits {
    let aside = (most / 8).max(1);
    Limits { shared: most.saturating_sub(aside) as u64, aside }
}
