//! Which window of which node goes into which merged column: the same for every row (SPEC §4, "Columns").

use std::ops::Range;

use super::{
    Options,
    columns::{Columns, Placed, is_within},
    timeline::Timeline,
};
use crate::config::Dedupe;

/// The merged columns, the merged windows in each, and the nodes' columns that make up each window.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) column_unix_ms: Vec<i64>,
    pub(super) column_nodes: Vec<u32>,
    /// Per column, its windows from the oldest, as a range of `windows`.
    pub(super) columns: Vec<Range<usize>>,
    /// Per window, what makes it up, as a range of `sources`.
    pub(super) windows: Vec<Range<usize>>,
    /// By column, then window, then input, then time.
    pub(super) sources: Vec<Source>,
}

/// One column of one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) input: usize,
    /// Its place among the input's columns as sent.
    pub(super) index: usize,
}

impl Plan {
    /// Lays out the windows of the inputs, given with their places, in columns of `step_ms`.
    pub(super) fn new<'a>(
        timelines: impl Iterator<Item = (usize, &'a Timeline)>,
        step_ms: Option<i64>,
        options: &Options,
    ) -> Self {
        let mut columns = Columns::new(step_ms);
        let mut all = Vec::new();
        let mut complete = Vec::new();
        for (input, timeline) in timelines {
            let placed = columns.place(input, timeline);
            complete.extend(complete_columns(&placed, slots_in_column(timeline, step_ms)));
            all.extend(placed.into_iter().filter(|window| is_within(window.column, options)));
        }
        all.sort_unstable_by_key(|window| (window.column, window.key(options.dedupe), window.input, window.order));
        let mut plan = Self::default();
        for column in all.chunk_by(|a, b| a.column == b.column) {
            plan.push_column(column, options.dedupe);
        }
        for column in complete {
            if let Ok(column) = plan.column_unix_ms.binary_search(&column) {
                plan.column_nodes[column] += 1;
            }
        }
        plan
    }

    /// Appends one column; `placed` is sorted.
    fn push_column(&mut self, placed: &[Placed], dedupe: Dedupe) {
        let first = self.windows.len();
        for window in placed.chunk_by(|a, b| a.key(dedupe) == b.key(dedupe)) {
            let start = self.sources.len();
            self.sources.extend(window.iter().map(|&Placed { input, index, .. }| Source { input, index }));
            self.windows.push(start..self.sources.len());
        }
        self.columns.push(first..self.windows.len());
        self.column_unix_ms.push(placed[0].column);
        self.column_nodes.push(0);
    }
}

/// How many slots of a node fill a column: floor(s / u).
fn slots_in_column(timeline: &Timeline, step_ms: Option<i64>) -> i64 {
    step_ms.map_or(1, |step_ms| step_ms / timeline.own_step_ms.unwrap_or(step_ms))
}

/// The columns in which a node is complete: it has a slot there, and either one in a later column or `enough` there.
fn complete_columns(placed: &[Placed], enough: i64) -> Vec<i64> {
    let mut slots: Vec<_> = placed.iter().map(|window| (window.column, window.slot)).collect();
    slots.sort_unstable();
    slots.dedup();
    let newest = slots.last().map(|slot| slot.0);
    let is_enough = |slots: usize| i64::try_from(slots).is_ok_and(|slots| slots >= enough);
    let is_complete = |slots: &&[(i64, i128)]| Some(slots[0].0) < newest || is_enough(slots.len());
    slots.chunk_by(|a, b| a.0 == b.0).filter(is_complete).map(|slots| slots[0].0).collect()
}
