//! Rows that are one, because their bucket id is (SPEC §4, "Rows").

use std::collections::HashMap;

use super::Divergence;
use crate::matrix::{Matrix, Row, RowMeta};

/// The inputs that have one row, in their order, never none; the first one's description is kept.
pub(super) type Contributors<'a> = Vec<(usize, &'a Row)>;

/// The merged rows in the order of their first appearance.
#[derive(Debug, Default)]
pub(super) struct Table<'a> {
    pub(super) rows: Vec<Contributors<'a>>,
    by_bucket: HashMap<&'a str, usize>,
}

impl<'a> Table<'a> {
    /// Adds the rows of the next input; says which of them it describes otherwise than the input that had them first.
    pub(super) fn push(&mut self, input: usize, matrix: &'a Matrix) -> Option<Divergence> {
        let mut divergence = None;
        let mut next = 0;
        for row in &matrix.rows {
            let place = self.place(next, &row.meta.bucket_id);
            next = place + 1;
            let Some(contributors) = self.rows.get_mut(place) else {
                self.rows.push(vec![(input, row)]);
                continue;
            };
            if diverges(&contributors[0].1.meta, &row.meta) {
                count(&mut divergence, &row.meta);
            }
            contributors.push((input, row));
        }
        divergence
    }

    /// The place of a merged row, that after the last for a new one. Nodes mostly send the same rows in the same order,
    /// so the row at `guess` is tried first: comparing is cheaper than hashing.
    fn place(&mut self, guess: usize, bucket_id: &'a str) -> usize {
        if self.rows.get(guess).is_some_and(|contributors| contributors[0].1.meta.bucket_id == bucket_id) {
            return guess;
        }
        *self.by_bucket.entry(bucket_id).or_insert(self.rows.len())
    }
}

fn diverges(kept: &RowMeta, other: &RowMeta) -> bool {
    (kept.start_bytes(), kept.end_bytes(), kept.aggregate) != (other.start_bytes(), other.end_bytes(), other.aggregate)
}

fn count(divergence: &mut Option<Divergence>, meta: &RowMeta) {
    let first = || Divergence { rows: 0, first_bucket_id: meta.bucket_id.clone() };
    divergence.get_or_insert_with(first).rows += 1;
}
