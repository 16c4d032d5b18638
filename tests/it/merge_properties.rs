//! Laws of the merge, and that it agrees with its oracle on everything.

use keyviz_fanout::merge::merge;
use proptest::prelude::*;

use crate::{merge_strategies as strategies, oracle};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn the_merge_equals_the_oracle_in_every_field(
        (series, nodes) in strategies::series().prop_flat_map(|series| (Just(series), strategies::nodes(series))),
        options in strategies::options(),
    ) {
        let inputs: Vec<_> = nodes.iter().collect();
        prop_assert_eq!(merge(series, &inputs, &options), oracle::merge(series, &inputs, &options));
    }
}
