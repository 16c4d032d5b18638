//! Which identities the counts of one row have, column by column.

use super::{
    identity::{Identity, identity_runs},
    lanes::Span,
};
use crate::matrix::Row;

/// The identity of each cell, or that it has several.
///
/// A cell holds a tag: a place in the palette, so that marking is a loop over small numbers.
pub(super) struct Seen {
    tags: Vec<usize>,
    /// The identity of nothing, then those marked.
    palette: Vec<Identity>,
}

/// The place in the palette of the identity of nothing.
const NOTHING: usize = 0;
const SEVERAL: usize = usize::MAX;

/// The palette is searched while it is this small. Beyond, one identity may have two tags, and a cell with both is
/// taken to have several: the full rules then find that it has one.
const SEARCHED: usize = 16;

impl Seen {
    pub(super) fn new(columns: usize) -> Self {
        Self { tags: vec![NOTHING; columns], palette: vec![Identity::default()] }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.tags.fill(NOTHING);
        self.palette.truncate(1);
    }

    /// Marks the columns in which a row has counts; `spans` leads from its columns to the merged ones.
    pub(super) fn mark(&mut self, row: &Row, spans: &[Span]) {
        let mut runs = identity_runs(row).peekable();
        for span in spans {
            let mut part = span.from..span.from + span.len;
            while !part.is_empty() {
                while runs.next_if(|(run, _)| run.end <= part.start).is_some() {}
                let Some((run, identity)) = runs.peek() else { return };
                let end = run.end.min(part.end);
                let to = span.to + (part.start - span.from);
                self.mark_run(to, &row.values[part.start..end], *identity);
                part.start = end;
            }
        }
    }

    fn mark_run(&mut self, column: usize, counts: &[u64], identity: Identity) {
        let tag = self.tag(identity);
        for (seen, &count) in self.tags[column..].iter_mut().zip(counts) {
            let with = if *seen == NOTHING || *seen == tag { tag } else { SEVERAL };
            *seen = if count == 0 { *seen } else { with };
        }
    }

    /// A tag of the identity, never that of nothing.
    fn tag(&mut self, identity: Identity) -> usize {
        let mut searched = self.palette.iter().enumerate().take(SEARCHED).skip(1);
        if let Some((tag, _)) = searched.find(|(_, known)| **known == identity) {
            return tag;
        }
        self.palette.push(identity);
        self.palette.len() - 1
    }

    /// Whether a column has counts of several identities.
    pub(super) fn is_several(&self, column: usize) -> bool {
        self.tags[column] == SEVERAL
    }

    /// Settles the identity of a column.
    pub(super) fn set(&mut self, column: usize, identity: Identity) {
        self.tags[column] = if identity == Identity::default() { NOTHING } else { self.tag(identity) };
    }

    /// The identities as runs: how many columns, and whose.
    pub(super) fn runs(&self) -> impl Iterator<Item = (usize, Identity)> {
        self.tags.chunk_by(|a, b| a == b).map(|run| (run.len(), self.palette.get(run[0]).copied().unwrap_or_default()))
    }
}
