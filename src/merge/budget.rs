//! The row budget: the rows with the largest sums stay (SPEC §4, "Row budget").

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{MergedRow, fold::Fold};

/// The rows that stay so far.
pub(super) struct Budget<'a> {
    limit: usize,
    /// More rows than the limit are to come; ranks are of use only then.
    is_tight: bool,
    rows: Vec<MergedRow>,
    /// Per row its rank and its place in `rows`; on top the one to go first.
    ranks: BinaryHeap<Reverse<(Rank<'a>, usize)>>,
}

/// Larger stays: the sum of the values, then the bucket id that sorts first.
type Rank<'a> = (u128, Reverse<&'a str>);

impl<'a> Budget<'a> {
    /// A budget for `offered` rows, of which at most `limit` stay.
    pub(super) fn new(limit: usize, offered: usize) -> Self {
        Self { limit, is_tight: offered > limit, rows: Vec::new(), ranks: BinaryHeap::new() }
    }

    /// Takes the row merged last, if it is among the largest so far.
    pub(super) fn offer(&mut self, row: &Fold<'a>) {
        if !self.is_tight {
            self.rows.push(row.to_row());
            return;
        }
        let rank = (row.sum(), Reverse(row.bucket_id()));
        if self.rows.len() < self.limit {
            self.ranks.push(Reverse((rank, self.rows.len())));
            self.rows.push(row.to_row());
        } else if let Some(mut least) = self.ranks.peek_mut()
            && least.0.0 < rank
        {
            let place = least.0.1;
            self.rows[place] = row.to_row();
            *least = Reverse((rank, place));
        }
    }

    /// Those that stay, by start key, then bucket id.
    pub(super) fn into_rows(mut self) -> Vec<MergedRow> {
        self.rows.sort_unstable_by(|a, b| {
            (a.meta.start_bytes(), &a.meta.bucket_id).cmp(&(b.meta.start_bytes(), &b.meta.bucket_id))
        });
        self.rows
    }
}
