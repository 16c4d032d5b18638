//! A simulated elastickv cluster in one process: nodes that speak the peers' protocol (WIRE) on loopback sockets.
//!
//! What they count is a pure function of a seed and of the time since the start, with a history that is there from the
//! beginning: a hot range that wanders, table scans, a burst, a day's rise and fall, leaders that change, and nodes
//! that go down and come back on the same port. As on a real cluster no two nodes share a timestamp and followers
//! dispatch writes too, so there is no `conflict` unless windows are compared by slot (`merge.dedupe = "slot"`).

mod app;
mod keyspace;
mod node;
mod noise;
mod schedule;
#[cfg(test)]
mod tests;
mod workload;

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use async_std::{
    channel::{Receiver, Sender, bounded},
    future,
    task::{self, JoinHandle},
};
use jiff::Timestamp;

pub use self::schedule::Outages;
use self::{
    node::{Node, Query},
    schedule::{Schedule, millis},
    workload::{JITTER_MS, Workload},
};
use crate::{
    http::{ServeOptions, serve},
    matrix::{Matrix, Series},
};

/// What a node keeps when its history is not longer.
const KEEP: Duration = Duration::from_hours(1);

/// The longest step that answers are merged by (SPEC §5).
const LONGEST_STEP: Duration = Duration::from_hours(1);
/// A node's ring holds no more windows than this (WIRE §2).
const MAX_WINDOWS: u128 = 100_000;

/// The simulated cluster to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many nodes, `n1` and up; at least one.
    pub nodes: usize,
    /// What happens; the same seed repeats it.
    pub seed: u64,
    /// Length of a window.
    pub step: Duration,
    /// How much is there at the start, at most 100,000 windows.
    pub history: Duration,
    /// When nodes go down; `None` keeps all of them up.
    pub outages: Option<Outages>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodes: 3,
            seed: 1,
            step: Duration::from_secs(1),
            history: Duration::from_mins(10),
            outages: Some(Outages::default()),
        }
    }
}

/// A running simulated cluster; it ends when this is dropped.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<(SocketAddr, Arc<Node>)>,
    epoch_unix_ms: i64,
    tasks: Vec<JoinHandle<()>>,
    alive: Sender<Infallible>,
}

impl Cluster {
    /// Opens a loopback port for every node and serves. The work runs on async-std's threads.
    ///
    /// # Errors
    /// `InvalidInput` for options that make no cluster, or what opening a port failed with.
    pub fn start(options: Options) -> io::Result<Self> {
        options.check().map_err(|message| io::Error::new(io::ErrorKind::InvalidInput, message))?;
        let (alive, stop) = bounded(1);
        let epoch_unix_ms = Timestamp::now().as_millisecond();
        let schedule = Schedule::new(options.nodes, options.outages, options.history);
        let workload = Arc::new(Workload::new(options.seed, options.nodes, options.step, schedule));
        let mut cluster = Self { nodes: Vec::new(), epoch_unix_ms, tasks: Vec::new(), alive };
        for index in 0..options.nodes {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let address = listener.local_addr()?;
            let history = millis(options.history);
            let node = Arc::new(Node::new(index, Arc::clone(&workload), history, history.max(millis(KEEP))));
            cluster.nodes.push((address, Arc::clone(&node)));
            let state = app::State { node, nodes: options.nodes, epoch_unix_ms };
            let clock = Clock { epoch_unix_ms, stop: stop.clone() };
            let life = Life { index, address, state, schedule: workload.schedule.clone(), clock };
            cluster.tasks.push(task::spawn(life.run(listener)));
        }
        Ok(cluster)
    }

    /// Where the nodes answer, in their order; a node that is down comes back to its address.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|(address, _)| *address).collect()
    }

    /// All that the `node`-th node (from 0) counted and still keeps, straight from its memory and also while it is
    /// down; `None` when there is no such node.
    pub fn matrix(&self, node: usize, series: Series) -> Option<Matrix> {
        let query = Query { series, rows: usize::MAX, from: i64::MIN, to: i64::MAX };
        let now = Timestamp::now().as_millisecond() - self.epoch_unix_ms;
        self.nodes.get(node).map(|(_, node)| node.matrix(&query, now, self.epoch_unix_ms))
    }

    /// Closes every port and waits until that is done.
    pub async fn stop(self) {
        self.alive.close();
        for task in self.tasks {
            task.await;
        }
    }
}

impl Options {
    fn check(&self) -> Result<(), String> {
        let lanes = u32::try_from(self.nodes).map_err(|_| format!("{} nodes are too many", self.nodes))?;
        let shortest = Duration::from_millis(8 * JITTER_MS.unsigned_abs()) * lanes;
        match self.outages {
            _ if self.nodes == 0 => Err("a cluster needs at least 1 node".into()),
            _ if self.step < shortest => {
                Err(format!("a step of {:?} is too short for {} nodes, at least {shortest:?}", self.step, self.nodes))
            }
            _ if self.step > LONGEST_STEP => {
                Err(format!("a step of {:?} is too long, at most {LONGEST_STEP:?}", self.step))
            }
            _ if self.history.as_nanos() > self.step.as_nanos() * MAX_WINDOWS => {
                Err(format!("a history of {:?} has more than {MAX_WINDOWS} windows of {:?}", self.history, self.step))
            }
            Some(Outages { every, length, .. }) if length >= every => {
                Err(format!("an outage of {length:?} does not end before the next, after {every:?}"))
            }
            _ => Ok(()),
        }
    }
}

/// A node's ups and downs on its address.
struct Life {
    index: usize,
    address: SocketAddr,
    state: app::State,
    schedule: Schedule,
    clock: Clock,
}

impl Life {
    async fn run(self, listener: TcpListener) {
        let mut listener = Some(listener);
        for incarnation in 0.. {
            let up = self.schedule.up(self.index, incarnation);
            if self.clock.stopped_before(up.start).await {
                return;
            }
            let Some(listener) = (match listener.take() {
                Some(first) => Some(first),
                None => self.rebind().await,
            }) else {
                return;
            };
            let clock = self.clock.clone();
            let end = async move {
                clock.stopped_before(up.end).await;
            };
            serve(listener.into(), app::app(self.state.clone()), serve_options, end).await;
            if self.clock.stop.is_closed() {
                return;
            }
            log::info!("{} goes down", self.state.node.id());
        }
    }

    /// The node's own port again, as soon as nobody else has it; `None` when the cluster was stopped meanwhile.
    async fn rebind(&self) -> Option<TcpListener> {
        loop {
            match TcpListener::bind(self.address) {
                Ok(listener) => return Some(listener),
                Err(cause) => log::debug!("open {} again: {cause}", self.address),
            }
            if self.clock.stopped_within(Duration::from_millis(100)).await {
                return None;
            }
        }
    }
}

/// The model's time, and whether it goes on.
#[derive(Clone)]
struct Clock {
    epoch_unix_ms: i64,
    stop: Receiver<Infallible>,
}

impl Clock {
    /// Whether the cluster was stopped before the model's time came to `at`.
    async fn stopped_before(&self, at: i64) -> bool {
        let now = Timestamp::now().as_millisecond() - self.epoch_unix_ms;
        let pause = u64::try_from(at.saturating_sub(now)).unwrap_or_default();
        self.stopped_within(Duration::from_millis(pause)).await
    }

    async fn stopped_within(&self, pause: Duration) -> bool {
        future::timeout(pause, self.stop.recv()).await.is_ok()
    }
}

/// A node that goes down does not wait for its callers.
fn serve_options() -> ServeOptions {
    ServeOptions { grace: Duration::ZERO, ..ServeOptions::default() }
}
