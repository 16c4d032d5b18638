//! SPEC §4, "Columns".

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::stable_sort_primitive,
    clippy::unwrap_used,
    reason = "plain to read, on small inputs"
)]

use std::collections::{BTreeMap, BTreeSet};

use keyviz_fanout::{config::Step, matrix::Matrix, merge::Options};

type Time = i64;
type Slot = i128;
pub(super) type Column = i64;

/// The multiple of `unit` nearest to `x`, halves up.
fn round(x: i128, unit: i128) -> i128 {
    let below = x - x.rem_euclid(unit);
    if 2 * (x - below) >= unit { below + unit } else { below }
}

/// "The node's own step u is the median of the gaps > 0 …"
pub(super) fn own_step(matrix: &Matrix) -> Option<i64> {
    let mut times = matrix.column_unix_ms.clone();
    times.sort();
    let mut gaps: Vec<i128> =
        times.windows(2).map(|t| i128::from(t[1]) - i128::from(t[0])).filter(|&gap| gap > 0).collect();
    gaps.sort();
    let median = *gaps.get(gaps.len() / 2)?;
    let rounded = if median < 1000 { round(median, 10) } else { round(median, 100) };
    Some(i64::try_from(rounded.max(10)).unwrap_or(i64::MAX))
}

/// "A run is a longest stretch of the node's windows, taken in time order from the oldest, …"
fn slots(matrix: &Matrix, u: i64) -> BTreeMap<Time, Slot> {
    let u = i128::from(u);
    let times: BTreeSet<Time> = matrix.column_unix_ms.iter().copied().collect();
    let mut runs: Vec<Vec<Time>> = Vec::new();
    for time in times {
        let continues = runs.last().is_some_and(|run| {
            let expected = i128::from(run[0]) + run.len() as i128 * u;
            2 * (i128::from(time) - expected).abs() <= u
        });
        if continues { runs.last_mut().unwrap().push(time) } else { runs.push(vec![time]) }
    }
    let mut slots = BTreeMap::new();
    for run in runs {
        let mut phases: Vec<i128> = run.iter().enumerate().map(|(i, &t)| i128::from(t) - i as i128 * u).collect();
        phases.sort();
        let k = round(phases[phases.len() / 2], u);
        slots.extend(run.iter().enumerate().map(|(i, &t)| (t, k + i as i128 * u)));
    }
    slots
}

/// Where every window of every kept node goes.
pub(super) struct Grid {
    pub(super) step: Option<i64>,
    own_steps: BTreeMap<usize, i64>,
    /// The slot of each timestamp on the grid of the first node that has it.
    first: BTreeMap<Time, Slot>,
    /// Per kept node, the slot of each of its timestamps.
    pub(super) slots: BTreeMap<usize, BTreeMap<Time, Slot>>,
    pub(super) columns: BTreeMap<Time, Column>,
    /// Per kept node, its slots in each of its columns.
    filled: BTreeMap<usize, BTreeMap<Column, BTreeSet<Slot>>>,
}

impl Grid {
    pub(super) fn new(inputs: &[&Matrix], kept: &[usize], options: &Options) -> Self {
        let own_steps: BTreeMap<usize, i64> = kept.iter().filter_map(|&i| Some((i, own_step(inputs[i])?))).collect();
        let mut sorted: Vec<i64> = own_steps.values().copied().collect();
        sorted.sort();
        let step = match options.step {
            Step::Off => None,
            Step::Millis(step) => Some(step),
            Step::Auto => Some(sorted.get(sorted.len() / 2).copied().unwrap_or(60_000)),
        };
        let (first, columns) = (BTreeMap::new(), BTreeMap::new());
        let mut grid = Self { step, own_steps, first, slots: BTreeMap::new(), columns, filled: BTreeMap::new() };
        for &i in kept {
            let own: BTreeMap<Time, Slot> = match step {
                None => inputs[i].column_unix_ms.iter().map(|&time| (time, i128::from(time))).collect(),
                Some(s) => slots(inputs[i], grid.own_steps.get(&i).copied().unwrap_or(s)),
            };
            // "A timestamp that several nodes have goes to the column of the first of them", and so to its slot.
            let mut slots = BTreeMap::new();
            for (time, slot) in own {
                let slot = *grid.first.entry(time).or_insert(slot);
                grid.columns.insert(time, column(slot, step));
                grid.filled.entry(i).or_default().entry(column(slot, step)).or_default().insert(slot);
                slots.insert(time, slot);
            }
            grid.slots.insert(i, slots);
        }
        grid
    }

    /// "The merged columns are cut to the caller's [from, to)."
    pub(super) fn cut(&self, options: &Options) -> BTreeSet<Column> {
        let from = options.from_unix_ms.unwrap_or(i64::MIN);
        let is_before_end = |column| options.to_unix_ms.is_none_or(|to| column < to);
        self.columns.values().copied().filter(|&column| from <= column && is_before_end(column)).collect()
    }

    /// "`column_nodes` (an integer per column) says how many nodes are complete there."
    pub(super) fn complete_nodes(&self, column: Column) -> u32 {
        let is_complete = |(i, filled): &(&usize, &BTreeMap<Column, BTreeSet<Slot>>)| {
            let Some(here) = filled.get(&column) else { return false };
            let is_later = filled.keys().any(|&other| other > column);
            is_later
                || match self.step {
                    Some(s) => here.len() as i64 >= s / self.own_steps.get(i).copied().unwrap_or(s),
                    None => true,
                }
        };
        self.filled.iter().filter(is_complete).count() as u32
    }
}

/// "The column of a slot is ceil(slot / s) × s."
fn column(slot: Slot, step: Option<i64>) -> Column {
    let Some(step) = step.map(i128::from) else { return slot as Column };
    let mut column = slot - slot.rem_euclid(step);
    if column < slot {
        column += step;
    }
    column.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as Column
}
