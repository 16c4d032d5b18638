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
    let group = sole_value(rows.clone().map(|row| (row.raft_group_ids.as_ref(), row)))?;
    let term = sole_value(rows.map(|row| (row.leader_terms.as_ref(), row)))?;
    Some(Identity { term, group })
}

/// The one value that all cells with a count have.
fn sole_value<'a>(rows: impl Iterator<Item = (Option<&'a Identities>, &'a Row)>) -> Option<u64> {
    let mut sole = None;
    let mut admit = |value, counts: &[u64]| {
        sole == Some(value) || counts.iter().all(|&count| count == 0) || sole.replace(value).is_none()
    };
    for (ids, row) in rows {
        let is_sole = match ids {
            Some(ids) => ids.runs().all(|(run, value)| admit(value, &row.values[run])),
            None => admit(0, &row.values),
        };
        if !is_sole {
            return None;
        }
    }
    Some(sole.unwrap_or_default())
}
