//! SPEC §4, "Windows are merged first, then added up" and the rules for one window.

use keyviz_fanout::matrix::Series;

use crate::merge_support::{OFF, SLOT, WINDOW, anonymous, cells, every, led, merged, node, row, window, writes};

const MAX: u64 = u64::MAX;

#[test]
fn reads_are_the_sum_over_nodes_and_never_a_conflict() {
    for series in [Series::Reads, Series::ReadBytes] {
        assert_eq!(window(series, &[(3, 1, 7), (4, 1, 7), (4, 1, 7)]), (11, 1, 7, false));
        assert_eq!(window(series, &[(MAX, 1, 7), (1, 1, 7)]), (MAX, 1, 7, false), "saturating at 2^64−1");
    }
}

#[test]
fn reads_have_the_identity_of_the_last_input_with_a_count() {
    assert_eq!(window(Series::Reads, &[(9, 1, 7), (1, 2, 5), (0, 3, 3)]), (10, 2, 5, false));
    assert_eq!(window(Series::Reads, &[(9, 1, 7), (1, 0, 0)]), (10, 0, 0, false));
    assert_eq!(window(Series::Reads, &[(0, 1, 7)]), (0, 0, 0, false), "a cell of 0 has none");
}

#[test]
fn within_one_group_and_term_the_maximum_stands_a_conflict_if_two_differ() {
    for series in [Series::Writes, Series::WriteBytes] {
        assert_eq!(window(series, &[(5, 1, 7), (5, 1, 7)]), (5, 1, 7, false));
        assert_eq!(window(series, &[(5, 1, 7), (3, 1, 7), (5, 1, 7)]), (5, 1, 7, true));
        assert_eq!(window(series, &[(5, 1, 7), (0, 1, 7)]), (5, 1, 7, false), "zeros are ignored");
    }
}

#[test]
fn after_a_change_of_leader_the_maxima_are_summed() {
    assert_eq!(window(Series::Writes, &[(5, 1, 7), (3, 1, 8)]), (8, 1, 7, false));
    assert_eq!(window(Series::Writes, &[(5, 1, 7), (3, 1, 8), (6, 1, 8)]), (11, 1, 8, true));
    assert_eq!(window(Series::Writes, &[(MAX, 1, 7), (3, 1, 8)]), (MAX, 1, 7, false), "saturating");
}

#[test]
fn a_tie_of_maxima_goes_to_the_higher_term_then_the_higher_group() {
    assert_eq!(window(Series::Writes, &[(5, 1, 8), (5, 9, 7)]), (10, 1, 8, false));
    assert_eq!(window(Series::Writes, &[(5, 3, 7), (5, 2, 7)]), (10, 3, 7, false));
}

#[test]
fn a_count_without_group_or_term_makes_it_the_maximum_of_all_never_summed() {
    assert_eq!(window(Series::Writes, &[(5, 1, 7), (3, 0, 0)]), (5, 1, 7, true));
    assert_eq!(window(Series::Writes, &[(5, 1, 7), (9, 1, 0)]), (9, 1, 0, true));
    assert_eq!(
        window(Series::Writes, &[(5, 1, 7), (5, 2, 8), (5, 0, 7)]),
        (5, 0, 7, false),
        "on a tie the last in order"
    );
    assert_eq!(window(Series::Writes, &[(5, 0, 7), (5, 1, 7), (2, 2, 7)]), (5, 1, 7, true));
    assert_eq!(window(Series::Writes, &[(5, 1, 7), (3, 1, 8), (0, 0, 0)]), (8, 1, 7, false), "zeros are ignored");
}

#[test]
fn rows_without_identity_arrays_count_as_not_known() {
    let nodes = [node(&[1000], [row("a", &[5])]), node(&[1000], [anonymous("a", &[4])])];
    assert_eq!(cells(&writes(&nodes, &OFF).rows[0]), [(5, 1, 7, true)]);
    assert_eq!(cells(&writes(&nodes[1..], &OFF).rows[0]), [(4, 0, 0, false)]);
}

#[test]
fn conflicts_are_present_only_in_rows_with_a_conflict() {
    let nodes = [
        node(&[1000, 2000], [row("a", &[5, 5]), row("b", &[5, 5])]),
        node(&[1000, 2000], [row("a", &[5, 5]), row("b", &[5, 6])]),
    ];
    let rows = writes(&nodes, &OFF).rows;
    assert_eq!((&rows[0].conflicts, &rows[1].conflicts), (&None, &Some(vec![false, true])));
}

