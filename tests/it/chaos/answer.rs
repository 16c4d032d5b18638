//! An answer as it is served, and where it differs from the merge that it should be.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use base64::{Engine, engine::general_purpose::STANDARD};
use keyviz_fanout::{matrix::Identities, merge::Merged, merge::MergedRow};
use serde::Deserialize;

/// SPEC §4: "exactly the fields of WIRE.md §2 and `fanout`, `step_ms`, `column_nodes`, `rows_dropped`".
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Served {
    pub(super) column_unix_ms: Vec<i64>,
    pub(super) rows: Vec<ServedRow>,
    pub(super) series: String,
    #[serde(rename = "generated_at")]
    _generated_at: jiff::Timestamp,
    pub(super) fanout: Block,
    pub(super) step_ms: Option<i64>,
    pub(super) column_nodes: Vec<u32>,
    pub(super) rows_dropped: usize,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(super) struct ServedRow {
    pub(super) bucket_id: String,
    label: Option<String>,
    start: Option<String>,
    end: Option<String>,
    aggregate: bool,
    route_ids: Option<Vec<u64>>,
    route_ids_truncated: Option<bool>,
    route_count: u64,
    values: Vec<u64>,
    raft_group_ids: Option<Vec<u64>>,
    leader_terms: Option<Vec<u64>>,
    conflict: bool,
    conflicts: Option<Vec<bool>>,
}

/// An error that has a fanout block.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refusal {
    pub(super) error: String,
    #[serde(rename = "message")]
    _message: String,
    pub(super) fanout: Block,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Block {
    pub(super) nodes: Vec<Listed>,
    pub(super) responded: usize,
    pub(super) expected: usize,
    pub(super) complete: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    pub(super) node: String,
    pub(super) ok: bool,
    pub(super) role: String,
    pub(super) error: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) warnings: Vec<ServedWarning>,
    pub(super) duration_ms: f64,
    pub(super) bytes: u64,
    pub(super) rows: Option<usize>,
    pub(super) columns: Option<usize>,
    pub(super) generated_at: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServedWarning {
    pub(super) code: String,
    #[serde(rename = "message")]
    _message: String,
}

/// The smallest thing that is wrong, and the bucket that it is in.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) what: String,
    pub(super) bucket: Option<String>,
}

impl Served {
    /// Where this is not `merged`.
    pub(super) fn differs(&self, merged: &Merged, identity: bool) -> Option<Difference> {
        let frame = [
            unequal("series", &self.series.as_str(), &merged.series.as_str()),
            unequal("step_ms", &self.step_ms, &merged.step_ms),
            unequal("column_unix_ms", &self.column_unix_ms, &merged.column_unix_ms),
            unequal("column_nodes", &self.column_nodes, &merged.column_nodes),
            unequal("rows_dropped", &self.rows_dropped, &merged.rows_dropped),
            unequal("the buckets", &buckets(self.rows.iter().map(|row| &row.bucket_id)), &{
                buckets(merged.rows.iter().map(|row| &row.meta.bucket_id))
            }),
        ];
        if let Some(what) = frame.into_iter().flatten().next() {
            return Some(Difference { what, bucket: None });
        }
        self.rows.iter().zip(&merged.rows).find_map(|(row, merged)| {
            let what = row.differs(&expected(merged, identity), &self.column_unix_ms)?;
            Some(Difference { what, bucket: Some(row.bucket_id.clone()) })
        })
    }
}

impl ServedRow {
    fn differs(&self, expected: &Self, columns: &[i64]) -> Option<String> {
        let all = Some(&self.values).zip(Some(&expected.values));
        let groups = self.raft_group_ids.as_ref().zip(expected.raft_group_ids.as_ref());
        let terms = self.leader_terms.as_ref().zip(expected.leader_terms.as_ref());
        let conflicts = self.conflicts.as_ref().zip(expected.conflicts.as_ref());
        cell("values", columns, all)
            .or_else(|| cell("raft_group_ids", columns, groups))
            .or_else(|| cell("leader_terms", columns, terms))
            .or_else(|| cell("conflicts", columns, conflicts))
            .or_else(|| unequal("the row", self, expected))
            .map(|what| format!("row {:?}: {what}", self.bucket_id))
    }
}

/// The first cell that differs.
fn cell<T: PartialEq + std::fmt::Debug>(
    what: &str,
    columns: &[i64],
    both: Option<(&Vec<T>, &Vec<T>)>,
) -> Option<String> {
    let (got, expected) = both?;
    if got.len() != expected.len() {
        return Some(format!("{what} has {} cells, expected {}", got.len(), expected.len()));
    }
    let place = got.iter().zip(expected).position(|(got, expected)| got != expected)?;
    let column = columns.get(place)?;
    Some(format!("{what}, column {place} ({column} ms): got {:?}, expected {:?}", got[place], expected[place]))
}

fn unequal<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, expected: &T) -> Option<String> {
    (got != expected).then(|| format!("{what}: got {got:?}, expected {expected:?}"))
}

fn buckets<'a>(ids: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
    ids.collect()
}

/// The row as it has to be served.
fn expected(row: &MergedRow, identity: bool) -> ServedRow {
    let cells = |ids: &Identities| (0..ids.len()).map(|i| ids.get(i).unwrap()).collect();
    let key = |key: &Option<Vec<u8>>| key.as_ref().map(|bytes| STANDARD.encode(bytes));
    let meta = row.meta.clone();
    ServedRow {
        bucket_id: meta.bucket_id,
        label: meta.label,
        start: key(&meta.start),
        end: key(&meta.end),
        aggregate: meta.aggregate,
        route_ids: meta.route_ids,
        route_ids_truncated: meta.route_ids_truncated,
        route_count: meta.route_count,
        values: row.values.clone(),
        raft_group_ids: identity.then(|| cells(&row.raft_group_ids)),
        leader_terms: identity.then(|| cells(&row.leader_terms)),
        conflict: row.conflicts.is_some(),
        conflicts: row.conflicts.clone(),
    }
}
