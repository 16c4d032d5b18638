use std::collections::HashSet;

use super::{Identities, Matrix, Row, Series};

/// Why a matrix that was not decoded, but made in this process, is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidMatrix(String);

impl Matrix {
    /// Checks what the decoder checks of an answer (WIRE §2): the series asked for, unique bucket ids, rows as long as
    /// the columns.
    pub fn check(&self, asked: Series) -> Result<(), InvalidMatrix> {
        if self.series != asked {
            return Err(InvalidMatrix(format!("series: {} where {asked} was asked for", self.series)));
        }
        let mut seen = HashSet::with_capacity(self.rows.len());
        for (i, row) in self.rows.iter().enumerate() {
            let id = &row.meta.bucket_id;
            let invalid = |what: String| InvalidMatrix(format!("rows[{i}] ({}): {what}", id.escape_debug()));
            if id.is_empty() || !seen.insert(id) {
                return Err(invalid("bucket_id: empty, or twice".into()));
            }
            if let Some((field, len)) = row.misfit(self.column_unix_ms.len()) {
                return Err(invalid(format!("{field}: {len} numbers for {} columns", self.column_unix_ms.len())));
            }
        }
        Ok(())
    }
}

impl Row {
    /// The first array that is not as long as the columns.
    fn misfit(&self, columns: usize) -> Option<(&'static str, usize)> {
        let identities = |array: &Option<Identities>| array.as_ref().map_or(columns, Identities::len);
        let arrays = [
            ("values", self.values.len()),
            ("raft_group_ids", identities(&self.raft_group_ids)),
            ("leader_terms", identities(&self.leader_terms)),
        ];
        arrays.into_iter().find(|(_, len)| *len != columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::RowMeta;

    fn matrix() -> Matrix {
        let row = |id: &str| Row {
            meta: RowMeta { bucket_id: id.into(), ..RowMeta::default() },
            values: vec![1, 2],
            raft_group_ids: Some(Identities::constant(1, 2)),
            leader_terms: None,
        };
        Matrix {
            series: Series::Writes,
            column_unix_ms: vec![1, 2],
            rows: vec![row("a"), row("b")],
            generated_at: None,
            fanout_expected: None,
        }
    }

    fn refused(change: impl FnOnce(&mut Matrix)) -> String {
        let mut matrix = matrix();
        change(&mut matrix);
        matrix.check(Series::Writes).unwrap_err().to_string()
    }

    #[test]
    fn what_the_decoder_would_refuse_is_refused() {
        assert_eq!(matrix().check(Series::Writes), Ok(()));
        assert_eq!(refused(|m| m.series = Series::Reads), "series: reads where writes was asked for");
        assert_eq!(refused(|m| m.rows[1].meta.bucket_id = "a".into()), "rows[1] (a): bucket_id: empty, or twice");
        assert_eq!(refused(|m| m.rows[0].values.truncate(1)), "rows[0] (a): values: 1 numbers for 2 columns");
        assert_eq!(
            refused(|m| m.rows[0].raft_group_ids = Some(Identities::constant(1, 3))),
            "rows[0] (a): raft_group_ids: 3 numbers for 2 columns"
        );
    }
}
