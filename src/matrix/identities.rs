use std::{borrow::Cow, iter, ops::Range};

/// Raft groups or terms, one per cell, kept as what they nearly always are: a few runs of one value.
///
/// Where runs are short the cells are kept one by one, so memory never exceeds 8 bytes a cell. The form is a function of
/// the content, so derived equality is equality by content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identities {
    form: Form,
    len: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    /// Neighbouring runs have different values; the last one ends at the length.
    Runs(Vec<Run>),
    Cells(Vec<u64>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    end: usize,
    value: u64,
}

/// Whether `runs` runs over `len` cells take no more memory than the cells themselves: a run is as large as two cells.
const fn runs_pay(runs: usize, len: usize) -> bool {
    runs <= 1 || runs * 2 <= len
}

impl Identities {
    /// One value per cell.
    pub fn from_slice(cells: &[u64]) -> Self {
        Self::from(cells.to_vec())
    }

    /// The same value in all of `len` cells.
    pub fn constant(value: u64, len: usize) -> Self {
        let mut builder = IdentitiesBuilder::default();
        builder.push_run(value, len);
        builder.finish()
    }

    /// How many cells.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of cell `index`; `None` beyond the last.
    pub fn get(&self, index: usize) -> Option<u64> {
        match &self.form {
            Form::Runs(runs) => runs.get(runs.partition_point(|run| run.end <= index)).map(|run| run.value),
            Form::Cells(cells) => cells.get(index).copied(),
        }
    }

    /// The longest stretches of one value, in order; together they cover every cell.
    pub fn runs(&self) -> impl Iterator<Item = (Range<usize>, u64)> {
        let mut start = 0;
        let mut index = 0;
        iter::from_fn(move || {
            let run = match &self.form {
                Form::Runs(runs) => *runs.get(index)?,
                Form::Cells(cells) => first_run(cells, start)?,
            };
            index += 1;
            let range = start..run.end;
            start = run.end;
            Some((range, run.value))
        })
    }

    /// One value per cell, for where the cells are wanted rather than the runs.
    pub fn cells(&self) -> Cow<'_, [u64]> {
        match &self.form {
            Form::Cells(cells) => Cow::Borrowed(cells),
            Form::Runs(runs) => Cow::Owned(expanded(runs, self.len)),
        }
    }

    /// Bytes that it takes beside itself.
    pub(super) fn heap(&self) -> usize {
        match &self.form {
            Form::Runs(runs) => runs.capacity() * size_of::<Run>(),
            Form::Cells(cells) => cells.capacity() * size_of::<u64>(),
        }
    }

    /// Whether the cells are kept as at most `most` runs.
    pub(crate) fn has_few_runs(&self, most: usize) -> bool {
        matches!(&self.form, Form::Runs(runs) if runs.len() <= most)
    }

    /// Every bit that is set in any cell.
    pub(crate) fn all_bits(&self) -> u64 {
        match &self.form {
            Form::Runs(runs) => runs.iter().fold(0, |bits, run| bits | run.value),
            Form::Cells(cells) => cells.iter().fold(0, |bits, cell| bits | cell),
        }
    }

    /// The one value of all cells; `None` when they differ or there are none.
    pub fn uniform(&self) -> Option<u64> {
        match &self.form {
            Form::Runs(runs) if runs.len() == 1 => runs.first().map(|run| run.value),
            _ => None,
        }
    }
}

/// The cells that `runs` stand for. Where runs are short, writing some cells too many, which the next run puts right, is
/// faster than to count them.
fn expanded(runs: &[Run], len: usize) -> Vec<u64> {
    const AT_ONCE: usize = 16;
    let mut cells = Vec::with_capacity(len + AT_ONCE);
    for run in runs {
        cells.extend_from_slice(&[run.value; AT_ONCE]);
        cells.resize(run.end, run.value);
    }
    cells
}

/// The run that begins at cell `start`.
fn first_run(cells: &[u64], start: usize) -> Option<Run> {
    let rest = cells.get(start..)?;
    let value = *rest.first()?;
    let length = rest.iter().position(|&cell| cell != value).unwrap_or(rest.len());
    Some(Run { end: start + length, value })
}

/// The `count` runs in `cells`. Where runs are short, writing each cell as the end of one, until it is right, is faster
/// than to search for their ends.
fn collapsed(cells: &[u64], count: usize) -> Vec<Run> {
    let mut runs = vec![Run { end: cells.len(), value: cells.last().copied().unwrap_or_default() }; count];
    let mut index = 0;
    for (end, pair) in (1..).zip(cells.array_windows()) {
        let [value, next] = *pair;
        runs[index] = Run { end, value };
        index += usize::from(value != next);
    }
    if let Some(last) = runs.last_mut() {
        last.end = cells.len();
    }
    runs
}

impl Default for Identities {
    fn default() -> Self {
        Self { form: Form::Runs(Vec::new()), len: 0 }
    }
}

impl From<Vec<u64>> for Identities {
    fn from(cells: Vec<u64>) -> Self {
        let changes = cells.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let runs = changes + usize::from(!cells.is_empty());
        IdentitiesBuilder { made: Self { len: cells.len(), form: Form::Cells(cells) }, runs, last: None }.finish()
    }
}

impl FromIterator<u64> for Identities {
    fn from_iter<I: IntoIterator<Item = u64>>(cells: I) -> Self {
        let mut builder = IdentitiesBuilder::default();
        cells.into_iter().for_each(|cell| builder.push(cell));
        builder.finish()
    }
}

/// Makes [`Identities`] from left to right.
#[derive(Clone, Debug, Default)]
pub struct IdentitiesBuilder {
    made: Identities,
    /// Runs so far, whatever the form.
    runs: usize,
    last: Option<u64>,
}

/// Fewer runs than this are never worth expanding, however short they are so far.
const FEW_RUNS: usize = 16;

impl IdentitiesBuilder {
    /// How many cells so far.
    pub fn len(&self) -> usize {
        self.made.len
    }

    /// Whether there are no cells yet.
    pub fn is_empty(&self) -> bool {
        self.made.len == 0
    }

    /// Appends one cell.
    pub fn push(&mut self, value: u64) {
        self.push_run(value, 1);
    }

    /// Appends `count` cells of one value.
    pub fn push_run(&mut self, value: u64, count: usize) {
        if count == 0 {
            return;
        }
        let extends = self.last == Some(value);
        self.last = Some(value);
        self.runs += usize::from(!extends);
        self.made.len += count;
        let end = self.made.len;
        match &mut self.made.form {
            Form::Cells(cells) => cells.resize(end, value),
            Form::Runs(runs) => match runs.last_mut() {
                Some(run) if extends => run.end = end,
                _ => runs.push(Run { end, value }),
            },
        }
        if self.runs > FEW_RUNS && !runs_pay(self.runs, end) {
            self.expand();
        }
    }

    /// The cells pushed.
    pub fn finish(mut self) -> Identities {
        if runs_pay(self.runs, self.made.len) {
            self.collapse();
        } else {
            self.expand();
        }
        self.made
    }

    fn expand(&mut self) {
        if let Cow::Owned(cells) = self.made.cells() {
            self.made.form = Form::Cells(cells);
        }
    }

    fn collapse(&mut self) {
        if let Form::Cells(cells) = &self.made.form {
            self.made.form = Form::Runs(collapsed(cells, self.runs));
        }
    }
}

#[cfg(test)]
mod tests;
