//! Small matrices with everything that is odd about them: jitter, repeats, restarts, unordered columns, missing
//! identities, counts near 2^64, timestamps at both ends of an `i64`.

use keyviz_fanout::{
    config::{Dedupe, Step},
    matrix::{Identities, Matrix, Row, RowMeta, Series},
    merge::Options,
};
use proptest::{collection::vec, option, prelude::*, sample::select};

pub(crate) fn series() -> impl Strategy<Value = Series> {
    select(Series::ALL.to_vec())
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Auto),
        Just(Step::Off),
        select(vec![1, 10, 100, 137, 150, 250, 1000, 60_000]).prop_map(Step::Millis)
    ]
}

/// Everything but a cut, a budget and a limit.
pub(crate) fn unbounded() -> impl Strategy<Value = Options> {
    (step(), select(vec![Dedupe::Window, Dedupe::Slot])).prop_map(|(step, dedupe)| Options {
        step,
        dedupe,
        from_unix_ms: None,
        to_unix_ms: None,
        rows: 1024,
        max_cells: u64::MAX,
    })
}

pub(crate) fn options() -> impl Strategy<Value = Options> {
    let bound = || option::weighted(0.3, prop_oneof![-500..1500_i64, (-5..20_i64).prop_map(|n| n * 100), any::<i64>()]);
    let rows = prop_oneof![1 => 1..4_usize, 2 => Just(1024)];
    let max_cells = prop_oneof![1 => 0..40_u64, 2 => Just(u64::MAX)];
    (unbounded(), bound(), bound(), rows, max_cells).prop_map(|(options, from_unix_ms, to_unix_ms, rows, max_cells)| {
        Options { from_unix_ms, to_unix_ms, rows, max_cells, ..options }
    })
}

pub(crate) fn nodes(series: Series) -> impl Strategy<Value = Vec<Matrix>> {
    vec(matrix(series), 0..5)
}

pub(crate) fn matrix(series: Series) -> impl Strategy<Value = Matrix> {
    let columns = prop_oneof![8 => ticks(), 1 => extremes()];
    (columns, vec(any::<prop::sample::Index>(), 0..3), any::<bool>()).prop_flat_map(
        move |(mut columns, swaps, unordered)| {
            if unordered {
                for (from, to) in swaps.iter().zip(0..columns.len()) {
                    let from = from.index(columns.len());
                    columns.swap(from, to);
                }
            }
            let rows = prop::sample::subsequence(vec!["a", "b", "c", "route:1", "virtual:7"], 0..5).prop_shuffle();
            let count = columns.len();
            (
                Just(columns),
                rows.prop_flat_map(move |buckets| buckets.into_iter().map(|b| row(b, count)).collect::<Vec<_>>()),
            )
                .prop_map(move |(column_unix_ms, rows)| Matrix {
                    series,
                    column_unix_ms,
                    rows,
                    generated_at: None,
                    fanout_expected: None,
                })
        },
    )
}

/// Ticks of a clock with a phase: with jitter around half a step, windows left out or repeated, and a restart.
fn ticks() -> impl Strategy<Value = Vec<i64>> {
    let run = || (0..900_i64, vec((-55..=55_i64, 0..10_u8), 0..6));
    (select(vec![10, 20, 100, 101, 250, 1000]), run(), run(), 0..3_i64).prop_map(|(step, first, second, later)| {
        let restart = (second.0 + later * 700, second.1);
        let mut columns = Vec::new();
        for (phase, run) in [first, restart] {
            let phase = phase / 50 * 50;
            for (i, (jitter, fate)) in (0..).zip(run) {
                let jitter = if fate < 6 { 0 } else { jitter * step / 100 };
                let time = phase + i * step + jitter;
                match fate {
                    0 => {}
                    1 => columns.extend([time, time]),
                    _ => columns.push(time),
                }
            }
        }
        columns
    })
}

fn extremes() -> impl Strategy<Value = Vec<i64>> {
    vec(prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), Just(i64::MIN + 7), any::<i64>(), -100..100_i64], 0..6)
}

fn row(bucket: &'static str, columns: usize) -> impl Strategy<Value = Row> {
    let value = prop_oneof![
        4 => Just(0),
        6 => 1..4_u64,
        1 => Just(u64::MAX),
        1 => Just(u64::MAX - 1),
        1 => Just(1 << 63)
    ];
    (meta(bucket), vec(value, columns), identities(columns), identities(columns))
        .prop_map(|(meta, values, raft_group_ids, leader_terms)| Row { meta, values, raft_group_ids, leader_terms })
}

/// Missing, all known, one throughout or partly unknown.
fn identities(columns: usize) -> impl Strategy<Value = Option<Identities>> {
    let cells = prop_oneof![
        vec(1..3_u64, columns),
        vec(0..3_u64, columns),
        (0..3_u64).prop_map(move |value| vec![value; columns]),
    ];
    option::weighted(0.85, cells.prop_map(|cells| Identities::from_slice(&cells)))
}

fn meta(bucket: &'static str) -> impl Strategy<Value = RowMeta> {
    let key = || prop_oneof![Just(None), Just(Some(Vec::new())), vec(0..2_u8, 1..3).prop_map(Some)];
    (key(), key(), prop::bool::weighted(0.2), 0..3_u64).prop_map(move |(start, end, aggregate, route_count)| RowMeta {
        bucket_id: bucket.into(),
        start,
        end,
        aggregate,
        route_count,
        ..RowMeta::default()
    })
}
