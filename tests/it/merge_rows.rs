//! SPEC §4, "Rows" and "Row budget"; what is found about inputs, and the limit of cells.

use keyviz_fanout::{
    matrix::{Matrix, Row, RowMeta, Series},
    merge::{Divergence, Findings, Merged, Options},
};

use crate::merge_support::{OFF, WINDOW, anonymous, between, every, merged, node, row, writes};

fn buckets(merged: &Merged) -> Vec<&str> {
    merged.rows.iter().map(|row| row.meta.bucket_id.as_str()).collect()
}

#[test]
fn a_row_is_described_by_the_first_input_that_has_it() {
    let described = |label: &str, bucket: &str| Row {
        meta: RowMeta { label: Some(label.into()), route_count: label.len() as u64, ..row(bucket, &[1]).meta },
        ..row(bucket, &[1])
    };
    let nodes = [node(&[1], [described("first", "a")]), node(&[1], [described("later", "b"), described("late", "a")])];
    let merged = writes(&nodes, &OFF);
    assert_eq!(merged.rows[0].meta, nodes[0].rows[0].meta);
    assert_eq!(merged.rows[1].meta, nodes[1].rows[0].meta);
}

#[test]
fn another_start_end_or_aggregate_is_a_divergence() {
    let alter = |bucket: &str, change: fn(&mut RowMeta)| {
        let mut row = between(b"k", row(bucket, &[1]));
        change(&mut row.meta);
        row
    };
    let kept = |bucket| alter(bucket, |_| {});
    let first = node(&[1], ["a", "b", "c", "d", "e"].map(kept));
    let second = node(
        &[1],
        [
            alter("e", |meta| meta.label = Some("other".into())),
            alter("d", |meta| meta.end = Some(Vec::new())),
            alter("c", |meta| meta.aggregate = true),
            alter("b", |meta| meta.end = Some(b"z".to_vec())),
            alter("a", |meta| meta.start = None),
        ],
    );
    let findings = writes(&[first, second.clone(), second], &OFF).findings;
    let divergence = Some(Divergence { rows: 3, first_bucket_id: "c".into() });
    assert_eq!(findings[0].divergence, None);
    assert_eq!((&findings[1].divergence, &findings[2].divergence), (&divergence, &divergence));
}

#[test]
fn the_budget_keeps_the_largest_sums_ties_by_bucket_id() {
    let rows = [row("b", &[5, 0]), row("d", &[1, 1]), row("c", &[2, 3]), row("a", &[0, 5])];
    let top = |rows: usize, node: &Matrix| {
        let merged = writes(std::slice::from_ref(node), &Options { rows, ..OFF });
        (buckets(&merged).concat(), merged.rows_dropped)
    };
    let node = node(&[1, 2], rows);
    assert_eq!(top(1, &node), ("a".into(), 3));
    assert_eq!(top(2, &node), ("ab".into(), 2));
    assert_eq!(top(3, &node), ("abc".into(), 1));
    assert_eq!(top(4, &node), ("abcd".into(), 0));
}

#[test]
fn sums_beyond_a_u64_still_rank_exactly() {
    let rows = [row("a", &[u64::MAX, 1]), row("b", &[u64::MAX, 2])];
    assert_eq!(buckets(&writes(&[node(&[1, 2], rows)], &Options { rows: 1, ..OFF })), ["b"]);
}

#[test]
fn the_budget_counts_what_is_left_after_the_cut() {
    let rows = [row("a", &[100, 1]), row("b", &[0, 2])];
    let options = Options { rows: 1, from_unix_ms: Some(2), ..OFF };
    assert_eq!(buckets(&writes(&[node(&[1, 2], rows)], &options)), ["b"]);
}

#[test]
fn a_row_that_is_hot_only_in_the_cluster_survives_the_budget() {
    let nodes: Vec<_> = ["x", "y", "z"].map(|own| node(&[1], [row(own, &[10]), row("all", &[9])])).into();
    let merged = merged(Series::Reads, &nodes, &Options { rows: 1, ..OFF });
    assert_eq!((buckets(&merged), merged.rows[0].values[0]), (vec!["all"], 27));
}

