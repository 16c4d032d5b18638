//! A simulated node: a matrix of its own for every call, a behaviour that changes, an address that stays while it is down.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_std::task;
use fastrand::Rng;
use jiff::Timestamp;
use keyviz_fanout::{
    fanout::{CLUSTER_PATH, MATRIX_PATH},
    matrix::{self, Matrix},
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::{
    behaviour::Behaviour,
    ledger::{Asked, Ledger, Mark, Sent},
};
use crate::{
    merge_strategies,
    stub::{Act, Script, Seen, Stub, ok_json, response},
    support::eventually,
};

/// How far a skewed clock is off.
pub(super) const SKEW: Duration = Duration::from_hours(24 * 365);

/// How often a [`Behaviour::Wide`] node's columns are repeated.
const WIDTH: i64 = 10;

pub(super) struct Node {
    pub(super) index: usize,
    pub(super) address: SocketAddr,
    pub(super) stub: Option<Stub>,
    pub(super) mind: Arc<Mind>,
}

/// What decides a node's answers; it outlives a restart.
pub(super) struct Mind {
    index: usize,
    seed: u64,
    ledger: Arc<Ledger>,
    mood: Mutex<Mood>,
    /// How often the node was started as another one: part of its id.
    lives: AtomicU64,
    /// Where its redirects lead.
    elsewhere: String,
}

/// What a node does now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mood {
    pub(super) matrix: Behaviour,
    pub(super) cluster: Naming,
}

/// How a node answers who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    True,
    Silent,
    Refused,
    Failing,
    Echo,
    Garbage,
}

impl Naming {
    pub(super) const ALL: [Self; 6] =
        [Self::True, Self::Silent, Self::Refused, Self::Failing, Self::Echo, Self::Garbage];
}

impl Mood {
    pub(super) const SOUND: Self = Self { matrix: Behaviour::Sound, cluster: Naming::True };
}

