//! Who led the group that counted, cell by cell and run by run.

use std::{iter, ops::Range};

use crate::matrix::{Identities, Row};

/// Who led the group that counted: raft group and leader's term, 0 where not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    /// Before the group, since a tie goes to the higher term first.
    pub(super) term: u64,
    pub(super) group: u64,
}

impl Identity {
    pub(super) fn is_known(self) -> bool {
        self.group != 0 && self.term != 0
    }
}

/// The identity of one cell.
pub(super) fn identity_at(row: &Row, index: usize) -> Identity {
    let of = |ids: &Option<Identities>| ids.as_ref().and_then(|ids| ids.get(index)).unwrap_or_default();
    Identity { group: of(&row.raft_group_ids), term: of(&row.leader_terms) }
}

/// The identities of a row's cells, as runs that cover them all.
pub(super) fn identity_runs(row: &Row) -> impl Iterator<Item = (Range<usize>, Identity)> {
    let cells = row.values.len();
    let mut groups = runs(row.raft_group_ids.as_ref(), cells).peekable();
    let mut terms = runs(row.leader_terms.as_ref(), cells).peekable();
    let mut start = 0;
    iter::from_fn(move || {
        let (&(group_end, group), &(term_end, term)) = (groups.peek()?, terms.peek()?);
        let run = start..group_end.min(term_end);
        start = run.end;
        groups.next_if(|&(end, _)| end == run.end);
        terms.next_if(|&(end, _)| end == run.end);
        Some((run, Identity { term, group }))
    })
}

/// End and value of each run.
fn runs(ids: Option<&Identities>, cells: usize) -> impl Iterator<Item = (usize, u64)> {
    let known = ids.into_iter().flat_map(Identities::runs).map(|(run, value)| (run.end, value));
    known.chain(ids.is_none().then_some((cells, 0)))
}

/// The identity of everything these rows counted; `None` when there are several.
pub(super) fn sole_identity<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Option<Identity> {
    let mut counts = rows.clone().filter_map(|row| Some((row, row.values.iter().position(|&count| count > 0)?)));
    let Some((row, first)) = counts.next() else { return Some(Identity::default()) };
    let sole = identity_at(row, first);
    let mut arrays = rows.flat_map(|row| {
        [(&row.raft_group_ids, sole.group), (&row.leader_terms, sole.term)]
            .map(|(ids, value)| (ids, value, &row.values))
    });
    arrays.all(|(ids, value, counts)| is_sole(ids.as_ref(), value, counts)).then_some(sole)
}

/// Whether every count has this value. Cells without a count, which nodes mostly send as 0, may have any.
fn is_sole(ids: Option<&Identities>, value: u64, counts: &[u64]) -> bool {
    let Some(ids) = ids else { return value == 0 || is_quiet(counts) };
    ids.uniform() == Some(value) || ids.runs().all(|(run, other)| other == value || is_quiet(&counts[run]))
}

fn is_quiet(counts: &[u64]) -> bool {
    counts.iter().all(|&count| count == 0)
}
