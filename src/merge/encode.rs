use super::{Merged, MergedRow};
use crate::matrix::json::{self, Json};

/// What an answer says beside the merged matrix.
#[derive(Clone, Copy, Debug)]
pub struct Extras<'a> {
    /// When the answer was made, RFC 3339 UTC.
    pub generated_at: &'a str,
    /// Whether rows carry `raft_group_ids` and `leader_terms` (SPEC §2, `identity`).
    pub identity: bool,
    /// The fanout block (SPEC §3), JSON already.
    pub fanout: &'a [u8],
}

/// Encodes the cluster's matrix as it is served (SPEC §4): the fields of WIRE §2, then `fanout`, `step_ms`,
/// `column_nodes` and `rows_dropped`.
pub fn encode(merged: &Merged, extras: &Extras<'_>) -> Vec<u8> {
    let mut json = Json::with_capacity(size(merged, extras));
    json.raw("{\"column_unix_ms\":");
    json.array(&merged.column_unix_ms, |json, &ms| json.i64(ms));
    json.raw(",\"rows\":");
    json.array(&merged.rows, |json, row| encode_row(json, row, extras.identity));
    json.raw(",\"series\":");
    json.string(merged.series.as_str());
    json.raw(",\"generated_at\":");
    json.string(extras.generated_at);
    json.raw(",\"fanout\":");
    json.raw(extras.fanout);
    json.raw(",\"step_ms\":");
    match merged.step_ms {
        Some(step) => json.i64(step),
        None => json.raw("null"),
    }
    json.raw(",\"column_nodes\":");
    json.array(&merged.column_nodes, |json, &nodes| json.u64(nodes.into()));
    json.raw(",\"rows_dropped\":");
    json.u64(merged.rows_dropped as u64);
    json.raw("}");
    json.finish()
}

fn encode_row(json: &mut Json, row: &MergedRow, identity: bool) {
    json.raw("{");
    json.meta(&row.meta);
    json.raw("\"values\":");
    json.u64_array(&row.values);
    if identity {
        json.raw(",\"raft_group_ids\":");
        json.identities(&row.raft_group_ids);
        json.raw(",\"leader_terms\":");
        json.identities(&row.leader_terms);
    }
    json.raw(",\"conflict\":");
    json.bool(row.conflicts.is_some());
    if let Some(conflicts) = &row.conflicts {
        json.raw(",\"conflicts\":");
        json.array(conflicts, |json, &conflict| json.bool(conflict));
    }
    json.raw("}");
}

/// About how many bytes the answer takes.
fn size(merged: &Merged, extras: &Extras<'_>) -> usize {
    let row = |row: &MergedRow| {
        let identities = [&row.raft_group_ids, &row.leader_terms].into_iter().filter(|_| extras.identity);
        json::meta_size(&row.meta)
            + json::cells_size(&row.values)
            + identities.map(json::identities_size).sum::<usize>()
            + row.conflicts.as_ref().map_or(0, |conflicts| conflicts.len() * 6)
    };
    256 + extras.fanout.len() + merged.column_unix_ms.len() * 18 + merged.rows.iter().map(row).sum::<usize>()
}
