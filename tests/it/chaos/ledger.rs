//! What the simulated nodes really sent, call by call, so that an answer can be traced to it.
//!
//! Each matrix that is sent is marked: the fraction of a second of its `generated_at` is a number that no other one has, and
//! where `generated_at` is none, its length is. Both come back in the answer's `fanout.nodes`.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use keyviz_fanout::matrix::{Matrix, Series};
use url::form_urlencoded;

use super::behaviour::Behaviour;
use crate::stub::Seen;

/// A call for a matrix, and what was sent.
pub(super) struct Sent {
    pub(super) number: u64,
    pub(super) node: usize,
    pub(super) at: Instant,
    pub(super) behaviour: Behaviour,
    pub(super) asked: Asked,
    /// The matrix; of a node that lied, the one that it lied about.
    pub(super) matrix: Matrix,
    pub(super) bytes: u64,
}

/// A call as it came.
pub(super) struct Asked {
    pub(super) series: Series,
    pub(super) rows: usize,
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
    pub(super) cookie: Option<String>,
    pub(super) guard: Option<String>,
}

impl Asked {
    pub(super) fn of(seen: &Seen) -> Self {
        let find = |name: &str| {
            let mut pairs = form_urlencoded::parse(seen.query.as_bytes());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let number = |name: &str| find(name).map(|value| value.parse::<i64>().unwrap());
        Self {
            series: find("series").unwrap().parse().unwrap(),
            rows: find("rows").unwrap().parse().unwrap(),
            from: number("from_unix_ms"),
            to: number("to_unix_ms"),
            cookie: seen.header("Cookie").map(str::to_owned),
            guard: seen.header("X-Admin-Fanout-Peer").map(str::to_owned),
        }
    }

    pub(super) fn has(&self, time: i64) -> bool {
        self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time < to)
    }
}

/// What identifies a matrix in `fanout.nodes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Mark {
    /// The fraction of `generated_at`, nanoseconds.
    Fraction(u64),
    /// Without one: the node and the bytes of its body.
    Length(usize, u64),
}

#[derive(Default)]
pub(super) struct Ledger {
    numbers: AtomicU64,
    sent: Mutex<HashMap<Mark, Arc<Sent>>>,
    /// Each node's latest call for each thing that it did, and how often it was done.
    deeds: Mutex<HashMap<(usize, Behaviour), (Instant, u64)>>,
}

impl Ledger {
    /// A number for the next matrix.
    pub(super) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn note(&self, mark: Mark, sent: Sent) {
        let mut deeds = self.deeds.lock().unwrap();
        let deed = deeds.entry((sent.node, sent.behaviour)).or_insert((sent.at, 0));
        *deed = (sent.at, deed.1 + 1);
        drop(deeds);
        self.sent.lock().unwrap().insert(mark, Arc::new(sent));
    }

    pub(super) fn find(&self, mark: Mark) -> Option<Arc<Sent>> {
        self.sent.lock().unwrap().get(&mark).cloned()
    }

    /// Whether `node` did something since then for which it may be accused of `reason`.
    pub(super) fn has_earned(&self, node: usize, reason: &str, since: Instant) -> bool {
        let deeds = self.deeds.lock().unwrap();
        let mut of_node = deeds.iter().filter(|((who, _), (at, _))| *who == node && *at >= since);
        of_node.any(|((_, behaviour), _)| behaviour.accused_of() == Some(reason))
    }

    /// What `node` did in the last two seconds.
    pub(super) fn lately(&self, node: usize) -> Vec<Behaviour> {
        let deeds = self.deeds.lock().unwrap();
        let is_late = |at: &Instant| at.elapsed() < Duration::from_secs(2);
        let mut lately: Vec<_> = deeds
            .iter()
            .filter(|((who, _), (at, _))| *who == node && is_late(at))
            .map(|((_, deed), _)| *deed)
            .collect();
        lately.sort_unstable();
        lately
    }

    /// How often each behaviour was met.
    pub(super) fn tally(&self) -> Vec<(Behaviour, u64)> {
        let mut tally: HashMap<Behaviour, u64> = HashMap::new();
        for ((_, behaviour), (_, times)) in self.deeds.lock().unwrap().iter() {
            *tally.entry(*behaviour).or_default() += times;
        }
        let mut tally: Vec<_> = tally.into_iter().collect();
        tally.sort_unstable();
        tally
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Asked { series, rows, from, to, .. } = &self.asked;
        write!(
            f,
            "answer {} ({:?}) to series={series} rows={rows} from={from:?} to={to:?}",
            self.number, self.behaviour
        )
    }
}
