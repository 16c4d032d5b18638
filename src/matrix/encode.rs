use super::{
    Matrix, Row,
    json::{self, Json},
};

/// Encodes one matrix as a node sends it (WIRE §2): compact, absent fields left out. [`decode()`](super::decode())
/// gives the same matrix back.
pub fn encode(matrix: &Matrix) -> Vec<u8> {
    let mut json = Json::with_capacity(size(matrix));
    json.raw("{\"column_unix_ms\":");
    json.array(&matrix.column_unix_ms, |json, &ms| json.i64(ms));
    json.raw(",\"rows\":");
    json.array(&matrix.rows, row);
    json.raw(",\"series\":");
    json.string(matrix.series.as_str());
    if let Some(generated_at) = &matrix.generated_at {
        json.raw(",\"generated_at\":");
        json.string(generated_at);
    }
    if let Some(expected) = matrix.fanout_expected {
        json.raw(",\"fanout\":{\"expected\":");
        json.u64(expected);
        json.raw("}");
    }
    json.raw("}");
    json.finish()
}

fn row(json: &mut Json, row: &Row) {
    json.raw("{");
    json.meta(&row.meta);
    json.raw("\"values\":");
    json.u64_array(&row.values);
    if let Some(groups) = &row.raft_group_ids {
        json.raw(",\"raft_group_ids\":");
        json.identities(groups);
    }
    if let Some(terms) = &row.leader_terms {
        json.raw(",\"leader_terms\":");
        json.identities(terms);
    }
    json.raw("}");
}

/// About how many bytes the answer takes.
fn size(matrix: &Matrix) -> usize {
    let row = |row: &Row| {
        let arrays = [&row.raft_group_ids, &row.leader_terms].into_iter().flatten();
        json::meta_size(&row.meta) + json::cells_size(&row.values) + arrays.map(json::identities_size).sum::<usize>()
    };
    256 + matrix.column_unix_ms.len() * 14 + matrix.rows.iter().map(row).sum::<usize>()
}
