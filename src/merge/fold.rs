//! Merges the cells of one row.

use super::{
    MergedRow,
    cell::{self, Cell, Contribution, Identity},
    plan::Plan,
};
use crate::matrix::{Identities, Row, RowMeta, Series};

/// Merges row by row into the same memory.
pub(super) struct Fold<'a> {
    series: Series,
    plan: &'a Plan,
    /// The description of the row merged last.
    meta: Option<&'a RowMeta>,
    /// Its cells.
    cells: Vec<Cell>,
    /// Per input, its share of the row.
    shares: Vec<Option<&'a Row>>,
    contributions: Vec<Contribution>,
}

impl<'a> Fold<'a> {
    pub(super) fn new(series: Series, plan: &'a Plan, inputs: usize) -> Self {
        Self { series, plan, meta: None, cells: Vec::new(), shares: vec![None; inputs], contributions: Vec::new() }
    }

    /// Merges one row of these inputs.
    pub(super) fn row(&mut self, contributors: &[(usize, &'a Row)]) {
        self.meta = contributors.first().map(|(_, row)| &row.meta);
        for &(input, row) in contributors {
            self.shares[input] = Some(row);
        }
        self.cells.clear();
        for column in 0..self.plan.columns.len() {
            let cell = self.column(column);
            self.cells.push(cell);
        }
        for &(input, _) in contributors {
            self.shares[input] = None;
        }
    }

    /// The sum of the row's cells.
    pub(super) fn sum(&self) -> u128 {
        self.cells.iter().map(|cell| u128::from(cell.value)).sum()
    }

    pub(super) fn bucket_id(&self) -> &'a str {
        self.meta.map_or("", |meta| &meta.bucket_id)
    }

    pub(super) fn to_row(&self) -> MergedRow {
        let conflict = self.cells.iter().any(|cell| cell.conflict);
        MergedRow {
            meta: self.meta.cloned().unwrap_or_default(),
            values: self.cells.iter().map(|cell| cell.value).collect(),
            raft_group_ids: self.cells.iter().map(|cell| cell.identity.group).collect(),
            leader_terms: self.cells.iter().map(|cell| cell.identity.term).collect(),
            conflicts: conflict.then(|| self.cells.iter().map(|cell| cell.conflict).collect()),
        }
    }

    fn column(&mut self, column: usize) -> Cell {
        let plan = self.plan;
        cell::sum(plan.columns[column].clone().map(|window| self.window(window)))
    }

    fn window(&mut self, window: usize) -> Cell {
        self.contributions.clear();
        for order in self.plan.windows[window].clone() {
            let source = self.plan.sources[order];
            let Some(row) = self.shares[source.input] else { continue };
            let value = row.values.get(source.index).copied().unwrap_or_default();
            let of = |ids: &Option<Identities>| ids.as_ref().and_then(|ids| ids.get(source.index)).unwrap_or_default();
            let identity = Identity { group: of(&row.raft_group_ids), term: of(&row.leader_terms) };
            self.contributions.push(Contribution { input: source.input, order, value, identity });
        }
        if self.series.is_write() { cell::writes(&mut self.contributions) } else { cell::reads(&self.contributions) }
    }
}