#[test]
fn rows_are_ordered_by_start_bytes_then_bucket_id() {
    let rows = [
        between(b"\xff", row("a", &[1])),
        between(b"k", row("c", &[1])),
        between(b"k", row("b", &[1])),
        row("z", &[1]),
        between(b"", row("y", &[1])),
    ];
    assert_eq!(buckets(&writes(&[node(&[1], rows)], &OFF)), ["y", "z", "b", "c", "a"]);
}

#[test]
fn an_input_that_would_take_the_result_over_max_cells_is_left_out() {
    let small = node(&[1, 2], [row("a", &[1, 1])]);
    let tall = node(&[1, 2], [row("a", &[1, 1]), row("b", &[1, 1]), row("c", &[1, 1])]);
    let wide = node(&[3, 4, 5], [row("a", &[1, 1, 1])]);
    let nodes = [small.clone(), tall, wide.clone()];
    let all = writes(&nodes, &Options { max_cells: 15, ..OFF });
    assert!(all.findings.iter().all(|found| found.over_max_cells.is_none()), "3 × 5 cells are not over 15");

    let options = Options { max_cells: 5, ..OFF };
    let limited = writes(&nodes, &options);
    let over: Vec<_> = limited.findings.iter().map(|found| found.over_max_cells).collect();
    assert_eq!(over, [None, Some(6), None]);
    let kept = writes(&[small, wide], &options);
    assert_eq!(Merged { findings: Vec::new(), ..limited }, Merged { findings: Vec::new(), ..kept });
}

#[test]
fn cells_are_counted_after_the_cut_and_before_the_budget() {
    let node = node(&[1, 2, 3], [row("a", &[1, 1, 1]), row("b", &[1, 1, 1])]);
    let over = |options| writes(std::slice::from_ref(&node), &options).findings[0].over_max_cells;
    assert_eq!(over(Options { max_cells: 4, from_unix_ms: Some(2), rows: 1, ..OFF }), None);
    assert_eq!(over(Options { max_cells: 3, from_unix_ms: Some(2), rows: 1, ..OFF }), Some(4));
}

#[test]
fn an_input_that_was_left_out_has_no_say_in_the_step() {
    let slow = node(&[0, 60_000], [row("a", &[1, 1])]);
    let fast: Vec<i64> = (0..100).map(|i| i * 1000).collect();
    let nodes = [slow, node(&fast, [row("a", &[1; 100])])];
    assert_eq!(writes(&nodes, &Options { max_cells: 2, ..WINDOW }).step_ms, Some(60_000));
}

#[test]
fn writes_without_group_or_term_arrays_are_identity_missing() {
    let missing = |series, rows: Vec<Row>| merged(series, &[node(&[1, 2], rows)], &OFF).findings[0].identity_missing;
    let half = Row { leader_terms: None, ..row("b", &[0, 1]) };
    assert!(missing(Series::Writes, vec![row("a", &[1, 1]), half.clone()]));
    assert!(missing(Series::WriteBytes, vec![anonymous("a", &[1, 1])]));
    assert!(!missing(Series::Reads, vec![half]));
    assert!(!missing(Series::Writes, vec![anonymous("a", &[0, 0]), row("b", &[1, 1])]));
}

#[test]
fn a_step_more_than_a_tenth_off_is_a_mismatch() {
    let mismatch = |gap| writes(&[node(&[0, gap], [])], &every(10_000, WINDOW)).findings[0].step_mismatch;
    assert_eq!([8_900, 9_000, 11_000, 11_100].map(mismatch), [true, false, false, true]);
    assert!(!writes(&[node(&[0, 1], [])], &OFF).findings[0].step_mismatch, "there is no merge step");
    assert!(!writes(&[node(&[0], [])], &every(10_000, WINDOW)).findings[0].step_mismatch, "there is no own step");
}

#[test]
fn columns_out_of_order_or_repeated_are_unordered() {
    let unordered = |columns: &[i64]| writes(&[node(columns, [])], &WINDOW).findings[0].columns_unordered;
    assert!(unordered(&[2, 1]) && unordered(&[1, 1]));
    assert!(!unordered(&[]) && !unordered(&[1, 2, 4]));
}

#[test]
fn no_input_makes_an_empty_matrix() {
    let merged = writes(&[], &WINDOW);
    assert!(merged.rows.is_empty() && merged.column_unix_ms.is_empty() && merged.findings.is_empty());
    let quiet = writes(&[node(&[], [])], &WINDOW);
    assert_eq!((quiet.rows.len(), quiet.findings), (0, vec![Findings::default()]));
}
