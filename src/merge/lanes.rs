//! The plan seen from the inputs: where the columns of each go, as stretches that a loop without branches can take.
//!
//! This is right for what a row's contributors counted under one identity. Then the rules of SPEC §4 come down to two:
//! counts that no other input has in the same window add up, and of counts in a window of several inputs the largest
//! stands, in conflict if they differ.

use super::plan::Plan;
use crate::matrix::Series;

/// The lanes of all inputs.
pub(super) struct Lanes {
    /// Per input.
    pub(super) by_input: Vec<Lane>,
    /// How many windows several inputs have.
    pub(super) shared_windows: usize,
    /// From shared windows to merged columns.
    pub(super) shared: Vec<Span>,
    /// Columns with a shared window that one input has twice: only the full rules do for these.
    pub(super) irregular_columns: Vec<usize>,
}

/// Where the columns of one input go.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    /// To merged columns: what adds up.
    pub(super) alone: Vec<Span>,
    /// To shared windows: where the largest stands.
    pub(super) shared: Vec<Span>,
    /// To merged columns, whoever else has the window.
    pub(super) columns: Vec<Span>,
}

/// So many neighbouring columns go to as many neighbouring places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) len: usize,
}

impl Lanes {
    pub(super) fn new(series: Series, plan: &Plan, inputs: usize) -> Self {
        let mut lanes = Self {
            by_input: vec![Lane::default(); inputs],
            shared_windows: 0,
            shared: Vec::new(),
            irregular_columns: Vec::new(),
        };
        for (column, windows) in plan.columns.iter().enumerate() {
            for window in windows.clone() {
                lanes.push_window(series, plan, column, window);
            }
        }
        lanes.irregular_columns.dedup();
        join(&mut lanes.shared);
        for lane in &mut lanes.by_input {
            join(&mut lane.alone);
            join(&mut lane.shared);
            join(&mut lane.columns);
        }
        lanes
    }

    fn push_window(&mut self, series: Series, plan: &Plan, column: usize, window: usize) {
        let sources = &plan.sources[plan.windows[window].clone()];
        let is_shared = series.is_write() && sources.windows(2).any(|pair| pair[0].input != pair[1].input);
        for source in sources {
            let lane = &mut self.by_input[source.input];
            lane.columns.push(Span { from: source.index, to: column, len: 1 });
            let (spans, to) =
                if is_shared { (&mut lane.shared, self.shared_windows) } else { (&mut lane.alone, column) };
            spans.push(Span { from: source.index, to, len: 1 });
        }
        if is_shared {
            self.shared.push(Span { from: self.shared_windows, to: column, len: 1 });
            self.shared_windows += 1;
            if sources.windows(2).any(|pair| pair[0].input == pair[1].input) {
                self.irregular_columns.push(column);
            }
        }
    }
}

/// Joins spans that continue each other.
fn join(spans: &mut Vec<Span>) {
    spans.sort_unstable_by_key(|span| span.from);
    spans.dedup_by(|next, span| {
        let continues = (next.from, next.to) == (span.from + span.len, span.to + span.len);
        if continues {
            span.len += next.len;
        }
        continues
    });
}

impl Span {
    /// Copies what it covers of `counts` to its places in `copy`.
    pub(super) fn copy(self, counts: &[u64], copy: &mut [u64]) {
        copy[self.to..][..self.len].copy_from_slice(&counts[self.from..][..self.len]);
    }

    /// Adds what it covers of `counts` to its places in `sums`.
    pub(super) fn add(self, counts: &[u64], sums: &mut [u64]) {
        let counts = &counts[self.from..][..self.len];
        for (sum, &count) in sums[self.to..][..self.len].iter_mut().zip(counts) {
            *sum = sum.saturating_add(count);
        }
    }

    /// Raises its places in `maxima` to what it covers of `counts`, and marks those where two counts differ.
    pub(super) fn raise(self, counts: &[u64], maxima: &mut [u64], conflicts: &mut [bool]) {
        let counts = &counts[self.from..][..self.len];
        let maxima = &mut maxima[self.to..][..self.len];
        let conflicts = &mut conflicts[self.to..][..self.len];
        for ((max, conflict), &count) in maxima.iter_mut().zip(conflicts).zip(counts) {
            let least = count.min(*max);
            *max = count.max(*max);
            *conflict |= least != 0 && least != *max;
        }
    }

    /// Marks its places in `marks` where it covers a mark of `more`.
    pub(super) fn mark(self, more: &[bool], marks: &mut [bool]) {
        for (mark, more) in marks[self.to..][..self.len].iter_mut().zip(&more[self.from..][..self.len]) {
            *mark |= more;
        }
    }
}
