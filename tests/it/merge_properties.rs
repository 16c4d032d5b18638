//! Laws of the merge, and that it agrees with its oracle on everything.

use std::{collections::BTreeMap, fmt::Debug};

use keyviz_fanout::{
    matrix::{Matrix, Series},
    merge::{Extras, Merge, Merged, Options, encode, merge},
};
use proptest::{prelude::*, sample::Index};

use crate::{
    merge_strategies as strategies,
    merge_support::{OFF, WINDOW, merged},
    oracle,
};

fn nodes() -> impl Strategy<Value = (Series, Vec<Matrix>)> {
    strategies::series().prop_flat_map(|series| (Just(series), strategies::nodes(series)))
}

/// Nodes whose counts never saturate.
fn modest_nodes() -> impl Strategy<Value = (Series, Vec<Matrix>)> {
    nodes().prop_map(|(series, mut nodes)| {
        for value in nodes.iter_mut().flat_map(|node| &mut node.rows).flat_map(|row| &mut row.values) {
            *value %= 1000;
        }
        (series, nodes)
    })
}

/// What each row counted altogether.
fn totals(merged: &Merged) -> BTreeMap<&str, u64> {
    merged.rows.iter().map(|row| (row.meta.bucket_id.as_str(), row.values.iter().sum())).collect()
}

/// Everything that has nothing to do with the order of the inputs.
fn unordered(merged: &Merged) -> impl Debug + PartialEq {
    let rows = merged.rows.iter().map(|row| (&row.meta.bucket_id, (&row.values, &row.conflicts)));
    (&merged.column_unix_ms, &merged.column_nodes, rows.collect::<BTreeMap<_, _>>())
}

fn without_findings(merged: Merged) -> Merged {
    Merged { findings: Vec::new(), ..merged }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn the_merge_equals_the_oracle_in_every_field((series, nodes) in nodes(), options in strategies::options()) {
        let inputs: Vec<_> = nodes.iter().collect();
        prop_assert_eq!(merge(series, &inputs, &options), oracle::merge(series, &inputs, &options));
    }

    #[test]
    fn rows_encoded_as_they_are_merged_give_the_bytes_of_the_merged_matrix(
        (series, nodes) in nodes(),
        options in strategies::options(),
        identity in any::<bool>(),
    ) {
        let inputs: Vec<_> = nodes.iter().collect();
        let extras = Extras { generated_at: "2026-11-23T00:00:00Z", identity, fanout: b"{}" };
        let merging = Merge::new(series, &inputs, &options);
        let merged = merge(series, &inputs, &options);
        prop_assert_eq!(merging.findings(), &merged.findings);
        let text = |bytes| String::from_utf8(bytes).unwrap_or_default();
        prop_assert_eq!(text(merging.encode(&extras, b"from before".to_vec())), text(encode(&merged, &extras)));
    }

    #[test]
    fn with_exact_timestamps_values_and_conflicts_do_not_depend_on_the_order_of_nodes(
        (series, nodes, shuffled) in nodes().prop_flat_map(|(series, nodes)| {
            (Just(series), Just(nodes.clone()), Just(nodes).prop_shuffle())
        }),
    ) {
        let (one, other) = (merged(series, &nodes, &OFF), merged(series, &shuffled, &OFF));
        prop_assert_eq!(unordered(&one), unordered(&other));
    }

    #[test]
    fn with_windows_the_sum_of_a_row_is_the_same_at_every_step_and_in_every_order(
        ((series, nodes), shuffled) in modest_nodes().prop_flat_map(|(series, nodes)| {
            (Just((series, nodes.clone())), Just(nodes).prop_shuffle())
        }),
        step in strategies::step(),
    ) {
        let off = merged(series, &nodes, &OFF);
        for nodes in [nodes, shuffled] {
            let stepped = merged(series, &nodes, &Options { step, ..WINDOW });
            prop_assert_eq!(totals(&stepped), totals(&off));
        }
    }

    #[test]
    fn a_node_with_nothing_to_say_changes_nothing(
        (series, nodes) in nodes(),
        options in strategies::options(),
        at in any::<Index>(),
    ) {
        let quiet = Matrix { series, column_unix_ms: vec![], rows: vec![], generated_at: None, fanout_expected: None };
        let mut with = nodes.clone();
        with.insert(at.index(nodes.len() + 1), quiet);
        let (with, without) = (merged(series, &with, &options), merged(series, &nodes, &options));
        prop_assert_eq!(without_findings(with), without_findings(without));
    }

    #[test]
    fn leaving_inputs_out_is_the_same_as_not_having_them((series, nodes) in nodes(), options in strategies::options()) {
        let limited = merged(series, &nodes, &options);
        let left_out = limited.findings.iter().map(|found| found.over_max_cells.is_some());
        let kept: Vec<_> = nodes.iter().zip(left_out).filter(|(_, out)| !out).map(|(node, _)| node.clone()).collect();
        let unlimited = merged(series, &kept, &Options { max_cells: u64::MAX, ..options });
        prop_assert!(limited.column_unix_ms.len() as u64 * (limited.rows.len() as u64) <= options.max_cells);
        prop_assert_eq!(without_findings(limited), without_findings(unlimited));
    }

    #[test]
    fn one_ordered_node_with_the_step_off_comes_out_as_it_is((series, nodes) in nodes()) {
        for mut node in nodes {
            node.column_unix_ms = (0..).map(|i| i * 1000).take(node.column_unix_ms.len()).collect();
            let alone = merged(series, std::slice::from_ref(&node), &OFF);
            prop_assert_eq!(&alone.column_unix_ms, &node.column_unix_ms);
            for row in &node.rows {
                let merged = alone.rows.iter().find(|merged| merged.meta == row.meta);
                prop_assert_eq!(merged.map(|merged| (&merged.values, &merged.conflicts)), Some((&row.values, &None)));
            }
        }
    }
}
