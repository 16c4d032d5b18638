//! SPEC §4 transcribed sentence by sentence: slow, obvious, and without a line of `src/merge`.

#![expect(clippy::unwrap_used, reason = "the oracle may panic, and then the test fails")]

mod grid;

use std::collections::{BTreeMap, BTreeSet};

use keyviz_fanout::{
    config::Dedupe,
    matrix::{Identities, Matrix, Row, Series},
    merge::{Divergence, Findings, Merged, MergedRow, Options},
};

use grid::{Column, Grid, own_step};

/// A count and who led: (group, term), 0 where not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cell {
    value: u64,
    group: u64,
    term: u64,
    conflict: bool,
}

pub(crate) fn merge(series: Series, inputs: &[&Matrix], options: &Options) -> Merged {
    let (kept, over_max_cells) = admit(inputs, options);
    let grid = Grid::new(inputs, &kept, options);
    let columns: Vec<Column> = grid.cut(options).into_iter().collect();
    let mut rows: Vec<MergedRow> = buckets(inputs, &kept)
        .into_iter()
        .map(|bucket| merge_row(series, inputs, &kept, &grid, &columns, options, bucket))
        .collect();
    let all = rows.len();
    rows.sort_by_key(|row| {
        let sum: u128 = row.values.iter().map(|&value| u128::from(value)).sum();
        (u128::MAX - sum, row.meta.bucket_id.clone())
    });
    rows.truncate(options.rows);
    rows.sort_by_key(|row| (row.meta.start.clone().unwrap_or_default(), row.meta.bucket_id.clone()));
    Merged {
        series,
        column_nodes: columns.iter().map(|&column| grid.complete_nodes(column)).collect(),
        column_unix_ms: columns,
        step_ms: grid.step,
        rows_dropped: all - rows.len(),
        rows,
        findings: (0..inputs.len()).map(|i| findings(series, inputs, &kept, &grid, i, over_max_cells[i])).collect(),
    }
}

/// "An answer that would take the merged rows × columns over `fanout.max_cells`" is left out.
fn admit(inputs: &[&Matrix], options: &Options) -> (Vec<usize>, Vec<Option<u64>>) {
    let cells = |kept: &[usize]| {
        let columns = Grid::new(inputs, kept, options).cut(options).len();
        (buckets(inputs, kept).len() * columns) as u64
    };
    let mut over = vec![None; inputs.len()];
    let all: Vec<usize> = (0..inputs.len()).collect();
    if cells(&all) <= options.max_cells {
        return (all, over);
    }
    let mut kept = Vec::new();
    for i in all {
        kept.push(i);
        let with = cells(&kept);
        if with > options.max_cells {
            over[i] = Some(with);
            kept.pop();
        }
    }
    (kept, over)
}

fn buckets<'a>(inputs: &[&'a Matrix], kept: &[usize]) -> BTreeSet<&'a str> {
    kept.iter().flat_map(|&i| &inputs[i].rows).map(|row| row.meta.bucket_id.as_str()).collect()
}

fn merge_row(
    series: Series,
    inputs: &[&Matrix],
    kept: &[usize],
    grid: &Grid,
    columns: &[Column],
    options: &Options,
    bucket: &str,
) -> MergedRow {
    // Column → window → node → its contributions in the order of time.
    let mut windows: BTreeMap<Column, BTreeMap<i128, BTreeMap<usize, Vec<Cell>>>> = BTreeMap::new();
    let mut meta = None;
    for &i in kept {
        let Some(row) = inputs[i].rows.iter().find(|row| row.meta.bucket_id == bucket) else { continue };
        meta.get_or_insert(&row.meta);
        let mut order: Vec<usize> = (0..row.values.len()).collect();
        order.sort_by_key(|&j| inputs[i].column_unix_ms[j]);
        for j in order {
            let time = inputs[i].column_unix_ms[j];
            let window = match options.dedupe {
                Dedupe::Window => i128::from(time),
                Dedupe::Slot => grid.slots[&i][&time],
            };
            let column = windows.entry(grid.columns[&time]).or_default();
            column.entry(window).or_default().entry(i).or_default().push(contribution(row, j));
        }
    }
    let cells: Vec<Cell> = columns.iter().map(|column| merge_column(series, windows.get(column))).collect();
    let conflict = cells.iter().any(|cell| cell.conflict);
    MergedRow {
        meta: meta.unwrap().clone(),
        values: cells.iter().map(|cell| cell.value).collect(),
        raft_group_ids: identities(cells.iter().map(|cell| cell.group)),
        leader_terms: identities(cells.iter().map(|cell| cell.term)),
        conflicts: conflict.then(|| cells.iter().map(|cell| cell.conflict).collect()),
    }
}

fn identities(cells: impl Iterator<Item = u64>) -> Identities {
    Identities::from_slice(&cells.collect::<Vec<_>>())
}

