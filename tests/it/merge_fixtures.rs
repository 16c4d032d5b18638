//! The recorded answers of a real cluster: three nodes, a change of leader in the middle.

#![expect(clippy::unwrap_used, reason = "the recordings are there and valid")]

use std::{fs, path::Path};

use keyviz_fanout::{
    config::{Dedupe, Step},
    matrix::{Matrix, Series, decode},
    merge::{Merged, Options, merge},
};

use crate::{
    merge_support::{SLOT, WINDOW, cells, every, merged},
    oracle,
};

fn recorded(series: Series) -> Vec<Matrix> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cluster");
    let read = |node| fs::read(folder.join(format!("{node}.{series}.json"))).unwrap();
    ["n1", "n2", "n3"].map(|node| decode(&read(node), series).unwrap()).into()
}

fn total<'a>(rows: impl IntoIterator<Item = &'a Vec<u64>>) -> u64 {
    rows.into_iter().flatten().sum()
}

fn merged_total(merged: &Merged) -> u64 {
    total(merged.rows.iter().map(|row| &row.values))
}

#[test]
fn three_nodes_share_one_column_per_tick() {
    let merged = merged(Series::Writes, &recorded(Series::Writes), &WINDOW);
    assert_eq!((merged.step_ms, merged.column_unix_ms.len()), (Some(10_000), 18));
    assert_eq!(merged.column_nodes, [3; 18]);
    assert_eq!(merged.rows.len(), 53);
}

#[test]
fn the_sum_over_the_matrix_is_the_same_at_every_step() {
    for series in Series::ALL {
        let nodes = recorded(series);
        let sent = total(nodes.iter().flat_map(|node| &node.rows).map(|row| &row.values));
        for step in [Step::Auto, Step::Off, Step::Millis(100), Step::Millis(7_300), Step::Millis(3_600_000)] {
            assert_eq!(merged_total(&merged(series, &nodes, &Options { step, ..WINDOW })), sent);
        }
    }
}

#[test]
fn both_leaders_of_the_window_of_the_change_count() {
    let nodes = recorded(Series::Writes);
    for options in [WINDOW, SLOT] {
        let merged = merged(Series::Writes, &nodes, &options);
        let row = merged.rows.iter().find(|row| row.meta.bucket_id == "route:1:redis#5").unwrap();
        assert_eq!(cells(row)[8], (219 + 1602, 1, 2, false));
    }
}

#[test]
fn the_recordings_merge_as_the_oracle_says() {
    for series in Series::ALL {
        let nodes = recorded(series);
        let inputs: Vec<_> = nodes.iter().collect();
        for dedupe in [Dedupe::Window, Dedupe::Slot] {
            for options in [WINDOW, every(30_000, WINDOW), every(100, WINDOW), Options { step: Step::Off, ..WINDOW }] {
                let options = Options { dedupe, rows: 40, ..options };
                assert_eq!(merge(series, &inputs, &options), oracle::merge(series, &inputs, &options));
            }
        }
    }
}
