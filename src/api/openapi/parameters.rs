//! What a request may carry.

use serde_json::{Value, json};

use crate::{
    fanout::{GUARD_HEADER, MAX_ROWS},
    matrix::Series,
};

/// What the matrix takes (SPEC §2, "Matrix query"). An empty value is the default everywhere.
pub(super) fn matrix() -> Value {
    let unix_ms =
        json!({ "type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX, "default": 0 });
    json!([
        query("series", "What is counted.", &words(&Series::ALL.map(Series::as_str), Series::default().as_str())),
        query("from_unix_ms", "First column, Unix milliseconds, inclusive; 0 is unbounded.", &unix_ms),
        query("to_unix_ms", "End of the columns, Unix milliseconds, exclusive; 0 is unbounded.", &unix_ms),
        query(
            "rows",
            &format!("The hottest rows that are wanted; what is not in 1…{MAX_ROWS} means {MAX_ROWS}."),
            &json!({ "type": "integer", "default": MAX_ROWS }),
        ),
        query("require", "With `all`, a result that lacks a node is an error.", &words(&["any", "all"], "any")),
        query(
            "identity",
            "`false` leaves out `raft_group_ids` and `leader_terms`.",
            &words(&["true", "false"], "true")
        ),
        guard(),
    ])
}

/// The header that another aggregator's call carries (SPEC §2).
pub(super) fn guard() -> Value {
    json!({
        "name": GUARD_HEADER,
        "in": "header",
        "description": "Another aggregator's call, and how many it came through: the matrix is then the local node's \
            own. What is no number counts as 1; from 3 on the answer is 508.",
        "schema": { "type": "string" },
    })
}

/// The name of one of the page's files.
pub(super) fn asset() -> Value {
    json!({ "name": "asset", "in": "path", "required": true, "schema": { "type": "string" } })
}

fn query(name: &str, description: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "description": description, "allowEmptyValue": true, "schema": schema })
}

fn words(words: &[&str], default: &str) -> Value {
    json!({ "type": "string", "enum": words, "default": default })
}
