//! One node's windows on its own clock: its step, its runs, its slots (SPEC §4, "Columns").

/// The windows of one node in the order of time.
///
/// Timestamps come from peers and may be anything an `i64` holds, so what is computed from them is an `i128`.
#[derive(Debug)]
pub(super) struct Timeline {
    /// The windows; those with equal timestamps in the order sent.
    pub(super) windows: Vec<Window>,
    /// Median gap, rounded; `None` without a gap.
    pub(super) own_step_ms: Option<i64>,
    /// The columns were not strictly ascending as sent.
    pub(super) unordered: bool,
}

/// One column of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Window {
    /// Its end, Unix milliseconds.
    pub(super) unix_ms: i64,
    /// Its place among the columns as sent.
    pub(super) index: usize,
}

impl Timeline {
    pub(super) fn new(column_unix_ms: &[i64]) -> Self {
        let mut windows: Vec<_> =
            column_unix_ms.iter().enumerate().map(|(index, &unix_ms)| Window { unix_ms, index }).collect();
        windows.sort_unstable();
        let unordered = !column_unix_ms.is_sorted_by(|a, b| a < b);
        Self { own_step_ms: own_step(&windows), windows, unordered }
    }

    /// The slot of each window on the grid of `step_ms`, which is the node's own step where it has one.
    ///
    /// Windows with equal timestamps are one window as far as time goes: they share a slot.
    pub(super) fn slots(&self, step_ms: i64) -> Vec<i128> {
        let step = i128::from(step_ms);
        let instants: Vec<&[Window]> = self.windows.chunk_by(|a, b| a.unix_ms == b.unix_ms).collect();
        let times: Vec<i128> = instants.iter().map(|same| i128::from(same[0].unix_ms)).collect();
        let mut slots = Vec::with_capacity(self.windows.len());
        let mut start = 0;
        while start < times.len() {
            let run = start..start + run_length(&times[start..], step);
            let first = first_slot(&times[run.clone()], step);
            start = run.end;
            for (same, i) in instants[run].iter().zip(0..) {
                slots.extend(same.iter().map(|_| first + i * step));
            }
        }
        slots
    }
}

/// Median of the gaps, to the nearest 100 ms (below 1 s: 10 ms), halves up, at least 10 ms.
fn own_step(windows: &[Window]) -> Option<i64> {
    let mut gaps: Vec<u64> =
        windows.windows(2).map(|pair| pair[1].unix_ms.abs_diff(pair[0].unix_ms)).filter(|&gap| gap > 0).collect();
    gaps.sort_unstable();
    let median = i128::from(*gaps.get(gaps.len() / 2)?);
    let unit = if median < 1000 { 10 } else { 100 };
    Some(i64::try_from(nearest_multiple(median, unit).max(10)).unwrap_or(i64::MAX))
}

/// How many of `times` follow the first on its grid, the i-th at most half a step from i steps after it.
fn run_length(times: &[i128], step: i128) -> usize {
    let on_grid = |&(time, i): &(&i128, i128)| 2 * (time - times[0] - i * step).abs() <= step;
    times.iter().zip(0..).take_while(on_grid).count()
}

/// The multiple of the step nearest to the median phase of a run.
fn first_slot(run: &[i128], step: i128) -> i128 {
    let mut phases: Vec<i128> = run.iter().zip(0..).map(|(time, i)| time - i * step).collect();
    let middle = phases.len() / 2;
    let (_, &mut median, _) = phases.select_nth_unstable(middle);
    nearest_multiple(median, step)
}

/// The multiple of `unit` nearest to `value`, halves up.
fn nearest_multiple(value: i128, unit: i128) -> i128 {
    (2 * value + unit).div_euclid(2 * unit) * unit
}