fn contribution(row: &Row, j: usize) -> Cell {
    let at = |identities: &Option<Identities>| identities.as_ref().map_or(0, |ids| ids.get(j).unwrap());
    Cell { value: row.values[j], group: at(&row.raft_group_ids), term: at(&row.leader_terms), conflict: false }
}

/// "A cell of a column is the sum of its windows; it is a conflict if one of them is; its identity is that of its
/// largest window, on a tie of the latest."
fn merge_column(series: Series, windows: Option<&BTreeMap<i128, BTreeMap<usize, Vec<Cell>>>>) -> Cell {
    let mut cell = Cell::default();
    let mut largest = 0;
    for nodes in windows.into_iter().flat_map(BTreeMap::values) {
        let window = if series.is_write() { merge_writes(nodes) } else { merge_reads(nodes) };
        cell.value = cell.value.saturating_add(window.value);
        cell.conflict |= window.conflict;
        if window.value != 0 && window.value >= largest {
            largest = window.value;
            (cell.group, cell.term) = (window.group, window.term);
        }
    }
    cell
}

/// "Sum over nodes, saturating. Never a conflict. The identity is that of the last input in order with a non-zero value."
fn merge_reads(nodes: &BTreeMap<usize, Vec<Cell>>) -> Cell {
    let mut window = Cell::default();
    for one in nodes.values().flatten().filter(|one| one.value != 0) {
        window = Cell { value: window.value.saturating_add(one.value), ..*one };
    }
    window
}

/// The rules for `writes` and `write_bytes`, per cell, zeros ignored.
fn merge_writes(nodes: &BTreeMap<usize, Vec<Cell>>) -> Cell {
    let mut contributions: Vec<Cell> = Vec::new();
    for node in nodes.values() {
        // "Two windows of one node … add up before nodes are compared (writes: within one (group, term); …)."
        let mut own: Vec<Cell> = Vec::new();
        for one in node.iter().filter(|one| one.value != 0) {
            match own.iter_mut().find(|other| (other.group, other.term) == (one.group, one.term)) {
                Some(other) => other.value = other.value.saturating_add(one.value),
                None => own.push(*one),
            }
        }
        contributions.extend(own);
    }
    if contributions.iter().any(|one| one.group == 0 || one.term == 0) {
        // "The maximum of all contributions, a conflict if two differ, identity that of the maximum; on a tie the last."
        let most = contributions.iter().map(|one| one.value).max().unwrap();
        let last = contributions.iter().rfind(|one| one.value == most).unwrap();
        return Cell { conflict: contributions.iter().any(|one| one.value != most), ..*last };
    }
    // "Within one (group, term) take the maximum, a conflict if two differ; then sum the maxima over all (group, term)."
    let mut maxima: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    let mut window = Cell::default();
    for one in &contributions {
        let most = maxima.entry((one.group, one.term)).or_insert(one.value);
        window.conflict |= *most != one.value;
        *most = (*most).max(one.value);
    }
    // "The identity is that of the largest maximum; on a tie the higher term, then the higher group."
    let mut largest = (0, 0, 0);
    for (&(group, term), &most) in &maxima {
        window.value = window.value.saturating_add(most);
        largest = largest.max((most, term, group));
    }
    (_, window.term, window.group) = largest;
    window
}

fn findings(series: Series, inputs: &[&Matrix], kept: &[usize], grid: &Grid, i: usize, over: Option<u64>) -> Findings {
    let matrix = inputs[i];
    let own = own_step(matrix);
    if over.is_some() {
        return Findings { own_step_ms: own, over_max_cells: over, ..Findings::default() };
    }
    let lacks_identity = |row: &Row| {
        row.values.iter().any(|&value| value != 0) && (row.raft_group_ids.is_none() || row.leader_terms.is_none())
    };
    Findings {
        own_step_ms: own,
        over_max_cells: None,
        divergence: divergence(inputs, kept, i),
        step_mismatch: own
            .zip(grid.step)
            .is_some_and(|(u, s)| 10 * (i128::from(u) - i128::from(s)).abs() > i128::from(s)),
        identity_missing: series.is_write() && matrix.rows.iter().any(lacks_identity),
        columns_unordered: matrix.column_unix_ms.windows(2).any(|t| t[0] >= t[1]),
    }
}

fn divergence(inputs: &[&Matrix], kept: &[usize], i: usize) -> Option<Divergence> {
    let described = |row: &Row| {
        (row.meta.start.clone().unwrap_or_default(), row.meta.end.clone().unwrap_or_default(), row.meta.aggregate)
    };
    let first = |bucket: &str| {
        kept.iter().flat_map(|&i| &inputs[i].rows).find(|row| row.meta.bucket_id == bucket).map(described)
    };
    let diverging: Vec<&Row> =
        inputs[i].rows.iter().filter(|row| first(&row.meta.bucket_id) != Some(described(row))).collect();
    let first_bucket_id = diverging.first()?.meta.bucket_id.clone();
    Some(Divergence { rows: diverging.len(), first_bucket_id })
}
