use std::{io, ops::Range};

use crate::cli::view::{answer::Answer, text};

/// Distances between two times on the axis, seconds.
const STEPS_S: [i64; 19] =
    [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];
/// `HH:MM:SS` and room between two of them.
const LABEL: usize = 8;
const ROOM: usize = LABEL + 3;

/// Whether there is a column that not all that answered are complete in.
pub(super) fn has_short(answer: &Answer) -> bool {
    (0..answer.column_unix_ms.len()).any(|column| !answer.is_complete(column))
}

/// How the axis looks below such a column.
pub(super) fn short_mark(ascii: bool) -> char {
    if ascii { '~' } else { '╌' }
}

/// Writes the axis, with a tick at each time that is named, and the line of times.
pub(super) fn draw(
    answer: &Answer,
    columns: &[Range<usize>],
    gutter: usize,
    ascii: bool,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let ticks = ticks(&answer.column_unix_ms, columns);
    let [corner, whole, tick] = if ascii { ['+', '-', '+'] } else { ['└', '─', '┬'] };
    let axis: String = (columns.iter().enumerate())
        .map(|(place, span)| match span.clone().all(|column| answer.is_complete(column)) {
            _ if ticks.iter().any(|(ticked, _)| *ticked == place) => tick,
            true => whole,
            false => short_mark(ascii),
        })
        .collect();
    writeln!(out, "{:gutter$} {corner}{axis}", "")?;
    let mut times = String::new();
    for (place, unix_ms) in ticks {
        let padding = place.saturating_sub(times.len());
        times = format!("{times}{:padding$}{}", "", text::clock(unix_ms));
    }
    writeln!(out, "{:gutter$}  {times}", "")
}

/// The places whose time is named, with the time: where a round time is first reached, at the smallest distance at which
/// the names do not touch; and the first place, where there is room for it.
fn ticks(column_unix_ms: &[i64], columns: &[Range<usize>]) -> Vec<(usize, i64)> {
    let place_of = |column: usize| columns.partition_point(|span| span.end <= column);
    let reached = |step_s: i64| -> Vec<(usize, i64)> {
        let round = |column: usize| column_unix_ms[column].div_euclid(step_s * 1000);
        let first = (1..column_unix_ms.len()).filter(|column| round(*column) > round(column - 1));
        first.map(|column| (place_of(column), column_unix_ms[column])).collect()
    };
    let fits = |ticks: &Vec<(usize, i64)>| ticks.windows(2).all(|pair| pair[0].0 + ROOM <= pair[1].0);
    let mut ticks = STEPS_S.into_iter().map(reached).find(fits).unwrap_or_default();
    ticks.retain(|(place, _)| place + LABEL <= columns.len());
    if ticks.first().is_none_or(|(place, _)| *place >= ROOM) {
        ticks.extend(column_unix_ms.first().map(|unix_ms| (0, *unix_ms)));
        ticks.rotate_right(1);
    }
    ticks
}
