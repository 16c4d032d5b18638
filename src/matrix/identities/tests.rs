use proptest::prelude::*;

use super::*;

/// Few distinct values, so that runs of every length occur.
fn cells() -> impl Strategy<Value = Vec<u64>> {
    let run = (0u64..3, prop_oneof![Just(1usize), 1usize..4, 1usize..60]);
    prop::collection::vec(run, 0..60)
        .prop_map(|runs| runs.into_iter().flat_map(|(value, count)| iter::repeat_n(value, count)).collect())
}

proptest! {
    #[test]
    fn every_way_to_build_gives_the_same_cells(cells in cells(), cuts in prop::collection::vec(0usize..400, 0..5)) {
        let made = Identities::from_slice(&cells);
        prop_assert_eq!(made.len(), cells.len());
        prop_assert_eq!((0..=cells.len()).map(|i| made.get(i)).collect::<Vec<_>>(),
            cells.iter().copied().map(Some).chain([None]).collect::<Vec<_>>());
        prop_assert_eq!(made.cells(), &cells[..]);
        prop_assert_eq!(&cells.iter().copied().collect::<Identities>(), &made);

        let mut pieces = IdentitiesBuilder::default();
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(cells.len())).chain([0, cells.len()]).collect();
        cuts.sort_unstable();
        for run in cuts.windows(2).flat_map(|cut| cells[cut[0]..cut[1]].chunk_by(|a, b| a == b)) {
            pieces.push_run(run[0], run.len());
        }
        prop_assert_eq!(pieces.finish(), made);
    }

    #[test]
    fn runs_are_longest_and_cover_every_cell(cells in cells()) {
        let made = Identities::from_slice(&cells);
        let runs: Vec<_> = made.runs().collect();
        prop_assert!(runs.windows(2).all(|pair| pair[0].0.end == pair[1].0.start && pair[0].1 != pair[1].1));
        let back: Vec<u64> = runs.iter().flat_map(|(range, value)| iter::repeat_n(*value, range.len())).collect();
        prop_assert_eq!(back, cells);
    }

    #[test]
    fn memory_never_exceeds_the_cells(cells in cells()) {
        let bytes = match Identities::from_slice(&cells).form {
            Form::Runs(runs) => runs.len() * size_of::<Run>(),
            Form::Cells(cells) => cells.len() * 8,
        };
        prop_assert!(bytes <= 8 * cells.len().max(2));
    }
}

#[test]
fn uniform_is_the_one_value_of_all_cells() {
    assert_eq!(Identities::constant(7, 3).uniform(), Some(7));
    assert_eq!(Identities::constant(7, 0).uniform(), None);
    assert_eq!(Identities::from_slice(&[7, 7, 8]).uniform(), None);
    assert_eq!(Identities::constant(7, 0), Identities::default());
}
