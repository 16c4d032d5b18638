//! What happens to the nodes, and when: outages and changes of leader, as pure functions of the model's time
//! (milliseconds since the cluster started, negative for the history that is there from the beginning).

use std::{ops::Range, time::Duration};

/// How long a group keeps its leader when nothing happens.
const TENURE_MS: i64 = 300_000;
/// The groups change leaders one after another, not all at once.
const TENURE_OFFSET_MS: i64 = 67_000;

/// When nodes go down: one after another, never the first, each time for `length`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outages {
    /// Begin of the first outage, after the start of the cluster.
    pub first: Duration,
    /// From the begin of one outage to the begin of the next.
    pub every: Duration,
    /// How long a node stays away; shorter than `every`.
    pub length: Duration,
}

impl Default for Outages {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { first: seconds(60), every: seconds(120), length: seconds(20) }
    }
}

/// One node's absence, [from, to) in model milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outage {
    pub(super) node: usize,
    pub(super) from: i64,
    pub(super) to: i64,
}

/// Who leads a group, in which term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leadership {
    pub(super) leader: usize,
    pub(super) term: u64,
}

/// The course of events in a cluster of `nodes`.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    nodes: usize,
    outages: Option<Outages>,
    history_ms: i64,
}

impl Schedule {
    /// A single node never goes down, or nothing would be left to look at.
    pub(super) fn new(nodes: usize, outages: Option<Outages>, history: Duration) -> Self {
        Self { nodes, outages: outages.filter(|_| nodes > 1), history_ms: millis(history) }
    }

    /// The `k`-th outage of the cluster, from 0.
    pub(super) fn outage(&self, k: i64) -> Option<Outage> {
        let outages = self.outages?;
        let victims = i64::try_from(self.nodes).ok()? - 1;
        let node = 1 + usize::try_from(k.rem_euclid(victims)).ok()?;
        let from = millis(outages.first).saturating_add(k.saturating_mul(millis(outages.every)));
        (k >= 0).then_some(Outage { node, from, to: from.saturating_add(millis(outages.length)) })
    }

    /// When `node` is up for the `incarnation`-th time, from 0, in model milliseconds.
    pub(super) fn up(&self, node: usize, incarnation: i64) -> Range<i64> {
        let own = |nth: i64| {
            let victims = i64::try_from(self.nodes).ok()? - 1;
            let first = i64::try_from(node).ok()?.checked_sub(1).filter(|first| *first >= 0)?;
            self.outage(nth.checked_mul(victims)?.checked_add(first)?).filter(|_| nth >= 0)
        };
        let from = own(incarnation - 1).map_or(i64::MIN, |outage| outage.to);
        from..own(incarnation).map_or(i64::MAX, |outage| outage.from)
    }

    /// Whether `node` is up at `at`.
    pub(super) fn is_up(&self, node: usize, at: i64) -> bool {
        let last = self.last_outage(at).and_then(|k| self.outage(k));
        !last.is_some_and(|outage| outage.node == node && at < outage.to)
    }

    /// Who leads `group` at `at`. Leaders hand over at the end of a tenure, and lose the group when they go down; each
    /// time the term grows.
    pub(super) fn leadership(&self, group: u32, at: i64) -> Leadership {
        let shifted = at + i64::from(group) * TENURE_OFFSET_MS;
        let tenure = shifted.div_euclid(TENURE_MS);
        let begin = at - shifted.rem_euclid(TENURE_MS);
        let turn = (tenure + i64::from(group)).rem_euclid(i64::try_from(self.nodes).unwrap_or(i64::MAX));
        let mut leader = self.next_up(usize::try_from(turn).unwrap_or_default(), begin);
        let mut term = self.first_term(tenure);
        let from = self.last_outage(begin).map_or(0, |k| k + 1);
        for outage in (from..=self.last_outage(at).unwrap_or(-1)).filter_map(|k| self.outage(k)) {
            if outage.node == leader {
                leader = self.next_up(leader, outage.from);
                term += 1;
            }
        }
        Leadership { leader, term }
    }

    /// The part of (from, to] in which `node` led `group`, 0 … 1; at most one change falls into it.
    pub(super) fn led(&self, node: usize, group: u32, from: i64, to: i64) -> f64 {
        let (before, after) = (self.leadership(group, from), self.leadership(group, to));
        if before == after {
            return f64::from(u8::from(after.leader == node));
        }
        let (mut low, mut high) = (from, to);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            *(if self.leadership(group, middle) == before { &mut low } else { &mut high }) = middle;
        }
        let until_change = seconds(high - from) / seconds(to - from);
        let part = |leader: usize, part: f64| if leader == node { part } else { 0.0 };
        part(before.leader, until_change) + part(after.leader, 1.0 - until_change)
    }

    /// Index of the last outage that began at or before `at`.
    fn last_outage(&self, at: i64) -> Option<i64> {
        let outages = self.outages?;
        let since_first = at - millis(outages.first);
        (since_first >= 0).then(|| since_first / millis(outages.every).max(1))
    }

    fn next_up(&self, node: usize, at: i64) -> usize {
        (0..self.nodes).map(|ahead| (node + ahead) % self.nodes).find(|node| self.is_up(*node, at)).unwrap_or(node)
    }

    /// The terms of two tenures never meet: between them lies room for every outage of a tenure.
    fn first_term(&self, tenure: i64) -> u64 {
        let per_tenure = self.outages.map_or(1, |outages| TENURE_MS / millis(outages.every).max(1) + 2);
        let oldest = -self.history_ms / TENURE_MS - 1;
        u64::try_from(2 + (tenure - oldest) * per_tenure).unwrap_or(1)
    }
}

/// A duration in whole milliseconds.
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Milliseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "model times lie far below 2^52 ms")]
pub(super) fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}
