//! Matrices of several nodes → one matrix of the cluster, by the rules of SPEC §4, with what was found odd on the way.
//!
//! Pure: the result depends on the order of the inputs and on their data alone.

mod admission;
mod budget;
mod cell;
mod columns;
mod encode;
mod fold;
mod identity;
mod lanes;
mod layout;
mod plan;
mod rule;
pub(crate) mod schema;
mod seen;
mod table;
mod timeline;

use std::mem;

pub use encode::{Extras, encode};

use crate::{
    config::{Dedupe, Step},
    matrix::{Identities, Matrix, RowMeta, Series},
};
use encode::Frame;
use fold::Fold;
use layout::{Input, Layout};
use plan::Plan;

/// Most columns of one input that a merge should be given. What it keeps of each, whatever the result is cut to, is far more
/// than what was sent of it, and the ring of a node has 100,000 (WIRE §2).
pub(crate) const MOST_COLUMNS: usize = 1 << 18;

/// Most rows of one input that a merge should be given: four times what may be asked for (`fanout.row_limit`, SPEC §5). Rows
/// without cells are not bounded by the cells of the result, and a body holds millions of them.
pub(crate) const MOST_ROWS: usize = 1 << 18;

/// Bytes that merging takes for an input, beside the input itself and the answer: for each of its columns (as a window, as
/// placed in a merged column, in the plan and in the lanes, while they are sorted and joined, and in one merged row) and
/// for each of its rows, should no other input have it.
pub(crate) fn working_memory(input: &Matrix) -> u64 {
    const PER_COLUMN: usize = 768;
    const PER_ROW: usize = 256;
    (input.column_unix_ms.len() * PER_COLUMN + input.rows.len() * PER_ROW) as u64
}

/// How to merge.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Width of a merged column.
    pub step: Step,
    /// What makes windows of two nodes the same window.
    pub dedupe: Dedupe,
    /// First merged column kept, Unix milliseconds, inclusive; `None` is unbounded.
    pub from_unix_ms: Option<i64>,
    /// End of the merged columns kept, Unix milliseconds, exclusive; `None` is unbounded.
    pub to_unix_ms: Option<i64>,
    /// Row budget, at least 1: the rows with the largest sums stay.
    pub rows: usize,
    /// Most merged rows × columns; an input that would take the result over it is left out.
    pub max_cells: u64,
}

/// The cluster's matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// What the cells count.
    pub series: Series,
    /// End of each column, Unix milliseconds, ascending, unique.
    pub column_unix_ms: Vec<i64>,
    /// How many nodes are complete in each column.
    pub column_nodes: Vec<u32>,
    /// The step used, milliseconds; `None` when the step is off.
    pub step_ms: Option<i64>,
    /// Rows left after the budget, by start key, then bucket id.
    pub rows: Vec<MergedRow>,
    /// How many rows the budget dropped.
    pub rows_dropped: usize,
    /// What was found about each input, in the order of the inputs.
    pub findings: Vec<Findings>,
}

/// One key range of the cluster, all vectors as long as the columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergedRow {
    /// From the first input that has the row.
    pub meta: RowMeta,
    /// The counts.
    pub values: Vec<u64>,
    /// Raft group of each cell, 0 where not known or where the cell is 0.
    pub raft_group_ids: Identities,
    /// Leader's term of each cell, 0 where not known or where the cell is 0.
    pub leader_terms: Identities,
    /// Which cells are in conflict; `None` when none is.
    pub conflicts: Option<Vec<bool>>,
}

/// What the merge found about one input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The node's own step (SPEC §4), milliseconds; `None` without a gap between two columns.
    pub own_step_ms: Option<i64>,
    /// The input was left out: with it the result would have this many cells, over [`Options::max_cells`].
    pub over_max_cells: Option<u64>,
    /// Rows whose start, end or aggregate differ from those kept, and the first of them.
    pub divergence: Option<Divergence>,
    /// The own step differs from the merge step by more than 10%.
    pub step_mismatch: bool,
    /// It has writes without group or term arrays.
    pub identity_missing: bool,
    /// Its columns are out of order or repeated.
    pub columns_unordered: bool,
}