#[test]
fn windows_of_different_nodes_in_one_column_add_up() {
    let nodes = [node(&[1000, 2000], [row("a", &[200, 1])]), node(&[1003, 2003], [row("a", &[150, 1])])];
    assert_eq!(cells(&writes(&nodes, &WINDOW).rows[0]), [(350, 1, 7, false), (2, 1, 7, false)]);
    assert_eq!(cells(&writes(&nodes, &SLOT).rows[0]), [(200, 1, 7, true), (1, 1, 7, false)], "the same slot");
}

#[test]
fn what_falls_into_one_cell_adds_up_saturating() {
    let nodes = [node(&[1000, 2000], [row("a", &[MAX, 0])]), node(&[1003, 2003], [row("a", &[MAX, 0])])];
    assert_eq!(writes(&nodes, &WINDOW).rows[0].values, [MAX, 0]);
}

#[test]
fn a_cell_has_the_identity_of_its_largest_window_on_a_tie_of_the_latest() {
    let cell = |values: &[u64]| {
        let node = node(&[1000, 2000, 3000], [led("a", values, &[1, 2, 3], &[9, 8, 7])]);
        cells(&writes(&[node], &every(3000, WINDOW)).rows[0])[0]
    };
    assert_eq!(cell(&[5, 6, 4]), (15, 2, 8, false));
    assert_eq!(cell(&[6, 6, 4]), (16, 2, 8, false));
    assert_eq!(cell(&[6, 4, 6]), (16, 3, 7, false));
    assert_eq!(cell(&[6, 0, 0]), (6, 1, 9, false));
}

#[test]
fn the_latest_window_is_that_with_the_latest_timestamp_whoever_sent_it() {
    let late = node(&[1003, 2003], [led("a", &[5, 1], &[2, 2], &[2, 2])]);
    let early = node(&[1000, 2000], [row("a", &[5, 1])]);
    let [first, ..] = cells(&writes(&[late, early], &WINDOW).rows[0])[..] else { panic!("no cell") };
    assert_eq!(first, (10, 2, 2, false));
}

#[test]
fn a_cell_is_a_conflict_if_one_of_its_windows_is() {
    let nodes = [node(&[1000, 2000], [row("a", &[5, 5])]), node(&[1000, 2000], [row("a", &[5, 6])])];
    assert_eq!(cells(&writes(&nodes, &every(2000, WINDOW)).rows[0]), [(11, 1, 7, true)]);
}

#[test]
fn two_windows_of_one_node_add_up_before_nodes_are_compared() {
    let twice = node(&[1000, 1000], [row("a", &[2, 3])]);
    let once = node(&[1000], [row("a", &[5])]);
    assert_eq!(cells(&writes(&[twice, once], &OFF).rows[0]), [(5, 1, 7, false)]);

    let restarted = node(&[1000, 2000, 3000, 3450, 4450], [row("a", &[0, 0, 2, 3, 0])]);
    let steady = node(&[1000, 2000, 3000, 4000], [row("a", &[0, 0, 5, 0])]);
    let cells = cells(&writes(&[restarted, steady], &every(1000, SLOT)).rows[0]);
    assert_eq!(cells[2], (5, 1, 7, false), "3000 and 3450 are one slot");
}

#[test]
fn windows_of_one_node_under_different_leaders_stay_apart() {
    let changed = led("a", &[2, 3], &[1, 1], &[7, 8]);
    let merged = writes(&[node(&[1000, 1000], [changed]), node(&[1000], [row("a", &[2])])], &OFF);
    assert_eq!(cells(&merged.rows[0]), [(5, 1, 8, false)]);
    let unknown = led("a", &[2, 3], &[1, 0], &[7, 0]);
    let merged = writes(&[node(&[1000, 1000], [unknown])], &OFF);
    assert_eq!(cells(&merged.rows[0]), [(3, 0, 0, true)], "as if from two nodes");
}

#[test]
fn reads_of_one_node_have_its_latest_identity() {
    let node = node(&[1000, 1000, 1000], [led("a", &[1, 2, 0], &[1, 2, 3], &[4, 5, 6])]);
    assert_eq!(cells(&merged(Series::Reads, &[node], &OFF).rows[0]), [(3, 2, 5, false)]);
}

#[test]
fn six_hundred_writes_through_three_nodes_come_out_as_six_hundred_at_every_step() {
    let through = |phase: i64| {
        let times: Vec<i64> = (1..=10).map(|i| i * 10_000 + phase).collect();
        node(&times, [row("a", &[20; 10])])
    };
    let nodes = [through(541), through(234), through(934)];
    let total = |options| writes(&nodes, &options).rows[0].values.iter().sum::<u64>();
    assert_eq!((total(WINDOW), total(OFF)), (600, 600));
    for step_ms in [100, 1000, 7_000, 10_000, 60_000, 3_600_000] {
        assert_eq!(total(every(step_ms, WINDOW)), 600);
    }
    assert_eq!(total(SLOT), 200, "the rule of the original design undercounts");
}