impl Node {
    /// On a loopback address of its own, so that no client's port can take its place while it is down.
    pub(super) fn start(index: usize, seed: u64, ledger: &Arc<Ledger>, elsewhere: String) -> Self {
        let host = [127, 77, u8::try_from(std::process::id() % 256).unwrap(), u8::try_from(index + 1).unwrap()];
        let listener = TcpListener::bind(SocketAddr::from((host, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let (ledger, mood, lives) = (Arc::clone(ledger), Mutex::new(Mood::SOUND), AtomicU64::default());
        let mind = Arc::new(Mind { index, seed, ledger, mood, lives, elsewhere });
        let mut node = Self { index, address, stub: None, mind };
        node.serve(listener);
        node
    }

    fn serve(&mut self, listener: TcpListener) {
        let stub = Stub::listening(listener, "", response("503 Service Unavailable", ""));
        let (for_matrix, for_cluster) = (Arc::clone(&self.mind), Arc::clone(&self.mind));
        stub.answer_by(MATRIX_PATH, move |seen| for_matrix.matrix(seen));
        stub.answer_by(CLUSTER_PATH, move |seen| for_cluster.cluster(seen));
        self.stub = Some(stub);
    }

    /// Closes its port, and whatever is open.
    pub(super) fn stop(&mut self) {
        self.stub = None;
    }

    /// Opens its port again; `as_another` under another id.
    pub(super) fn restart(&mut self, as_another: bool) {
        if as_another {
            self.mind.lives.fetch_add(1, Ordering::Relaxed);
        }
        let bind = async || TcpListener::bind(self.address).ok();
        let listener = task::block_on(eventually("the node's own port", bind));
        self.serve(listener);
    }

    pub(super) fn feels(&self, mood: Mood) {
        *self.mind.mood.lock().unwrap() = mood;
    }

    /// In words, for whoever looks for what went wrong.
    pub(super) fn describe(&self) -> String {
        let Self { index, address, stub, mind } = self;
        let state = if stub.is_some() { "up" } else { "down" };
        let mood = *mind.mood.lock().unwrap();
        format!("node {index} at {address}: {state}, {mood:?}, lately {:?}", mind.ledger.lately(*index))
    }
}

impl Mind {
    fn matrix(&self, seen: &Seen) -> Script {
        let behaviour = self.mood.lock().unwrap().matrix;
        let asked = Asked::of(seen);
        let number = self.ledger.number();
        let mut matrix = cut(&self.truth(number, behaviour, &asked), &asked);
        let mut body = String::from_utf8(stamped(&mut matrix, number, behaviour)).unwrap();
        let mark = if behaviour == Behaviour::Unstamped {
            // Unlike any other of this node's that may still be on its way.
            let length = body.len().next_multiple_of(10_000) + usize::try_from(number % 10_000).unwrap();
            body += &" ".repeat(length - body.len());
            Mark::Length(self.index, body.len() as u64)
        } else {
            Mark::Fraction(number)
        };
        let bytes = body.len() as u64;
        self.ledger.note(mark, Sent { number, node: self.index, at: Instant::now(), behaviour, asked, matrix, bytes });
        behaviour.script(&body, &seen.head, &self.elsewhere)
    }

    /// A matrix that no other call gets: small, and with everything that is odd about a matrix.
    fn truth(&self, number: u64, behaviour: Behaviour, asked: &Asked) -> Matrix {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        seed[8..16].copy_from_slice(&number.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let matrix = merge_strategies::matrix(asked.series).new_tree(&mut runner).unwrap().current();
        if behaviour == Behaviour::Wide { widened(&matrix) } else { matrix }
    }

    fn cluster(&self, seen: &Seen) -> Script {
        let id = format!("n{}-{}", self.index, self.lives.load(Ordering::Relaxed));
        let named = |id: &str| ok_json(format!("{{\"node_id\":\"{id}\"}}"));
        match self.mood.lock().unwrap().cluster {
            Naming::True => named(&id),
            Naming::Silent => vec![Act::Pause(Duration::from_millis(2500))],
            Naming::Refused => response("401 Unauthorized", &seen.head),
            Naming::Failing => response("500 Internal Server Error", &seen.head),
            Naming::Echo => named(seen.header("Cookie").unwrap_or(&id)),
            Naming::Garbage => vec![Act::Send(seen.head.clone().into_bytes())],
        }
    }
}

/// Encoded, with a `generated_at` that says which one it is.
fn stamped(matrix: &mut Matrix, number: u64, behaviour: Behaviour) -> Vec<u8> {
    let now = Timestamp::now();
    let second = now.as_second() - if behaviour == Behaviour::Skewed { SKEW.as_secs().cast_signed() } else { 0 };
    let at = Timestamp::new(second, i32::try_from(number).unwrap()).unwrap();
    let none = Rng::with_seed(number).bool().then(|| "yesterday".to_owned());
    matrix.generated_at = if behaviour == Behaviour::Unstamped { none } else { Some(at.to_string()) };
    matrix::encode(matrix)
}

/// What of `matrix` was asked for.
fn cut(matrix: &Matrix, asked: &Asked) -> Matrix {
    let kept: Vec<usize> = (0..matrix.column_unix_ms.len()).filter(|&i| asked.has(matrix.column_unix_ms[i])).collect();
    let mut cut = selected(matrix, &kept);
    cut.rows.truncate(asked.rows);
    cut
}

/// The columns at these places, in this order.
fn selected(matrix: &Matrix, places: &[usize]) -> Matrix {
    let mut selected = matrix.clone();
    selected.column_unix_ms = places.iter().map(|&i| matrix.column_unix_ms[i]).collect();
    for (row, of) in selected.rows.iter_mut().zip(&matrix.rows) {
        let identities = |all: &matrix::Identities| {
            matrix::Identities::from_slice(&places.iter().map(|&i| all.get(i).unwrap()).collect::<Vec<_>>())
        };
        row.values = places.iter().map(|&i| of.values[i]).collect();
        row.raft_group_ids = of.raft_group_ids.as_ref().map(identities);
        row.leader_terms = of.leader_terms.as_ref().map(identities);
    }
    selected
}

/// The same columns again and again, each time a little later.
fn widened(matrix: &Matrix) -> Matrix {
    let columns = matrix.column_unix_ms.len();
    let places: Vec<usize> = (0..WIDTH).flat_map(|_| 0..columns).collect();
    let mut wide = selected(matrix, &places);
    for (i, time) in (0..).zip(&mut wide.column_unix_ms) {
        *time = time.saturating_add(i / i64::try_from(columns).unwrap() * 20_000);
    }
    wide
}
