//! SPEC §4, "Columns".

use keyviz_fanout::{config::Step, matrix::Matrix, merge::Options};

use crate::merge_support::{OFF, SLOT, WINDOW, every, node, row, writes};

/// A node that counted one write in each window.
fn ticking(columns: &[i64]) -> Matrix {
    node(columns, [row("a", &vec![1; columns.len()])])
}

fn columns(nodes: &[Matrix], options: &Options) -> Vec<i64> {
    writes(nodes, options).column_unix_ms
}

fn own_step(columns: &[i64]) -> Option<i64> {
    writes(&[ticking(columns)], &OFF).findings[0].own_step_ms
}

#[test]
fn off_columns_are_the_sorted_union_of_the_exact_timestamps() {
    let nodes = [ticking(&[541, 1541]), ticking(&[234, 1234, 1541])];
    assert_eq!(columns(&nodes, &OFF), [234, 541, 1234, 1541]);
    assert_eq!(writes(&nodes, &OFF).step_ms, None);
}

#[test]
fn the_own_step_is_the_median_gap_at_index_n_half_rounded_down() {
    assert_eq!(own_step(&[0, 1000, 3000]), Some(2000));
    assert_eq!(own_step(&[0, 1000, 2000, 5000]), Some(1000));
    assert_eq!(own_step(&[5000, 0, 5000, 1000, 2000, 0]), Some(1000), "gaps of repeated timestamps don't count");
}

#[test]
fn the_own_step_is_rounded_halves_up() {
    for (gap, step) in [(60_049, 60_000), (60_050, 60_100), (1049, 1000), (1050, 1100)] {
        assert_eq!(own_step(&[0, gap]), Some(step), "to the nearest 100 ms");
    }
    for (gap, step) in [(994, 990), (995, 1000), (999, 1000), (1000, 1000), (14, 10), (15, 20)] {
        assert_eq!(own_step(&[0, gap]), Some(step), "below 1 s to 10 ms");
    }
    for gap in [1, 4, 5] {
        assert_eq!(own_step(&[0, gap]), Some(10), "at least 10 ms");
    }
}

#[test]
fn a_node_without_a_gap_takes_the_merge_step() {
    assert_eq!(own_step(&[7, 7]), None);
    assert_eq!(columns(&[ticking(&[1499])], &every(1000, WINDOW)), [1000]);
    assert_eq!(columns(&[ticking(&[1500])], &every(1000, WINDOW)), [2000]);
}

#[test]
fn auto_is_the_median_of_the_own_steps() {
    let step = |nodes: &[Matrix]| writes(nodes, &WINDOW).step_ms;
    let of = |ms| ticking(&[0, ms]);
    assert_eq!(step(&[of(3000), of(1000), of(2000)]), Some(2000));
    assert_eq!(step(&[of(3000), of(1000)]), Some(3000));
    assert_eq!(step(&[of(3000), ticking(&[5]), node(&[], [])]), Some(3000), "nodes without a gap have no say");
    assert_eq!(step(&[ticking(&[5])]), Some(60_000));
    assert_eq!(step(&[]), Some(60_000));
}

#[test]
fn jitter_neither_doubles_nor_empties_a_slot_wherever_the_phase_lies() {
    for phase in [0, 1, 499, 500, 501, 999] {
        for jitter in [1, 20] {
            let times: Vec<i64> =
                (0..50).zip([0, jitter, -jitter].iter().cycle()).map(|(i, jitter)| phase + i * 1000 + jitter).collect();
            for options in [WINDOW, SLOT] {
                let merged = writes(&[ticking(&times)], &every(1000, options));
                assert_eq!(merged.rows[0].values, [1; 50], "phase {phase}, jitter {jitter}");
            }
        }
    }
}

#[test]
fn the_first_slot_is_the_multiple_nearest_to_the_median_phase_halves_up() {
    assert_eq!(columns(&[ticking(&[499, 1499, 2499])], &WINDOW), [0, 1000, 2000]);
    assert_eq!(columns(&[ticking(&[500, 1500, 2500])], &WINDOW), [1000, 2000, 3000]);
    assert_eq!(columns(&[ticking(&[498, 1500, 2500])], &WINDOW), [1000, 2000, 3000], "the median, not the first");
    assert_eq!(columns(&[ticking(&[-1500, -500])], &WINDOW), [-1000, 0]);
}

#[test]
fn a_restart_with_another_phase_starts_a_new_run() {
    let restarted = |at: i64| {
        let times: Vec<i64> = [0, 1000, 2000, 3000].into_iter().chain([at, at + 1000]).collect();
        columns(&[ticking(&times)], &WINDOW)
    };
    assert_eq!(restarted(4500), [0, 1000, 2000, 3000, 4000, 5000], "half a step is still the same run");
    assert_eq!(restarted(4501), [0, 1000, 2000, 3000, 5000, 6000]);
    assert_eq!(restarted(3500), [0, 1000, 2000, 3000, 4000, 5000]);
    assert_eq!(restarted(3499), [0, 1000, 2000, 3000, 4000], "two windows in the slot of 3000");
}

#[test]
fn a_column_is_named_after_its_end() {
    let node = ticking(&[-10_000, 0, 10_000, 20_000, 60_000, 70_000, 80_000]);
    assert_eq!(columns(&[node], &every(60_000, WINDOW)), [0, 60_000, 120_000]);
}

