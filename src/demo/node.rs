//! One simulated node: the windows it has flushed, and its matrix over them.

use std::{
    cmp::Reverse,
    collections::VecDeque,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    keyspace::{Bucket, GROUPS},
    workload::{Count, JITTER_MS, Window, Workload},
};
use crate::matrix::{Identities, Matrix, Row, Series};

/// A node, its place in the cluster and its memory.
#[derive(Debug)]
pub(super) struct Node {
    index: usize,
    workload: Arc<Workload>,
    /// How long a window is kept, milliseconds.
    keep: i64,
    ring: Mutex<Ring>,
}

/// The flushed windows, and which one comes next. Nothing ticks: whoever asks first flushes what is due.
#[derive(Debug)]
struct Ring {
    windows: VecDeque<Window>,
    incarnation: i64,
    next: i64,
}

/// A query for a part of a node's matrix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query {
    pub(super) series: Series,
    /// Most rows; the busiest stay.
    pub(super) rows: usize,
    /// Window ends, model milliseconds, half-open.
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Node {
    /// A node whose first window begins `history` milliseconds before the start of the cluster.
    pub(super) fn new(index: usize, workload: Arc<Workload>, history: i64, keep: i64) -> Self {
        let next = 1 - history / workload.step();
        let ring = Ring { windows: VecDeque::new(), incarnation: 0, next };
        Self { index, workload, keep, ring: Mutex::new(ring) }
    }

    /// `n1`, `n2`, …
    pub(super) fn id(&self) -> String {
        name(self.index)
    }

    /// The matrix as of `now`, model milliseconds, with timestamps counted from `epoch_unix_ms`.
    pub(super) fn matrix(&self, query: &Query, now: i64, epoch_unix_ms: i64) -> Matrix {
        let ring = self.flushed(now);
        let wanted: Vec<&Window> = ring.windows.iter().filter(|w| (query.from..query.to).contains(&w.end)).collect();
        let buckets = self.workload.buckets.iter().enumerate();
        let rows = buckets.filter_map(|(index, bucket)| row(bucket, index, &wanted, query.series)).collect();
        Matrix {
            series: query.series,
            column_unix_ms: wanted.iter().map(|window| epoch_unix_ms + window.end).collect(),
            rows: busiest(rows, query.rows),
            generated_at: None,
            fanout_expected: None,
        }
    }

    /// The groups at `now`: id and the index of the leading node.
    pub(super) fn leaders(&self, now: i64) -> Vec<(u32, usize)> {
        (1..=GROUPS).map(|group| (group, self.workload.leadership(group, now).leader)).collect()
    }

    fn flushed(&self, now: i64) -> MutexGuard<'_, Ring> {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.skip_forgotten(now - self.keep, &self.workload);
        while let Some(window) = ring.due(self.index, now, &self.workload) {
            ring.windows.push_back(window);
        }
        let forgotten = ring.windows.partition_point(|window| window.end <= now - self.keep);
        ring.windows.drain(..forgotten);
        ring
    }
}

impl Ring {
    /// The next window, if it is over by `now`. A window cut by an outage was never flushed.
    fn due(&mut self, node: usize, now: i64, workload: &Workload) -> Option<Window> {
        loop {
            let step = workload.step();
            let phase = workload.phase(node, self.incarnation);
            let Range { start: up_from, end: up_to } = workload.schedule.up(node, self.incarnation);
            let first_whole = up_from.saturating_add(step - phase).saturating_add(step - 1).div_euclid(step);
            self.next = self.next.max(first_whole);
            let end = self.next * step + phase;
            if end.max(up_from) + JITTER_MS > now {
                return None;
            }
            if end <= up_to {
                self.next += 1;
                return Some(workload.window(node, self.incarnation, self.next - 1));
            }
            self.incarnation += 1;
        }
    }

    /// Nobody asked for so long that the windows in between would be forgotten at once.
    fn skip_forgotten(&mut self, oldest: i64, workload: &Workload) {
        self.next = self.next.max(oldest.div_euclid(workload.step()));
    }
}

/// The name of the `index`-th node.
pub(super) fn name(index: usize) -> String {
    format!("n{}", index + 1)
}

/// A row appears with its first traffic (WIRE §2).
fn row(bucket: &Bucket, index: usize, windows: &[&Window], series: Series) -> Option<Row> {
    let values: Vec<u64> = windows.iter().map(|window| value(window.counts[index], bucket, series)).collect();
    values.iter().any(|value| *value > 0).then(|| {
        let counted = |identity: u64, value: u64| if value > 0 { identity } else { 0 };
        let group = u64::from(bucket.group);
        let term = |window: &Window| bucket.group.checked_sub(1).map_or(0, |group| window.terms[group as usize]);
        let groups: Vec<u64> = values.iter().map(|value| counted(group, *value)).collect();
        let terms: Vec<u64> =
            windows.iter().zip(&values).map(|(window, value)| counted(term(window), *value)).collect();
        Row {
            meta: bucket.meta.clone(),
            raft_group_ids: Some(Identities::from_slice(&groups)),
            leader_terms: Some(Identities::from_slice(&terms)),
            values,
        }
    })
}

fn value(count: Count, bucket: &Bucket, series: Series) -> u64 {
    let events = u64::from(if series.is_write() { count.writes } else { count.reads });
    match series {
        Series::Reads | Series::Writes => events,
        Series::ReadBytes | Series::WriteBytes => events * bucket.item_bytes,
    }
}

/// The `limit` rows with the largest sums, in the order of their keys.
fn busiest(mut rows: Vec<Row>, limit: usize) -> Vec<Row> {
    if rows.len() > limit {
        rows.sort_by_cached_key(|row| Reverse(row.values.iter().fold(0_u64, |sum, value| sum.saturating_add(*value))));
        rows.truncate(limit);
        rows.sort_by(|a, b| a.meta.start_bytes().cmp(b.meta.start_bytes()));
    }
    rows
}
