//! Small matrices by hand.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic, and then the test fails")]

use keyviz_fanout::{
    config::{Dedupe, Step},
    matrix::{Identities, Matrix, Row, RowMeta, Series},
    merge::{Merged, MergedRow, Options, merge},
};

pub(crate) const WINDOW: Options = Options {
    step: Step::Auto,
    dedupe: Dedupe::Window,
    from_unix_ms: None,
    to_unix_ms: None,
    rows: 1024,
    max_cells: u64::MAX,
};

pub(crate) const SLOT: Options = Options { dedupe: Dedupe::Slot, ..WINDOW };
pub(crate) const OFF: Options = Options { step: Step::Off, ..WINDOW };

pub(crate) fn every(step_ms: i64, options: Options) -> Options {
    Options { step: Step::Millis(step_ms), ..options }
}

pub(crate) fn node(column_unix_ms: &[i64], rows: impl IntoIterator<Item = Row>) -> Matrix {
    Matrix {
        series: Series::Writes,
        column_unix_ms: column_unix_ms.to_vec(),
        rows: rows.into_iter().collect(),
        generated_at: None,
        fanout_expected: None,
    }
}

/// A row of group 1 in term 7.
pub(crate) fn row(bucket_id: &str, values: &[u64]) -> Row {
    led(bucket_id, values, &vec![1; values.len()], &vec![7; values.len()])
}

/// A row whose cells have these groups and terms.
pub(crate) fn led(bucket_id: &str, values: &[u64], groups: &[u64], terms: &[u64]) -> Row {
    Row {
        raft_group_ids: Some(Identities::from_slice(groups)),
        leader_terms: Some(Identities::from_slice(terms)),
        ..anonymous(bucket_id, values)
    }
}

/// A row without groups and terms.
pub(crate) fn anonymous(bucket_id: &str, values: &[u64]) -> Row {
    Row {
        meta: RowMeta { bucket_id: bucket_id.into(), route_count: 1, ..RowMeta::default() },
        values: values.to_vec(),
        raft_group_ids: None,
        leader_terms: None,
    }
}

pub(crate) fn between(start: &[u8], row: Row) -> Row {
    Row { meta: RowMeta { start: Some(start.to_vec()), ..row.meta }, ..row }
}

pub(crate) fn merged(series: Series, nodes: &[Matrix], options: &Options) -> Merged {
    merge(series, &nodes.iter().collect::<Vec<_>>(), options)
}

pub(crate) fn writes(nodes: &[Matrix], options: &Options) -> Merged {
    merged(Series::Writes, nodes, options)
}

/// One cell as `(value, group, term, conflict)`.
pub(crate) type Cell = (u64, u64, u64, bool);

pub(crate) fn cells(row: &MergedRow) -> Vec<Cell> {
    let cell = |i: usize| {
        let conflict = row.conflicts.as_ref().is_some_and(|conflicts| conflicts[i]);
        (row.values[i], row.raft_group_ids.get(i).unwrap(), row.leader_terms.get(i).unwrap(), conflict)
    };
    (0..row.values.len()).map(cell).collect()
}

/// The cell of several nodes' contributions `(value, group, term)` to one window.
pub(crate) fn window(series: Series, contributions: &[(u64, u64, u64)]) -> Cell {
    let nodes: Vec<_> = contributions.iter().map(|&(v, g, t)| node(&[1000], [led("a", &[v], &[g], &[t])])).collect();
    cells(&merged(series, &nodes, &OFF).rows[0])[0]
}
