//! The rows and the columns of the result, before any cell is looked at.

use super::{
    Divergence, Findings, Options, admission::cells, columns::merge_step, plan::Plan, table::Table, timeline::Timeline,
};
use crate::matrix::{Matrix, Row, Series};

/// One node's matrix, and whether there is room for it.
pub(super) struct Input<'a> {
    pub(super) matrix: &'a Matrix,
    pub(super) timeline: Timeline,
    /// The cells there would be with it, when it is left out for that.
    pub(super) over_max_cells: Option<u64>,
}

impl<'a> Input<'a> {
    pub(super) fn new(matrix: &'a Matrix) -> Self {
        Self { matrix, timeline: Timeline::new(&matrix.column_unix_ms), over_max_cells: None }
    }
}

/// What each row and each column of the result is made of.
pub(super) struct Layout<'a> {
    pub(super) step_ms: Option<i64>,
    pub(super) plan: Plan,
    pub(super) table: Table<'a>,
    /// Per input, the rows it describes otherwise than an input before it.
    pub(super) divergences: Vec<Option<Divergence>>,
}

impl<'a> Layout<'a> {
    /// Lays out the inputs that are not left out.
    pub(super) fn new(inputs: &[Input<'a>], options: &Options) -> Self {
        let kept = || inputs.iter().enumerate().filter(|(_, input)| input.over_max_cells.is_none());
        let step_ms = merge_step(options.step, kept().map(|(_, input)| &input.timeline));
        let plan = Plan::new(kept().map(|(place, input)| (place, &input.timeline)), step_ms, options);
        let mut table = Table::default();
        let mut divergences = vec![None; inputs.len()];
        for (place, input) in kept() {
            divergences[place] = table.push(place, input.matrix);
        }
        Self { step_ms, plan, table, divergences }
    }

    /// How many cells the result has before the row budget.
    pub(super) fn cells(&self) -> u64 {
        cells(self.table.rows.len(), self.plan.column_unix_ms.len())
    }

    /// What is odd about one input; of one that was left out only its step and why.
    pub(super) fn findings(&self, series: Series, input: &Input, divergence: Option<Divergence>) -> Findings {
        let own_step_ms = input.timeline.own_step_ms;
        if input.over_max_cells.is_some() {
            return Findings { own_step_ms, over_max_cells: input.over_max_cells, ..Findings::default() };
        }
        Findings {
            own_step_ms,
            over_max_cells: None,
            divergence,
            step_mismatch: own_step_ms.zip(self.step_ms).is_some_and(|(own, step)| is_mismatch(own, step)),
            identity_missing: series.is_write() && input.matrix.rows.iter().any(lacks_identity),
            columns_unordered: input.timeline.unordered,
        }
    }
}

/// Whether a node's step differs from the merge step by more than 10%.
fn is_mismatch(own_step_ms: i64, step_ms: i64) -> bool {
    own_step_ms.abs_diff(step_ms) > step_ms.unsigned_abs() / 10
}

/// Whether a row counted something without saying who led.
fn lacks_identity(row: &Row) -> bool {
    (row.raft_group_ids.is_none() || row.leader_terms.is_none()) && row.values.iter().any(|&value| value > 0)
}
