//! Rows that are one, because their bucket id is (SPEC §4, "Rows").

use std::collections::{HashMap, hash_map::Entry};

use super::Divergence;
use crate::matrix::{Matrix, Row, RowMeta};

/// The merged rows in the order of their first appearance.
#[derive(Debug, Default)]
pub(super) struct Table<'a> {
    /// Per merged row, the inputs that have it, in their order; the first one's description is kept.
    pub(super) rows: Vec<Vec<(usize, &'a Row)>>,
    by_bucket: HashMap<&'a str, usize>,
}

impl<'a> Table<'a> {
    /// Adds the rows of the next input; says which of them it describes otherwise than the input that had them first.
    pub(super) fn push(&mut self, input: usize, matrix: &'a Matrix) -> Option<Divergence> {
        let mut divergence = None;
        for row in &matrix.rows {
            match self.by_bucket.entry(&row.meta.bucket_id) {
                Entry::Vacant(vacant) => {
                    vacant.insert(self.rows.len());
                    self.rows.push(vec![(input, row)]);
                }
                Entry::Occupied(occupied) => {
                    let contributors = &mut self.rows[*occupied.get()];
                    if diverges(&contributors[0].1.meta, &row.meta) {
                        count(&mut divergence, &row.meta);
                    }
                    contributors.push((input, row));
                }
            }
        }
        divergence
    }
}

fn diverges(kept: &RowMeta, other: &RowMeta) -> bool {
    (kept.start_bytes(), kept.end_bytes(), kept.aggregate) != (other.start_bytes(), other.end_bytes(), other.aggregate)
}

fn count(divergence: &mut Option<Divergence>, meta: &RowMeta) {
    let first = || Divergence { rows: 0, first_bucket_id: meta.bucket_id.clone() };
    divergence.get_or_insert_with(first).rows += 1;
}
