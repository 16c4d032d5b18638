//! The row budget: the rows with the largest sums stay (SPEC §4, "Row budget").

use std::cmp::Reverse;

use super::{fold::Fold, table::Contributors};

/// The places of the rows that stay, at most `limit`, by start key, then bucket id.
///
/// Only a budget that drops rows looks at cells: it has to merge every row for its sum.
pub(super) fn keep<'a>(rows: &[Contributors<'a>], limit: usize, fold: &mut Fold<'a>) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..rows.len()).collect();
    if rows.len() > limit {
        let sums: Vec<u128> = rows.iter().map(|row| fold.row(row).sum()).collect();
        kept.select_nth_unstable_by_key(limit, |&place| (Reverse(sums[place]), bucket_id(&rows[place])));
        kept.truncate(limit);
    }
    kept.sort_unstable_by_key(|&place| (rows[place][0].1.meta.start_bytes(), bucket_id(&rows[place])));
    kept
}

fn bucket_id<'a>(row: &Contributors<'a>) -> &'a str {
    &row[0].1.meta.bucket_id
}
