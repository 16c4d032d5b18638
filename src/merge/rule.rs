//! Merges one cell of one row by the rules of SPEC §4, whatever is odd about it.

use super::{
    cell::{self, Cell, Contribution},
    identity::identity_at,
    plan::Plan,
};
use crate::matrix::{Row, Series};

/// The rules, with the row they are to be applied to.
pub(super) struct Rule<'a> {
    series: Series,
    plan: &'a Plan,
    /// Per input, its share of the row.
    shares: Vec<Option<&'a Row>>,
    contributions: Vec<Contribution>,
}

impl<'a> Rule<'a> {
    pub(super) fn new(series: Series, plan: &'a Plan) -> Self {
        Self { series, plan, shares: Vec::new(), contributions: Vec::new() }
    }

    /// Takes up a row.
    pub(super) fn set_row(&mut self, contributors: &[(usize, &'a Row)]) {
        let inputs = contributors.last().map_or(0, |(input, _)| input + 1);
        self.shares.clear();
        self.shares.resize(inputs, None);
        for &(input, row) in contributors {
            self.shares[input] = Some(row);
        }
    }

    /// The row's cell in one column.
    pub(super) fn column(&mut self, column: usize) -> Cell {
        let windows = self.plan.columns[column].clone();
        cell::sum(windows.map(|window| self.window(window)))
    }

    fn window(&mut self, window: usize) -> Cell {
        self.contributions.clear();
        for order in self.plan.windows[window].clone() {
            let source = self.plan.sources[order];
            if let Some(row) = self.shares.get(source.input).copied().flatten() {
                let value = row.values[source.index];
                let identity = identity_at(row, source.index);
                self.contributions.push(Contribution { input: source.input, order, value, identity });
            }
        }
        if self.series.is_write() { cell::writes(&mut self.contributions) } else { cell::reads(&self.contributions) }
    }
}
