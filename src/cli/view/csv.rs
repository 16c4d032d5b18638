//! The cells as CSV, for a spreadsheet or a database: one a line, as `bucket_id` × `column_unix_ms` (the end of the
//! window) to filter or to pivot. A cell that is missing is a zero, so that 1,024 rows × 1 day fit a spreadsheet. Keys
//! are text where printable, else `0x…`, and empty where unbounded.

use std::{borrow::Cow, io};

use super::{
    answer::{Answer, Row},
    text,
};
use crate::text::escape;

const HEADER: [&str; 10] = [
    "bucket_id",
    "label",
    "start",
    "end",
    "column_unix_ms",
    "column_nodes",
    "value",
    "raft_group_id",
    "leader_term",
    "conflict",
];

/// Writes the header and a line per cell that is not zero, row by row.
pub fn render(answer: &Answer, out: &mut impl io::Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(HEADER).map_err(io_error)?;
    for row in &answer.rows {
        let [start, end] = [&row.start, &row.end].map(|bytes| text::key(bytes));
        let fixed = [
            &row.bucket_id,
            row.label.as_deref().unwrap_or_default(),
            bounded(&row.start, &start),
            bounded(&row.end, &end),
        ];
        let fixed = fixed.map(inert);
        for column in (0..row.values.len()).filter(|column| row.values[*column] > 0) {
            let cell = cell(answer, row, column);
            csv.write_record(fixed.iter().map(AsRef::as_ref).chain(cell.iter().map(String::as_str)))
                .map_err(io_error)?;
        }
    }
    csv.flush()
}

fn bounded<'a>(bytes: &[u8], text: &'a str) -> &'a str {
    if bytes.is_empty() { "" } else { text }
}

fn cell(answer: &Answer, row: &Row, column: usize) -> [String; 6] {
    let nodes = answer.column_nodes.get(column).map(u32::to_string).unwrap_or_default();
    let known = |cells: &[u64]| cells.get(column).filter(|id| **id > 0).map(u64::to_string).unwrap_or_default();
    [
        answer.column_unix_ms[column].to_string(),
        nodes,
        row.values[column].to_string(),
        known(&row.raft_group_ids),
        known(&row.leader_terms),
        row.conflicts_at(column).to_string(),
    ]
}

/// Text that neither a terminal nor a spreadsheet takes for a command.
fn inert(text: &str) -> Cow<'_, str> {
    match escape(text) {
        escaped if escaped.starts_with(['=', '+', '-', '@']) => Cow::Owned(format!("'{escaped}")),
        escaped => escaped,
    }
}

/// The cause itself, so that a reader who has seen enough (`| head`) is told from a failure.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => cause,
        kind => io::Error::other(format!("{kind:?}")),
    }
}
