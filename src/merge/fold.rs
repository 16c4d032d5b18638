//! Merges row by row into the same memory: whole stretches of columns where a row's counts have one identity, cell by
//! cell where they have several.

use super::{
    MergedRow,
    identity::{Identity, identity_runs, sole_identity},
    lanes::Lanes,
    plan::Plan,
    rule::Rule,
};
use crate::matrix::{Identities, IdentitiesBuilder, Row, RowMeta, Series};

/// The row merged last, and the memory for the next.
pub(super) struct Fold<'a> {
    lanes: Lanes,
    rule: Rule<'a>,
    meta: Option<&'a RowMeta>,
    values: Vec<u64>,
    conflicts: Vec<bool>,
    /// The identity of all counts of the row; `None` when there are several, and `seen` has those of each cell.
    sole: Option<Identity>,
    seen: Vec<Seen>,
    /// What the windows of several inputs hold.
    shared: Vec<u64>,
    shared_conflicts: Vec<bool>,
}

/// The identities of the counts in one cell.
#[derive(Clone, Copy, Debug)]
enum Seen {
    Nothing,
    One(Identity),
    Several,
}

impl<'a> Fold<'a> {
    /// `columns_sent` says how many columns each input has.
    pub(super) fn new(series: Series, plan: &'a Plan, columns_sent: impl Iterator<Item = usize>) -> Self {
        let lanes = Lanes::new(series, plan, columns_sent);
        let columns = plan.columns.len();
        let shared = lanes.shared_windows;
        Self {
            rule: Rule::new(series, plan),
            meta: None,
            values: vec![0; columns],
            conflicts: vec![false; columns],
            sole: None,
            seen: vec![Seen::Nothing; columns],
            shared: vec![0; shared],
            shared_conflicts: vec![false; shared],
            lanes,
        }
    }

    /// Merges one row of these inputs.
    pub(super) fn row(&mut self, contributors: &[(usize, &'a Row)]) {
        self.meta = contributors.first().map(|(_, row)| &row.meta);
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
        let mut rows = contributors.iter().map(|&(input, row)| (&self.lanes.by_input[input].shared, &row.values));
        if let Some((spans, counts)) = rows.next() {
            spans.iter().for_each(|span| span.copy(counts, &mut self.shared));
        }
        for (spans, counts) in rows {
            spans.iter().for_each(|span| span.raise(counts, &mut self.shared, &mut self.shared_conflicts));
        }
        for span in &self.lanes.shared {
            span.add(&self.shared, &mut self.values);
            span.mark(&self.shared_conflicts, &mut self.conflicts);
        }
    }

    /// Finds the identities in each cell, and merges those with several by the full rules.
    fn merge_by_identity(&mut self, contributors: &[(usize, &'a Row)]) {
        self.seen.fill(Seen::Nothing);
        for &(input, row) in contributors {
            let columns = &self.lanes.by_input[input].columns;
            for (run, identity) in identity_runs(row) {
                for (&column, _) in columns[run.clone()].iter().zip(&row.values[run]).filter(|(_, value)| **value > 0) {
                    if let Some(column) = column {
                        self.seen[column].add(identity);
                    }
                }
            }
        }
        for column in 0..self.seen.len() {
            if let Seen::Several = self.seen[column] {
                self.merge_by_rule(column);
            }
        }
    }

    fn merge_by_rule(&mut self, column: usize) {
        let cell = self.rule.column(column);
        self.values[column] = cell.value;
        self.conflicts[column] = cell.conflict;
        self.seen[column] = Seen::One(cell.identity);
    }

    /// The sum of the row's cells.
    pub(super) fn sum(&self) -> u128 {
        self.values.iter().map(|&value| u128::from(value)).sum()
    }

    pub(super) fn bucket_id(&self) -> &'a str {
        self.meta.map_or("", |meta| &meta.bucket_id)
    }

    pub(super) fn to_row(&self) -> MergedRow {
        let conflict = self.conflicts.contains(&true);
        let (raft_group_ids, leader_terms) = self.identities();
        MergedRow {
            meta: self.meta.cloned().unwrap_or_default(),
            values: self.values.clone(),
            raft_group_ids,
            leader_terms,
            conflicts: conflict.then(|| self.conflicts.clone()),
        }
    }

    /// Groups and terms, 0 where a cell is 0.
    fn identities(&self) -> (Identities, Identities) {
        let Some(sole) = self.sole else {
            let of = |seen: &Seen| seen.identity();
            let groups = self.seen.iter().map(|seen| of(seen).group).collect();
            return (groups, self.seen.iter().map(|seen| of(seen).term).collect());
        };
        let mut groups = IdentitiesBuilder::default();
        let mut terms = IdentitiesBuilder::default();
        for run in self.values.chunk_by(|&a, &b| (a == 0) == (b == 0)) {
            let identity = if run[0] == 0 { Identity::default() } else { sole };
            groups.push_run(identity.group, run.len());
            terms.push_run(identity.term, run.len());
        }
        (groups.finish(), terms.finish())
    }
}

impl Seen {
    fn add(&mut self, identity: Identity) {
        *self = match *self {
            Self::Nothing => Self::One(identity),
            Self::One(seen) if seen == identity => return,
            _ => Self::Several,
        };
    }

    fn identity(self) -> Identity {
        if let Self::One(identity) = self { identity } else { Identity::default() }
    }
}
