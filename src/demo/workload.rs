//! What the simulated cluster does: counts per node, key range and window, a pure function of the seed and the window's
//! index since the start. So the history exists from the beginning, and a seed repeats it.

use std::{f64::consts::TAU, ops::Range, time::Duration};

use super::{
    keyspace::{self, Bucket, GROUPS},
    noise,
    schedule::{Leadership, Schedule, millis, seconds},
};

/// The simulated "day", seconds: everything worth looking at happens once in ten minutes.
const DAY: f64 = 600.0;
/// When one range is written in a burst, seconds of the day.
const BURST: Range<f64> = 250.0..275.0;
/// Part of the writes that the leader dispatches itself; followers dispatch the rest.
const LEADER_SHARE: f64 = 0.8;
/// How far a flush may lie from its tick, milliseconds.
pub(super) const JITTER_MS: i64 = 1;

/// What a random number is for, so that two uses never share one.
#[derive(Clone, Copy)]
enum Use {
    Phase = 1,
    Jitter,
    Reads,
    Writes,
    Clients,
    Wander,
    Wobble,
}

/// What one node counted for one key range in one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) reads: u32,
    pub(super) writes: u32,
}

/// One flushed window of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Its end, model milliseconds, with the jitter of the node's flush.
    pub(super) end: i64,
    /// Term of every group (from 1) when the window was flushed, not when the writes happened (WIRE §2).
    pub(super) terms: Vec<u64>,
    /// One per bucket.
    pub(super) counts: Vec<Count>,
}

/// The model: who does what, where and when.
#[derive(Debug)]
pub(super) struct Workload {
    seed: u64,
    nodes: usize,
    step: i64,
    /// The rows.
    pub(super) buckets: Vec<Bucket>,
    /// Outages and changes of leader.
    pub(super) schedule: Schedule,
}

impl Workload {
    pub(super) fn new(seed: u64, nodes: usize, step: Duration, schedule: Schedule) -> Self {
        Self { seed, nodes, step: millis(step).max(1), buckets: keyspace::buckets(seed), schedule }
    }

    /// Length of a window, milliseconds.
    pub(super) fn step(&self) -> i64 {
        self.step
    }

    /// Where a node's windows end within the step, milliseconds. Every node has its own stretch of the step, so no two
    /// nodes share a timestamp; a restart takes another place in it.
    pub(super) fn phase(&self, node: usize, incarnation: i64) -> i64 {
        let lane = self.step / i64::try_from(self.nodes).unwrap_or(i64::MAX).max(1);
        let draw = noise::hash(&[self.seed, word(node), incarnation.cast_unsigned(), Use::Phase as u64]) % 1024;
        let place = i64::try_from(draw).unwrap_or_default() * (lane / 2) / 1024;
        i64::try_from(node).unwrap_or_default() * lane + lane / 4 + place
    }

    /// The window of `node` that ends at `index` steps and its phase.
    pub(super) fn window(&self, node: usize, incarnation: i64, index: i64) -> Window {
        let tick = index * self.step + self.phase(node, incarnation);
        let jitter = match noise::unit(&[self.seed, word(node), index.cast_unsigned(), Use::Jitter as u64]) {
            early if early < 0.1 => -JITTER_MS,
            late if late > 0.6 => JITTER_MS,
            _ => 0,
        };
        let terms = (1..=GROUPS).map(|group| self.schedule.leadership(group, tick).term).collect();
        Window { end: tick + jitter, terms, counts: self.counts(node, index, tick) }
    }

    /// Who leads `group` at `at`, model milliseconds.
    pub(super) fn leadership(&self, group: u32, at: i64) -> Leadership {
        self.schedule.leadership(group, at)
    }

    fn counts(&self, node: usize, index: i64, tick: i64) -> Vec<Count> {
        let moment = Moment::at(self.seed, seconds(tick - self.step / 2));
        let up: Vec<usize> = (0..self.nodes).filter(|n| *n == node || self.schedule.is_up(*n, tick)).collect();
        let led: Vec<f64> = (0..=GROUPS).map(|group| self.schedule.led(node, group, tick - self.step, tick)).collect();
        let length = seconds(self.step);
        let count = |(row, bucket): (u64, &Bucket)| {
            let (reads, writes) = moment.rates(bucket);
            let share = self.share(node, row, &up);
            let led = led[bucket.group as usize];
            let dispatched = LEADER_SHARE * led + (1.0 - LEADER_SHARE) * share;
            let draw = |used: Use| [self.seed, word(node), row, index.cast_unsigned(), used as u64];
            Count {
                reads: noise::count(reads * share * length, &draw(Use::Reads)),
                writes: noise::count(writes * dispatched * length, &draw(Use::Writes)),
            }
        };
        (0..).zip(&self.buckets).map(count).collect()
    }

    /// The part of a range's clients that talk to `node`, among the nodes that are `up`.
    fn share(&self, node: usize, row: u64, up: &[usize]) -> f64 {
        let weight = |node: usize| 0.5 + noise::unit(&[self.seed, word(node), row, Use::Clients as u64]);
        weight(node) / up.iter().map(|node| weight(*node)).sum::<f64>()
    }
}

fn word(node: usize) -> u64 {
    node as u64
}

/// What goes on in the whole cluster at one moment.
struct Moment {
    daylight: f64,
    hot: f64,
    scan: Option<f64>,
    burst: Option<f64>,
}

impl Moment {
    fn at(seed: u64, time: f64) -> Self {
        let scan = time.rem_euclid(DAY / 3.0) / 70.0;
        let burst = BURST.contains(&time.rem_euclid(DAY));
        Self {
            daylight: 1.0 - 0.75 * (time / DAY * TAU).cos(),
            hot: hot_at(seed, time),
            scan: (scan < 1.0).then_some(scan),
            // Far from where the hot range is then, or nobody would see it.
            burst: burst.then(|| (hot_at(seed, (time / DAY).floor() * DAY + BURST.start) + 0.45).fract()),
        }
    }

    /// Reads and writes per second in `bucket`, in the whole cluster.
    fn rates(&self, bucket: &Bucket) -> (f64, f64) {
        let away = |centre: f64, width: f64| ((bucket.position - centre) / width).powi(2);
        let base = bucket.base_rate * self.daylight;
        let hot = 1_800.0 * (-away(self.hot, 0.014)).exp();
        let scan = self.scan.map_or(0.0, |at| 4_000.0 * (-away(at, 0.004)).exp());
        let burst = self.burst.map_or(0.0, |at| 9_000.0 * (-away(at, 0.003)).exp());
        (base + hot + scan, base * 0.35 + hot * 0.6 + burst)
    }
}

/// Where the hot range is at `time`, within [0.07, 0.93].
fn hot_at(seed: u64, time: f64) -> f64 {
    let turn = |period: f64, used: Use| (time / period + noise::unit(&[seed, used as u64])) * TAU;
    0.5 + 0.36 * turn(430.0, Use::Wander).sin() + 0.07 * turn(101.0, Use::Wobble).sin()
}