/// Rows that one node describes otherwise than the node whose description was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// How many rows.
    pub rows: usize,
    /// Bucket id of the first in the input's order.
    pub first_bucket_id: String,
}

/// A merge whose rows and columns are settled, while its cells are merged row by row when they are wanted: into one row's
/// memory by [`encode`](Merge::encode), so that an answer never exists beside its own bytes.
pub struct Merge<'a> {
    series: Series,
    layout: Layout<'a>,
    /// The rows left after the budget, as places in the table, in their order.
    kept: Vec<usize>,
    findings: Vec<Findings>,
}

impl<'a> Merge<'a> {
    /// Settles how `inputs` (the local matrix first, then the peers' in the file's order), all of the same `series`, are
    /// merged.
    pub fn new(series: Series, inputs: &[&'a Matrix], options: &Options) -> Self {
        let mut inputs: Vec<_> = inputs.iter().map(|matrix| Input::new(matrix)).collect();
        let mut layout = Layout::new(&inputs, options);
        if layout.cells() > options.max_cells {
            admission::admit(&mut inputs, options);
            layout = Layout::new(&inputs, options);
        }
        let divergences = mem::take(&mut layout.divergences);
        let findings =
            inputs.iter().zip(divergences).map(|(input, rows)| layout.findings(series, input, rows)).collect();
        let kept = budget::keep(&layout.table.rows, options.rows, &mut Fold::new(series, &layout.plan, inputs.len()));
        Self { series, layout, kept, findings }
    }

    /// What was found about each input, in the order of the inputs.
    pub fn findings(&self) -> &[Findings] {
        &self.findings
    }

    /// The step used, milliseconds; `None` when the step is off.
    pub fn step_ms(&self) -> Option<i64> {
        self.layout.step_ms
    }

    /// Merges the cells, and encodes the result as [`encode()`] does, into `buffer`, whose contents are lost.
    pub fn encode(&self, extras: &Extras<'_>, buffer: Vec<u8>) -> Vec<u8> {
        let rows = &self.layout.table.rows;
        let mut fold = self.fold();
        encode::document(buffer, &self.frame(), extras, |json| {
            json.array(&self.kept, |json, &place| encode::row(json, &fold.row(&rows[place]).view(), extras.identity));
        })
    }

    /// Merges the cells.
    pub fn into_merged(self) -> Merged {
        let mut fold = self.fold();
        let rows = self.kept.iter().map(|&place| fold.row(&self.layout.table.rows[place]).to_row()).collect();
        drop(fold);
        let rows_dropped = self.rows_dropped();
        let Self { series, layout, findings, .. } = self;
        let Plan { column_unix_ms, column_nodes, .. } = layout.plan;
        Merged { series, column_unix_ms, column_nodes, step_ms: layout.step_ms, rows, rows_dropped, findings }
    }

    fn fold(&self) -> Fold<'_> {
        Fold::new(self.series, &self.layout.plan, self.findings.len())
    }

    fn rows_dropped(&self) -> usize {
        self.layout.table.rows.len() - self.kept.len()
    }

    fn frame(&self) -> Frame<'_> {
        Frame {
            series: self.series,
            column_unix_ms: &self.layout.plan.column_unix_ms,
            column_nodes: &self.layout.plan.column_nodes,
            step_ms: self.layout.step_ms,
            rows_dropped: self.rows_dropped(),
        }
    }
}

/// Merges `inputs` (the local matrix first, then the peers' in the file's order), all of the same `series`.
pub fn merge(series: Series, inputs: &[&Matrix], options: &Options) -> Merged {
    Merge::new(series, inputs, options).into_merged()
}
