use std::ops::Range;

use crate::cli::view::answer::Answer;

/// A column becomes at most this many characters wide, or few of them would look like bars.
const MAX_STRETCH: usize = 8;

/// The matrix in the resolution of the picture.
#[derive(Debug)]
pub(super) struct Grid {
    /// Columns of the matrix behind each column of the picture.
    pub(super) columns: Vec<Range<usize>>,
    /// Rows of the matrix behind each row of the picture.
    pub(super) rows: Vec<Range<usize>>,
    /// Row by row.
    pixels: Vec<Pixel>,
}

/// The largest of the cells that share a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pixel {
    pub(super) value: u64,
    pub(super) conflict: bool,
}

impl Pixel {
    pub(super) fn max(self, other: Self) -> Self {
        Self { value: self.value.max(other.value), conflict: self.conflict || other.conflict }
    }
}

impl Grid {
    /// `answer` in at most `width` columns and `lines` × `rows_per_line` rows.
    pub(super) fn new(answer: &Answer, width: usize, lines: usize, rows_per_line: usize) -> Self {
        let columns = spans(answer.column_unix_ms.len(), width, MAX_STRETCH);
        let rows = spans(answer.rows.len(), lines * rows_per_line, rows_per_line);
        let mut pixels = Vec::with_capacity(rows.len() * columns.len());
        for rows in &rows {
            pixels.extend(columns.iter().map(|columns| pool(answer, rows.clone(), columns.clone())));
        }
        Self { columns, rows, pixels }
    }

    /// The place at `row` and `column`; nothing beyond the edge.
    pub(super) fn pixel(&self, row: usize, column: usize) -> Pixel {
        self.pixels.get(row * self.columns.len() + column).copied().unwrap_or_default()
    }
}

/// Shares `count` things between at most `space` places: several to a place, or several places to a thing.
fn spans(count: usize, space: usize, max_stretch: usize) -> Vec<Range<usize>> {
    if count > space {
        return (0..space).map(|place| place * count / space..(place + 1) * count / space).collect();
    }
    let stretch = space.checked_div(count).unwrap_or_default().min(max_stretch);
    (0..count).flat_map(|thing| std::iter::repeat_n(thing..thing + 1, stretch)).collect()
}

fn pool(answer: &Answer, rows: Range<usize>, columns: Range<usize>) -> Pixel {
    let cells = answer.rows[rows].iter().flat_map(|row| {
        columns.clone().map(|column| Pixel { value: row.values[column], conflict: row.conflicts_at(column) })
    });
    cells.fold(Pixel::default(), Pixel::max)
}
