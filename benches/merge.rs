//! Merge of full answers: 1,024 rows, a day of minutes from three nodes and an hour from a hundred.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use keyviz_fanout::{
    config::{Dedupe, Step},
    matrix::{Identities, Matrix, Row, RowMeta, Series},
    merge::{Merged, Options, merge},
};

const ROWS: u64 = 1024;
const MINUTE: i64 = 60_000;
const MIDNIGHT: i64 = 1_795_392_000_000;

/// What the nodes counted in a cell.
fn count(node: u64, row: u64, column: u64) -> u64 {
    (node * 7 + row * 31 + column * 17) % 1009
}

fn node(node: u64, columns: usize, phase_ms: i64) -> Matrix {
    let row = |row: u64| Row {
        meta: RowMeta {
            bucket_id: format!("route:{row}"),
            start: Some(row.to_be_bytes().to_vec()),
            end: Some((row + 1).to_be_bytes().to_vec()),
            route_count: 1,
            ..RowMeta::default()
        },
        values: (0..).take(columns).map(|column| count(node, row, column)).collect(),
        raft_group_ids: Some(Identities::from_slice(&vec![1 + row % 2; columns])),
        leader_terms: Some(Identities::from_slice(&vec![7; columns])),
    };
    Matrix {
        series: Series::Writes,
        column_unix_ms: (1..).take(columns).map(|column| MIDNIGHT + column * MINUTE + phase_ms).collect(),
        rows: (0..ROWS).map(row).collect(),
        generated_at: None,
        fanout_expected: None,
    }
}

fn options(step: Step) -> Options {
    Options { step, dedupe: Dedupe::Window, from_unix_ms: None, to_unix_ms: None, rows: 1024, max_cells: 32 << 20 }
}

/// The cell of a row in a column by `combine` over the nodes.
fn assert_cells(merged: &Merged, nodes: u64, columns: usize, combine: impl Fn(&mut dyn Iterator<Item = u64>) -> u64) {
    assert_eq!((merged.rows.len(), merged.column_unix_ms.len()), (1024, columns));
    for (row, merged) in (0..).zip(&merged.rows) {
        for (column, &value) in (0..).zip(&merged.values) {
            assert_eq!(value, combine(&mut (0..nodes).map(|node| count(node, row, column))));
        }
    }
}

fn bench(c: &mut Criterion) {
    // A daemon frees bodies of many megabytes, after which glibc keeps freed pages for the next answer. Without this the
    // figures are those of a first answer: half of them is the kernel's work.
    drop(black_box(vec![1_u8; 31 << 20]));
    let mut run = |name: &str, nodes: &[Matrix], step: Step, check: &dyn Fn(&Merged)| {
        let inputs: Vec<&Matrix> = nodes.iter().collect();
        check(&merge(Series::Writes, &inputs, &options(step)));
        c.bench_function(name, |b| b.iter(|| merge(Series::Writes, black_box(&inputs), &options(step))));
    };
    let coinciding: Vec<_> = (0..3).map(|n| node(n, 1440, 0)).collect();
    run("3 nodes × 1024 × 1440, columns coincide", &coinciding, Step::Off, &|merged| {
        assert_cells(merged, 3, 1440, |counts| counts.max().unwrap_or(0));
    });
    let phases: Vec<_> = (0..).zip([-28_459, -19_766, -10_066]).map(|(n, phase_ms)| node(n, 1440, phase_ms)).collect();
    run("3 nodes × 1024 × 1440, aligned by step", &phases, Step::Auto, &|merged| {
        assert_cells(merged, 3, 1440, |counts| counts.sum());
    });
    let hundred: Vec<_> = (0..100).map(|n| node(n, 60, -290 * n.cast_signed())).collect();
    run("100 nodes × 1024 × 60, aligned by step", &hundred, Step::Auto, &|merged| {
        assert_cells(merged, 100, 60, |counts| counts.sum());
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
