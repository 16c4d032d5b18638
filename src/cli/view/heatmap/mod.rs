//! The matrix as a picture in the terminal: keys down, time to the right, heat on a logarithmic scale. What does not fit
//! is pooled by its maximum, so that a hotspot of one cell always shows.

mod axis;
mod grid;
mod ramp;

use std::{io, time::Duration};

use self::{
    grid::{Grid, Pixel},
    ramp::Ink,
};
use super::{answer::Answer, colour::Colour, summary, text};
use crate::text::escape;

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Terminal columns.
    pub width: u16,
    /// Terminal lines, of which one is left to the prompt.
    pub height: u16,
    /// What the terminal can show.
    pub colour: Colour,
}

impl Default for Options {
    /// A size that suits a log or a mail, without colour.
    fn default() -> Self {
        Self { width: 100, height: 30, colour: Colour::None }
    }
}

/// Lines below the plot: axis, times, scale, notes; and one for the prompt.
const LINES_BELOW: usize = 5;
const MIN_PLOT: usize = 4;

/// Writes the summary, the picture and its legend.
pub fn render(answer: &Answer, options: &Options, out: &mut impl io::Write) -> io::Result<()> {
    let (width, height) = (usize::from(options.width), usize::from(options.height));
    let summary = summary::lines(answer);
    for line in &summary {
        writeln!(out, "{}", text::shorten(line, width))?;
    }
    if answer.max() == 0 {
        return writeln!(out, "no traffic in this range");
    }
    let lines = height.saturating_sub(summary.len() + LINES_BELOW).max(MIN_PLOT);
    let ink = Ink::new(options.colour, answer.max());
    let gutter = (width / 3).min(28);
    let grid = Grid::new(answer, width.saturating_sub(gutter + 2).max(8), lines, ink.rows_per_line());
    draw(answer, &grid, &ink, gutter, out)?;
    axis::draw(answer, &grid.columns, gutter, ink.is_ascii(), out)?;
    ink.legend(out)?;
    writeln!(out, "{}", text::shorten(&notes(answer, &ink), width))
}

fn draw(answer: &Answer, grid: &Grid, ink: &Ink, gutter: usize, out: &mut impl io::Write) -> io::Result<()> {
    let lines = grid.rows.chunks(ink.rows_per_line());
    let every = if answer.rows.len() > lines.len() { 2 } else { 1 };
    for (line, rows) in lines.enumerate() {
        let first = rows.first().filter(|_| line.is_multiple_of(every)).and_then(|rows| answer.rows.get(rows.start));
        let label = first.map(|row| match row.start.as_slice() {
            [] => "-∞".to_owned(),
            start => text::key(start),
        });
        let edge = if ink.is_ascii() { '|' } else { '│' };
        write!(out, "{} {edge}", text::fit(&label.unwrap_or_default(), gutter))?;
        let row = line * ink.rows_per_line();
        let pixels = (0..grid.columns.len()).map(|column| {
            let bottom = if ink.rows_per_line() > 1 { grid.pixel(row + 1, column) } else { Pixel::default() };
            (grid.pixel(row, column), bottom)
        });
        ink.line(pixels, out)?;
    }
    Ok(())
}

/// What the scale counts, on which day, and what the marks mean that are there.
fn notes(answer: &Answer, ink: &Ink) -> String {
    let per = match answer.step_ms.and_then(|millis| u64::try_from(millis).ok()) {
        Some(millis) => humantime::format_duration(Duration::from_millis(millis)).to_string(),
        None => "column".to_owned(),
    };
    let day = answer.column_unix_ms.last().copied().map(text::date).unwrap_or_default();
    let scale = format!("{} per {per}, log scale", escape(&answer.series));
    let conflict = answer.rows.iter().any(|row| row.conflict).then(|| format!("{} conflict", ink.conflict_mark()));
    let short = axis::has_short(answer).then(|| format!("{} not all nodes complete", axis::short_mark(ink.is_ascii())));
    let notes = [Some(scale), Some(format!("{day} UTC")), conflict, short];
    notes.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
