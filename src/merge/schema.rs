//! What [`encode()`](super::encode()) writes, as types that only schemas are made of.

use jiff::Timestamp;
use schemars::JsonSchema;

use crate::matrix::{Series, schema::Range};

/// The cluster's matrix.
#[derive(JsonSchema)]
#[schemars(rename = "MergedMatrix")]
#[expect(dead_code, reason = "a schema is made of it, never a value")]
// `F` is the fanout block, of which the merge knows nothing.
pub(crate) struct MergedMatrix<F> {
    /// End of each column, Unix milliseconds, ascending.
    column_unix_ms: Vec<i64>,
    /// The hottest key ranges, by their first key.
    rows: Vec<MergedRow>,
    series: Series,
    /// When the answer was made.
    generated_at: Timestamp,
    fanout: F,
    /// Width of a column, milliseconds; null where each timestamp is a column of its own.
    step_ms: Option<i64>,
    /// How many nodes are complete in each column. The newest one is often short: nodes flush at different moments.
    column_nodes: Vec<u32>,
    /// How many rows were colder than those shown.
    rows_dropped: u64,
}

/// A key range of the cluster. All its arrays are as long as `column_unix_ms`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a schema is made of it, never a value")]
struct MergedRow {
    #[schemars(flatten)]
    range: Range,
    /// One count per column; a sum over 2^64-1 is 2^64-1.
    values: Vec<u64>,
    /// Raft group of each cell, 0 where not known or where nothing was counted; not there with `identity=false`.
    #[schemars(skip_serializing_if = "Option::is_none")]
    raft_group_ids: Option<Vec<u64>>,
    /// Leader's term of each cell, likewise.
    #[schemars(skip_serializing_if = "Option::is_none")]
    leader_terms: Option<Vec<u64>>,
    /// Whether nodes said different things about the same writes.
    conflict: bool,
    /// In which cells; there in rows with a conflict alone.
    #[schemars(skip_serializing_if = "Option::is_none")]
    conflicts: Option<Vec<bool>>,
}