#[test]
fn nodes_with_different_phases_share_columns() {
    let nodes: Vec<_> = [541, 234, 934].map(|phase| ticking(&[10_000 + phase, 20_000 + phase, 30_000 + phase])).into();
    let merged = writes(&nodes, &WINDOW);
    assert_eq!(merged.column_unix_ms, [10_000, 20_000, 30_000]);
    assert_eq!((&merged.rows[0].values, &merged.column_nodes), (&vec![3; 3], &vec![3; 3]));
}

#[test]
fn a_timestamp_that_several_nodes_have_goes_to_the_column_of_the_first() {
    let early = ticking(&[400, 1400, 2400]);
    let late = node(&[1400, 2600, 3600, 4600], [row("a", &[9, 0, 0, 0])]);
    for options in [WINDOW, SLOT] {
        let merged = writes(&[early.clone(), late.clone()], &every(1000, options));
        assert_eq!(merged.column_unix_ms, [0, 1000, 2000, 3000, 4000, 5000]);
        assert_eq!(merged.rows[0].values[1..3], [9, 1], "one timestamp is one window, by slot too");
        let reversed = writes(&[late.clone(), early.clone()], &every(1000, options));
        assert_eq!(reversed.column_unix_ms, [0, 2000, 3000, 4000, 5000]);
    }
}

#[test]
fn repeated_timestamps_are_windows_that_add_up() {
    let merged = writes(&[node(&[2000, 1000, 2000], [row("a", &[1, 2, 4])])], &WINDOW);
    assert_eq!((merged.column_unix_ms, &merged.rows[0].values), (vec![1000, 2000], &vec![2, 5]));
    assert!(merged.findings[0].columns_unordered);
}

#[test]
fn a_node_is_complete_where_it_has_a_later_slot_or_enough_of_them() {
    let ahead = ticking(&[10_000, 20_000, 30_000, 40_000, 50_000, 60_000, 70_000]);
    let behind = ticking(&[10_000, 20_000, 30_000, 40_000, 50_000]);
    let full = ticking(&[10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
    let nodes = |nodes: &[&Matrix]| {
        writes(&nodes.iter().map(|&node| node.clone()).collect::<Vec<_>>(), &every(60_000, WINDOW)).column_nodes
    };
    assert_eq!(nodes(&[&ahead]), [1, 0], "the newest column is short");
    assert_eq!(nodes(&[&behind]), [0]);
    assert_eq!(nodes(&[&full]), [1]);
    assert_eq!(nodes(&[&ahead, &behind, &full]), [2, 0]);
}

#[test]
fn a_node_with_a_longer_step_than_the_columns_is_complete_where_it_has_a_slot() {
    let merged = writes(&[ticking(&[60_000, 120_000])], &every(10_000, WINDOW));
    assert_eq!((merged.column_unix_ms, merged.column_nodes), (vec![60_000, 120_000], vec![1, 1]));
}

#[test]
fn floor_of_the_steps_is_enough_slots() {
    assert_eq!(writes(&[ticking(&[400, 800])], &every(1000, WINDOW)).column_nodes, [1], "floor(1000 / 400) = 2");
    assert_eq!(writes(&[ticking(&[300, 600])], &every(1000, WINDOW)).column_nodes, [0], "floor(1000 / 300) = 3");
}

#[test]
fn with_the_step_off_column_nodes_counts_who_has_the_timestamp() {
    let idle = node(&[1000, 3000, 3000], []);
    assert_eq!(writes(&[ticking(&[1000, 2000]), idle], &OFF).column_nodes, [2, 1, 1]);
}

#[test]
fn the_cut_keeps_merged_columns_from_inclusive_to_exclusive() {
    let node = node(&[1400, 2400, 3400], [row("a", &[1, 2, 4]), row("b", &[8, 0, 0])]);
    let cut = |from_unix_ms, to_unix_ms| {
        let merged = writes(std::slice::from_ref(&node), &Options { from_unix_ms, to_unix_ms, ..WINDOW });
        (merged.column_unix_ms, merged.rows.into_iter().map(|row| row.values).collect::<Vec<_>>())
    };
    assert_eq!(cut(Some(1000), Some(3000)), (vec![1000, 2000], vec![vec![1, 2], vec![8, 0]]));
    assert_eq!(cut(Some(1001), Some(3001)), (vec![2000, 3000], vec![vec![2, 4], vec![0, 0]]), "an empty row stays");
    assert_eq!(cut(Some(5000), None), (vec![], vec![vec![], vec![]]));
}

#[test]
fn a_column_beyond_the_cut_still_shows_that_a_node_is_complete() {
    let times: Vec<i64> = (1..=3).map(|i| i * 10_000).chain([70_000]).collect();
    let options = Options { to_unix_ms: Some(61_000), ..every(60_000, WINDOW) };
    assert_eq!(writes(&[ticking(&times)], &options).column_nodes, [1]);
}

#[test]
fn timestamps_at_both_ends_of_an_i64_are_merged_without_overflow() {
    let nodes = [ticking(&[i64::MIN, i64::MAX]), ticking(&[i64::MAX, i64::MAX - 1, i64::MIN, i64::MIN + 1, 0])];
    for step in [Step::Auto, Step::Off, Step::Millis(1), Step::Millis(100), Step::Millis(3_600_000)] {
        for options in [WINDOW, SLOT] {
            let merged = writes(&nodes, &Options { step, ..options });
            assert!(merged.column_unix_ms.is_sorted_by(|a, b| a < b));
            assert_eq!(merged.rows.len(), 1);
        }
    }
}
