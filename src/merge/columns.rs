//! The step, and the merged column of every timestamp (SPEC §4, "Columns").

use std::collections::HashMap;

use super::{
    Options,
    timeline::{Timeline, Window},
};
use crate::config::{Dedupe, Step};

/// The step when none is set and no node has one.
const DEFAULT_STEP_MS: i64 = 60_000;

/// The width of a merged column: as set, else the median of the nodes' own steps. `None` when the step is off.
pub(super) fn merge_step<'a>(step: Step, timelines: impl IntoIterator<Item = &'a Timeline>) -> Option<i64> {
    match step {
        Step::Off => None,
        Step::Millis(step_ms) => Some(step_ms.max(1)),
        Step::Auto => {
            let mut own: Vec<i64> = timelines.into_iter().filter_map(|timeline| timeline.own_step_ms).collect();
            own.sort_unstable();
            Some(own.get(own.len() / 2).copied().unwrap_or(DEFAULT_STEP_MS))
        }
    }
}

/// One window of one node in its merged column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) column: i64,
    pub(super) unix_ms: i64,
    /// The window's time on the grid of the first node that has its timestamp; the timestamp when the step is off.
    pub(super) slot: i128,
    pub(super) input: usize,
    /// Its place in the node's order of time.
    pub(super) order: usize,
    /// Its place among the node's columns as sent.
    pub(super) index: usize,
}

impl Placed {
    /// What windows of two nodes in one column have in common when they are the same window.
    pub(super) fn key(&self, dedupe: Dedupe) -> i128 {
        match dedupe {
            Dedupe::Window => i128::from(self.unix_ms),
            Dedupe::Slot => self.slot,
        }
    }
}

/// The slot, and with it the column, of every timestamp placed so far: that of the first node that has it. A window has
/// one column so, and what several nodes say of one timestamp is compared by slot as well.
#[derive(Debug)]
pub(super) struct Columns {
    step_ms: Option<i64>,
    by_time: HashMap<i64, i128>,
}

impl Columns {
    pub(super) fn new(step_ms: Option<i64>) -> Self {
        Self { step_ms, by_time: HashMap::new() }
    }

    /// Puts the windows of the next node into columns; they come in the order of time.
    pub(super) fn place(&mut self, input: usize, timeline: &Timeline) -> Vec<Placed> {
        let windows = timeline.windows.iter().zip(slots(timeline, self.step_ms)).enumerate();
        windows
            .map(|(order, (&Window { unix_ms, index }, slot))| {
                let slot = *self.by_time.entry(unix_ms).or_insert(slot);
                Placed { column: column_of(slot, self.step_ms), unix_ms, slot, input, order, index }
            })
            .collect()
    }
}

/// The slot of each window: on the node's own grid, or its timestamp when the step is off.
pub(super) fn slots(timeline: &Timeline, step_ms: Option<i64>) -> Vec<i128> {
    match step_ms {
        Some(step_ms) => timeline.slots(timeline.own_step_ms.unwrap_or(step_ms)),
        None => timeline.windows.iter().map(|window| i128::from(window.unix_ms)).collect(),
    }
}

/// ceil(slot / step) × step: a column is named after its end. A column beyond an `i64` is the last one in it.
pub(super) fn column_of(slot: i128, step_ms: Option<i64>) -> i64 {
    let step = step_ms.map_or(1, i128::from);
    let end = -(-slot).div_euclid(step) * step;
    i64::try_from(end).unwrap_or(if end < 0 { i64::MIN } else { i64::MAX })
}

/// Whether a column is in the range asked for.
pub(super) fn is_within(column: i64, options: &Options) -> bool {
    options.from_unix_ms.is_none_or(|from| from <= column) && options.to_unix_ms.is_none_or(|to| column < to)
}
