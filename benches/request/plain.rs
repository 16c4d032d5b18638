//! The same as one would write it in an afternoon: typed decoding, a map of cells, typed encoding.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
struct Matrix {
    column_unix_ms: Vec<i64>,
    rows: Vec<Row>,
}

#[derive(Deserialize, Serialize)]
struct Row {
    bucket_id: String,
    values: Vec<u64>,
    raft_group_ids: Vec<u64>,
    leader_terms: Vec<u64>,
}

/// Count, group, term.
type Cell = (u64, u64, u64);

/// Merges nodes whose columns coincide and of which each row has one leader: the largest count stands.
pub(crate) fn aggregate(bodies: &[Arc<[u8]>]) -> Vec<u8> {
    serde_json::to_vec(&merge(bodies)).unwrap()
}

fn merge(bodies: &[Arc<[u8]>]) -> Matrix {
    let mut cells: BTreeMap<String, BTreeMap<i64, Cell>> = BTreeMap::new();
    let mut columns = Vec::new();
    for body in bodies {
        let matrix: Matrix = serde_json::from_slice(body).unwrap();
        for row in matrix.rows {
            let merged = cells.entry(row.bucket_id).or_default();
            for (i, &at) in matrix.column_unix_ms.iter().enumerate() {
                let cell = merged.entry(at).or_default();
                if row.values[i] > cell.0 {
                    *cell = (row.values[i], row.raft_group_ids[i], row.leader_terms[i]);
                }
            }
        }
        columns = matrix.column_unix_ms;
    }
    let row = |(bucket_id, cells): (String, BTreeMap<i64, Cell>)| Row {
        bucket_id,
        values: cells.values().map(|cell| cell.0).collect(),
        raft_group_ids: cells.values().map(|cell| cell.1).collect(),
        leader_terms: cells.values().map(|cell| cell.2).collect(),
    };
    Matrix { column_unix_ms: columns, rows: cells.into_iter().map(row).collect() }
}

/// Holds a response of the daemon against what the plain way makes of the same bodies.
pub(crate) fn assert_same(bodies: &[Arc<[u8]>], response: &[u8]) {
    let head = response.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let mut ours: Matrix = serde_json::from_slice(&response[head + 4..]).unwrap();
    ours.rows.sort_by(|a, b| a.bucket_id.cmp(&b.bucket_id));
    let plain = merge(bodies);
    assert!(ours.column_unix_ms == plain.column_unix_ms && ours.rows.len() == plain.rows.len());
    for (ours, plain) in ours.rows.iter().zip(&plain.rows) {
        assert_eq!((&ours.bucket_id, &ours.values), (&plain.bucket_id, &plain.values));
        let of = |row: &Row| (row.raft_group_ids.clone(), row.leader_terms.clone());
        assert_eq!(of(ours), of(plain), "{}", ours.bucket_id);
    }
}
