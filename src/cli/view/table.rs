//! The hottest rows as a table: sum, share of all, the busiest column (per second), the newest column that all nodes have
//! said, the last known Raft group and term.

use std::{cmp::Reverse, io};

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle, presets};
use unicode_width::UnicodeWidthStr;

use super::{
    answer::{Answer, Row},
    summary, text,
};
use crate::text::escape;

/// How to draw the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Most rows shown.
    pub rows: usize,
    /// Terminal columns.
    pub width: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self { rows: 20, width: 120 }
    }
}

/// Writes the summary and the table.
pub fn render(answer: &Answer, options: &Options, out: &mut impl io::Write) -> io::Result<()> {
    for line in summary::lines(answer) {
        writeln!(out, "{line}")?;
    }
    let mut hottest: Vec<&Row> = answer.rows.iter().filter(|row| row.sum() > 0).collect();
    if hottest.is_empty() {
        return writeln!(out, "no traffic in this range");
    }
    hottest.sort_by_key(|row| Reverse(row.sum()));
    let total = hottest.iter().fold(0_u64, |total, row| total.saturating_add(row.sum()));
    let shown = &hottest[..hottest.len().min(options.rows)];
    writeln!(out, "{}", table(answer, shown, total, options.width).trim_fmt())?;
    let conflicts = shown.iter().any(|row| row.conflict);
    if conflicts {
        writeln!(out, "! conflict: nodes differ for one leader's term; the leader changed inside a window")?;
    }
    match hottest.len() - shown.len() {
        0 => Ok(()),
        more => writeln!(out, "{more} more rows with traffic"),
    }
}

fn table(answer: &Answer, rows: &[&Row], total: u64, width: u16) -> Table {
    let peak = if step_seconds(answer).is_some() { "peak/s" } else { "peak" };
    let last = answer.last_complete();
    let last_title = last.map_or("last".to_owned(), |column| text::clock(answer.column_unix_ms[column]));
    let header = ["#", "keys", "bucket", "sum", "share", peak, &last_title, "group/term", ""].map(str::to_owned);
    let mut lines: Vec<Line> = (1..).zip(rows).map(|(rank, row)| line(answer, row, rank, total, last)).collect();
    shorten(&header, &mut lines, width.into());
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled).set_header(header).add_rows(lines);
    for column in [0, 3, 4, 5, 6, 7] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A line under the header, and nothing else.
const STYLE: TableStyle = presets::NOTHING.header_separator(LineStyle::none().fill('─'));
const KEYS: usize = 1;
const BUCKET: usize = 2;

type Line = [String; 9];

fn line(answer: &Answer, row: &Row, rank: usize, total: u64, last: Option<usize>) -> Line {
    let bucket = match &row.label {
        Some(label) if !row.bucket_id.contains(label.as_str()) => format!("{} {label}", row.bucket_id),
        _ => row.bucket_id.clone(),
    };
    let newest = last.and_then(|column| row.values.get(column)).copied().unwrap_or_default();
    [
        rank.to_string(),
        text::key_range(&row.start, &row.end),
        escape(&bucket).into_owned(),
        text::thousands(row.sum()),
        format!("{:.1}%", ratio(row.sum(), total) * 100.0),
        peak(row, step_seconds(answer)),
        text::thousands(newest),
        identity(row, last),
        if row.conflict { "!".to_owned() } else { String::new() },
    ]
}

/// Cuts keys and buckets to what the numbers leave of `width`, which are never cut.
fn shorten(header: &Line, lines: &mut [Line], width: usize) {
    let widest = |column: usize| {
        let cells = lines.iter().map(|line| line[column].width());
        // An empty column still takes one character.
        cells.chain([header[column].width(), 1]).max().unwrap_or_default()
    };
    let padding = 2 * header.len();
    let numbers: usize = (0..header.len()).filter(|column| ![KEYS, BUCKET].contains(column)).map(widest).sum();
    let room = width.saturating_sub(numbers + padding);
    let bucket = widest(BUCKET).min(room * 2 / 5).max(6);
    let keys = room.saturating_sub(bucket).max(8);
    for line in lines {
        for (column, width) in [(KEYS, keys), (BUCKET, bucket)] {
            line[column] = text::shorten(&line[column], width).into_owned();
        }
    }
}

/// `group/term` of the newest cell up to `last` that has one.
fn identity(row: &Row, last: Option<usize>) -> String {
    let known = row.raft_group_ids.iter().zip(&row.leader_terms).take(last.map_or(0, |last| last + 1));
    let newest = known.rev().find(|identity| *identity != (&0, &0));
    newest.map_or_else(|| "-".to_owned(), |(group, term)| format!("{group}/{term}"))
}

fn peak(row: &Row, step_seconds: Option<f64>) -> String {
    let peak = row.values.iter().copied().max().unwrap_or_default();
    match step_seconds.map(|seconds| to_f64(peak) / seconds) {
        None => text::thousands(peak),
        Some(rate) if rate < 10.0 => format!("{rate:.1}"),
        Some(rate) => text::thousands(round(rate)),
    }
}

fn step_seconds(answer: &Answer) -> Option<f64> {
    let millis = answer.step_ms.filter(|millis| *millis > 0)?;
    u32::try_from(millis).ok().map(|millis| f64::from(millis) / 1000.0)
}

fn ratio(part: u64, whole: u64) -> f64 {
    to_f64(part) / to_f64(whole.max(1))
}

#[expect(clippy::cast_precision_loss, reason = "shown with three digits or so")]
fn to_f64(value: u64) -> f64 {
    value as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, which is meant")]
fn round(value: f64) -> u64 {
    value.round() as u64
}
