//! Merges row by row into the same memory: whole stretches of columns where a row's counts have one identity, cell by
//! cell where they have several.

use super::{
    MergedRow,
    encode::{Led, RowView},
    identity::{Identity, sole_identity},
    lanes::Lanes,
    plan::Plan,
    rule::Rule,
    seen::Seen,
};
use std::borrow::Cow;

use crate::matrix::{Identities, IdentitiesBuilder, Row, RowMeta, Series};

/// The row merged last, and the memory for the next.
pub(super) struct Fold<'a> {
    lanes: Lanes,
    rule: Rule<'a>,
    meta: Cow<'a, RowMeta>,
    values: Vec<u64>,
    conflicts: Vec<bool>,
    /// The identity of all counts of the row; `None` when there are several, and `seen` has that of each cell.
    sole: Option<Identity>,
    seen: Seen,
    /// What the windows of several inputs hold.
    shared: Vec<u64>,
    shared_conflicts: Vec<bool>,
}

impl<'a> Fold<'a> {
    pub(super) fn new(series: Series, plan: &'a Plan, inputs: usize) -> Self {
        let lanes = Lanes::new(series, plan, inputs);
        let columns = plan.columns.len();
        let shared = lanes.shared_windows;
        Self {
            rule: Rule::new(series, plan),
            meta: Cow::default(),
            values: vec![0; columns],
            conflicts: vec![false; columns],
            sole: None,
            seen: Seen::new(columns),
            shared: vec![0; shared],
            shared_conflicts: vec![false; shared],
            lanes,
        }
    }

    /// Merges one row of these inputs.
    pub(super) fn row(&mut self, contributors: &[(usize, &'a Row)]) -> &Self {
        self.meta = contributors.first().map_or_else(Cow::default, |(_, row)| Cow::Borrowed(&row.meta));
        self.values.fill(0);
        self.conflicts.fill(false);
        self.add_alone(contributors);
        if !self.shared.is_empty() {
            self.add_shared(contributors);
        }
        self.sole = sole_identity(contributors.iter().map(|&(_, row)| row));
        self.rule.set_row(contributors);
        if self.sole.is_none() {
            self.merge_by_identity(contributors);
        }
        for i in 0..self.lanes.irregular_columns.len() {
            self.merge_by_rule(self.lanes.irregular_columns[i]);
        }
        self
    }

    fn add_alone(&mut self, contributors: &[(usize, &Row)]) {
        for &(input, row) in contributors {
            for span in &self.lanes.by_input[input].alone {
                span.add(&row.values, &mut self.values);
            }
        }
    }

    fn add_shared(&mut self, contributors: &[(usize, &Row)]) {
        self.shared.fill(0);
        self.shared_conflicts.fill(false);
        for (nth, &(input, row)) in contributors.iter().enumerate() {
            for span in &self.lanes.by_input[input].shared {
                if nth == 0 {
                    span.copy(&row.values, &mut self.shared);
                } else {
                    span.raise(&row.values, &mut self.shared, &mut self.shared_conflicts);
                }
            }
        }
        for span in &self.lanes.shared {
            span.add(&self.shared, &mut self.values);
            span.mark(&self.shared_conflicts, &mut self.conflicts);
        }
    }

    /// Finds the identities in each cell, and merges those with several by the full rules.
    fn merge_by_identity(&mut self, contributors: &[(usize, &'a Row)]) {
        self.seen.clear();
        for &(input, row) in contributors {
            self.seen.mark(row, &self.lanes.by_input[input].columns);
        }
        for column in 0..self.values.len() {
            if self.seen.is_several(column) {
                self.merge_by_rule(column);
            }
        }
    }

    fn merge_by_rule(&mut self, column: usize) {
        let cell = self.rule.column(column);
        self.values[column] = cell.value;
        self.conflicts[column] = cell.conflict;
        if self.sole.is_none() {
            self.seen.set(column, cell.identity);
        }
    }

    /// The sum of the row's cells.
    pub(super) fn sum(&self) -> u128 {
        self.values.iter().map(|&value| u128::from(value)).sum()
    }

    /// The row as it is, until the next.
    pub(super) fn view(&self) -> RowView<'_> {
        let led = self.sole.map_or_else(|| self.led_by_each(), Led::By);
        RowView { meta: &self.meta, values: &self.values, led, conflicts: self.conflicts() }
    }

    fn conflicts(&self) -> Option<&[bool]> {
        self.conflicts.contains(&true).then_some(&self.conflicts)
    }

    fn led_by_each(&self) -> Led<'_> {
        let (groups, terms) = self.identities();
        Led::ByEach(Cow::Owned(groups), Cow::Owned(terms))
    }

    pub(super) fn to_row(&self) -> MergedRow {
        let (raft_group_ids, leader_terms) = self.identities();
        MergedRow {
            meta: self.meta.clone().into_owned(),
            values: self.values.clone(),
            raft_group_ids,
            leader_terms,
            conflicts: self.conflicts().map(<[bool]>::to_vec),
        }
    }

    /// Groups and terms, 0 where a cell is 0.
    fn identities(&self) -> (Identities, Identities) {
        match self.sole {
            Some(sole) => {
                let runs = self.values.chunk_by(|&a, &b| (a == 0) == (b == 0));
                collect(runs.map(|run| (run.len(), if run[0] == 0 { Identity::default() } else { sole })))
            }
            None => collect(self.seen.runs()),
        }
    }
}

/// Groups and terms of runs of so many cells.
fn collect(runs: impl Iterator<Item = (usize, Identity)>) -> (Identities, Identities) {
    let mut groups = IdentitiesBuilder::default();
    let mut terms = IdentitiesBuilder::default();
    for (cells, identity) in runs {
        groups.push_run(identity.group, cells);
        terms.push_run(identity.term, cells);
    }
    (groups.finish(), terms.finish())
}
