use std::borrow::Cow;

use super::{Merged, MergedRow, identity::Identity};
use crate::matrix::{
    Identities, RowMeta, Series,
    json::{self, Json},
};

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

/// A merged matrix but for its rows.
pub(super) struct Frame<'a> {
    pub(super) series: Series,
    pub(super) column_unix_ms: &'a [i64],
    pub(super) column_nodes: &'a [u32],
    pub(super) step_ms: Option<i64>,
    pub(super) rows_dropped: usize,
}

/// A merged row, wherever it lies.
pub(super) struct RowView<'a> {
    pub(super) meta: &'a RowMeta,
    pub(super) values: &'a [u64],
    pub(super) led: Led<'a>,
    pub(super) conflicts: Option<&'a [bool]>,
}

/// Who led what a row counted.
pub(super) enum Led<'a> {
    /// One identity; cells without a count have none.
    By(Identity),
    /// Group and term of each cell.
    ByEach(Cow<'a, Identities>, Cow<'a, Identities>),
}

/// Encodes the cluster's matrix as it is served (SPEC §4): the fields of WIRE §2, then `fanout`, `step_ms`,
/// `column_nodes` and `rows_dropped`.
pub fn encode(merged: &Merged, extras: &Extras<'_>) -> Vec<u8> {
    let frame = Frame {
        series: merged.series,
        column_unix_ms: &merged.column_unix_ms,
        column_nodes: &merged.column_nodes,
        step_ms: merged.step_ms,
        rows_dropped: merged.rows_dropped,
    };
    document(Vec::with_capacity(size(merged, extras)), &frame, extras, |json| {
        json.array(&merged.rows, |json, merged| row(json, &merged.view(), extras.identity));
    })
}

/// Encodes into `buffer`; `rows` writes their array.
pub(super) fn document(
    buffer: Vec<u8>,
    frame: &Frame<'_>,
    extras: &Extras<'_>,
    rows: impl FnOnce(&mut Json),
) -> Vec<u8> {
    let mut json = Json::over(buffer);
    json.raw("{\"column_unix_ms\":");
    json.array(frame.column_unix_ms, |json, &ms| json.i64(ms));
    json.raw(",\"rows\":");
    rows(&mut json);
    json.raw(",\"series\":");
    json.string(frame.series.as_str());
    json.raw(",\"generated_at\":");
    json.string(extras.generated_at);
    json.raw(",\"fanout\":");
    json.raw(extras.fanout);
    json.raw(",\"step_ms\":");
    match frame.step_ms {
        Some(step) => json.i64(step),
        None => json.raw("null"),
    }
    json.raw(",\"column_nodes\":");
    json.array(frame.column_nodes, |json, &nodes| json.u64(nodes.into()));
    json.raw(",\"rows_dropped\":");
    json.u64(frame.rows_dropped as u64);
    json.raw("}");
    json.finish()
}

/// Encodes one row; with its identities, if they are wanted.
pub(super) fn row(json: &mut Json, row: &RowView<'_>, identity: bool) {
    json.raw("{");
    json.meta(row.meta);
    json.raw("\"values\":");
    json.u64_array(row.values);
    if identity {
        json.raw(",\"raft_group_ids\":");
        match &row.led {
            Led::By(identity) => where_counted(json, row.values, identity.group),
            Led::ByEach(groups, _) => json.identities(groups),
        }
        json.raw(",\"leader_terms\":");
        match &row.led {
            Led::By(identity) => where_counted(json, row.values, identity.term),
            Led::ByEach(_, terms) => json.identities(terms),
        }
    }
    json.raw(",\"conflict\":");
    json.bool(row.conflicts.is_some());
    if let Some(conflicts) = row.conflicts {
        json.raw(",\"conflicts\":");
        json.array(conflicts, |json, &conflict| json.bool(conflict));
    }
    json.raw("}");
}

/// An array of `id` where there is a count, and 0 elsewhere.
fn where_counted(json: &mut Json, counts: &[u64], id: u64) {
    let text = format!(",{id}");
    if id == 0 || !counts.contains(&0) {
        json.identities(&Identities::constant(id, counts.len()));
    } else if text.len() <= 8 {
        write_where_counted::<8>(json, counts, &text);
    } else {
        write_where_counted::<24>(json, counts, &text);
    }
}

/// The same from the text of the id, comma first, which has at most `WIDTH` bytes: each cell is written that wide, and
/// the next one begins where it really ended.
fn write_where_counted<const WIDTH: usize>(json: &mut Json, counts: &[u64], id: &str) {
    const AT_ONCE: usize = 64;
    let [mut some, mut none] = [[0; WIDTH]; 2];
    some[..id.len()].copy_from_slice(id.as_bytes());
    none[..2].copy_from_slice(b",0");
    let mut text = [0; AT_ONCE * 24];
    let mut first = 1;
    json.raw("[");
    for counts in counts.chunks(AT_ONCE) {
        let mut length = 0;
        for &count in counts {
            let (cell, cell_length) = if count == 0 { (&none, 2) } else { (&some, id.len()) };
            text[length..][..WIDTH].copy_from_slice(cell);
            length += cell_length;
        }
        json.raw(&text[first..length]);
        first = 0;
    }
    json.raw("]");
}

impl MergedRow {
    fn view(&self) -> RowView<'_> {
        RowView {
            meta: &self.meta,
            values: &self.values,
            led: Led::ByEach(Cow::Borrowed(&self.raft_group_ids), Cow::Borrowed(&self.leader_terms)),
            conflicts: self.conflicts.as_deref(),
        }
    }
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
