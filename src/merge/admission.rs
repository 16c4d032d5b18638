//! Which inputs the result has room for (SPEC §3, `fanout.max_cells`).

use std::collections::HashSet;

use super::{
    Options,
    columns::{column_of, is_within, merge_step, slots},
    layout::Input,
    timeline::Timeline,
};

/// Takes the inputs in order and leaves out each that would take the result of those kept so far over `max_cells`.
pub(super) fn admit(inputs: &mut [Input], options: &Options) {
    let mut admitted = Admitted::new(options);
    let over: Vec<_> = inputs.iter().map(|input| admitted.offer(input)).collect();
    for (input, cells) in inputs.iter_mut().zip(over) {
        input.over_max_cells = cells;
    }
}

/// How many cells that many rows and columns have.
pub(super) const fn cells(rows: usize, columns: usize) -> u64 {
    (rows as u64).saturating_mul(columns as u64)
}

/// The inputs kept so far, with their rows and columns.
struct Admitted<'a> {
    options: &'a Options,
    timelines: Vec<&'a Timeline>,
    buckets: HashSet<&'a str>,
    census: Census,
}

impl<'a> Admitted<'a> {
    fn new(options: &'a Options) -> Self {
        Self { options, timelines: Vec::new(), buckets: HashSet::new(), census: Census::default() }
    }

    /// Keeps the next input, or says how many cells there would be with it.
    fn offer(&mut self, input: &'a Input) -> Option<u64> {
        let timeline = &input.timeline;
        let step_ms = merge_step(self.options.step, self.timelines.iter().copied().chain([timeline]));
        if self.census.step_ms != step_ms {
            self.census = Census::new(step_ms, &self.timelines, self.options);
        }
        let times = self.census.new_times(timeline);
        let columns = self.census.new_columns(&times, self.options);
        let buckets = input.matrix.rows.iter().map(|row| row.meta.bucket_id.as_str());
        let new_rows = buckets.clone().filter(|bucket| !self.buckets.contains(bucket)).count();
        let cells = cells(self.buckets.len() + new_rows, self.census.columns.len() + columns.len());
        if cells > self.options.max_cells {
            return Some(cells);
        }
        self.timelines.push(timeline);
        self.buckets.extend(buckets);
        self.census.times.extend(times.into_iter().map(|(unix_ms, _)| unix_ms));
        self.census.columns.extend(columns);
        None
    }
}

/// The timestamps of the inputs kept, and the columns they take at one step.
#[derive(Default)]
struct Census {
    step_ms: Option<i64>,
    times: HashSet<i64>,
    /// Those in the range asked for.
    columns: HashSet<i64>,
}

impl Census {
    fn new(step_ms: Option<i64>, timelines: &[&Timeline], options: &Options) -> Self {
        let mut census = Self { step_ms, ..Self::default() };
        for timeline in timelines {
            let times = census.new_times(timeline);
            census.columns.extend(census.new_columns(&times, options));
            census.times.extend(times.into_iter().map(|(unix_ms, _)| unix_ms));
        }
        census
    }

    /// The timestamps that no input kept has, each with its column.
    fn new_times(&self, timeline: &Timeline) -> Vec<(i64, i64)> {
        let windows = timeline.windows.iter().zip(slots(timeline, self.step_ms));
        let new = windows.filter(|(window, _)| !self.times.contains(&window.unix_ms));
        new.map(|(window, slot)| (window.unix_ms, column_of(slot, self.step_ms))).collect()
    }

    fn new_columns(&self, times: &[(i64, i64)], options: &Options) -> HashSet<i64> {
        let columns = times.iter().map(|&(_, column)| column);
        columns.filter(|&column| is_within(column, options) && !self.columns.contains(&column)).collect()
    }
}
