use std::{io, ops::Range};

use crate::cli::view::{answer::Answer, text};

/// Distances between two times on the axis, seconds.
const STEPS: [i64; 18] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];
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
            _ if ticks.contains(&place) => tick,
            true => whole,
            false => short_mark(ascii),
        })
        .collect();
    writeln!(out, "{:gutter$} {corner}{axis}", "")?;
    let mut times = String::new();
    for place in ticks {
        let time = text::clock(answer.column_unix_ms[columns[place].start]);
        let padding = place.saturating_sub(times.len());
        times = format!("{times}{:padding$}{time}", "");
    }
    writeln!(out, "{:gutter$}  {times}", "")
}

/// The places whose time is named: where a round time is first reached, at the smallest distance at which the names do
/// not touch; the first place, if that names none.
fn ticks(column_unix_ms: &[i64], columns: &[Range<usize>]) -> Vec<usize> {
    let time = |place: usize| column_unix_ms[columns[place].start];
    let reached = |step: i64| -> Vec<usize> {
        let round = |place: usize| time(place).div_euclid(step * 1000);
        (1..columns.len()).filter(|place| round(*place) > round(place - 1)).collect()
    };
    let fits = |places: &Vec<usize>| places.windows(2).all(|pair| pair[1] - pair[0] >= ROOM);
    let mut places = STEPS.into_iter().map(reached).find(fits).unwrap_or_default();
    places.retain(|place| place + LABEL <= columns.len().max(LABEL));
    if places.is_empty() { vec![0] } else { places }
}
