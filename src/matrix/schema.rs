//! What a node's matrix looks like as JSON (WIRE §2), as types that only schemas are made of: the encoder writes by hand,
//! and answers of HTTP nodes are passed on as they came.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use super::Series;

/// One node's own matrix, as it gave it; it may have more fields than these.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a schema is made of it, never a value")]
pub(crate) struct NodeMatrix {
    /// End of each window, Unix milliseconds. A node whose clock was set back may have them out of order or twice.
    column_unix_ms: Vec<i64>,
    /// The key ranges; null is none.
    rows: Option<Vec<NodeRow>>,
    series: Series,
    /// When the node made the answer, by its own clock.
    #[schemars(skip_serializing_if = "Option::is_none")]
    generated_at: Option<String>,
    /// There where the local node is an aggregator itself.
    #[schemars(skip_serializing_if = "Option::is_none")]
    fanout: Option<Map<String, Value>>,
}

/// A key range as one node counted it.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a schema is made of it, never a value")]
struct NodeRow {
    #[schemars(flatten)]
    range: Range,
    /// One count per column.
    values: Vec<u64>,
    /// Raft group of each cell, 0 where not known.
    #[schemars(skip_serializing_if = "Option::is_none")]
    raft_group_ids: Option<Vec<u64>>,
    /// Leader's term of each cell, 0 where not known.
    #[schemars(skip_serializing_if = "Option::is_none")]
    leader_terms: Option<Vec<u64>>,
    #[schemars(skip_serializing_if = "Option::is_none")]
    conflict: Option<bool>,
    #[schemars(skip_serializing_if = "Option::is_none")]
    conflicts: Option<Vec<bool>>,
}

/// What `Json::meta` writes: a row but for its cells.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a schema is made of it, never a value")]
pub(crate) struct Range {
    /// The row's identity in the cluster.
    #[schemars(length(min = 1))]
    bucket_id: String,
    /// Which protocol's keys these are, where the node says.
    #[schemars(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// First key, raw bytes; null and empty both mean unbounded.
    #[schemars(extend("contentEncoding" = "base64"))]
    start: Option<String>,
    /// Key after the last, raw bytes; null and empty both mean unbounded.
    #[schemars(extend("contentEncoding" = "base64"))]
    end: Option<String>,
    /// Whether the row stands for several routes that share one counter.
    aggregate: bool,
    /// The routes behind the row, where the node lists them.
    #[schemars(skip_serializing_if = "Option::is_none")]
    route_ids: Option<Vec<u64>>,
    /// Whether `route_ids` is only a part.
    #[schemars(skip_serializing_if = "Option::is_none")]
    route_ids_truncated: Option<bool>,
    /// How many routes are behind the row.
    route_count: u64,
}

impl JsonSchema for Series {
    fn schema_name() -> Cow<'static, str> {
        "Series".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": Self::ALL.map(Self::as_str), "description": "What the cells count." })
    }
}
