use notify::event::{DataChange, MetadataKind, RemoveKind, RenameMode};
use proptest::prelude::*;

use super::*;

const FILE: &str = "/etc/keyviz-fanout/config.toml";

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// When a burst of these changes of [`FILE`], each at its milliseconds, is over.
fn over(changes: &[(u64, Change)]) -> Duration {
    let start = Instant::now();
    let mut burst = Burst::new(start + ms(changes[0].0));
    for &(at, change) in changes {
        burst.add(FILE.as_ref(), change, start + ms(at));
    }
    burst.due() - start
}

#[test]
fn a_file_replaced_as_a_whole_is_settled_soon() {
    assert_eq!(over(&[(0, Change::Whole)]), QUIET);
    assert_eq!(over(&[(0, Change::Whole), (50, Change::Other)]), ms(50) + QUIET);
}

#[test]
fn a_writer_that_closed_is_waited_for_no_longer() {
    assert_eq!(over(&[(0, Change::Open), (10, Change::Open), (20, Change::Whole)]), ms(20) + QUIET);
}

#[test]
fn a_writer_that_pauses_is_waited_for() {
    let half_written = [(0, Change::Open), (10, Change::Open)];
    assert_eq!(over(&half_written), ms(10) + QUIET_WHILE_OPEN);
    assert_eq!(over(&[half_written[0], half_written[1], (20, Change::Other)]), ms(20) + QUIET_WHILE_OPEN);
}

#[test]
fn one_writer_that_closed_does_not_speak_for_another() {
    let start = Instant::now();
    let mut burst = Burst::new(start);
    burst.add(FILE.as_ref(), Change::Open, start);
    burst.add("/etc/keyviz-fanout/key".as_ref(), Change::Whole, start);
    assert_eq!(burst.due(), start + QUIET_WHILE_OPEN);
}

#[test]
fn a_writer_that_never_rests_is_not_waited_for_for_ever() {
    let endless: Vec<_> = (0..100).map(|i| (i * 50, Change::Open)).collect();
    assert_eq!(over(&endless), LONGEST);
}

#[test]
fn after_lost_events_nobody_is_waited_for() {
    let start = Instant::now();
    let mut burst = Burst::new(start);
    burst.add(FILE.as_ref(), Change::Open, start);
    burst.add_lost(start + ms(5));
    assert_eq!(burst.due(), start + ms(5) + QUIET);
}

#[test]
fn reading_changes_nothing() {
    for access in [
        AccessKind::Any,
        AccessKind::Read,
        AccessKind::Open(AccessMode::Any),
        AccessKind::Close(AccessMode::Read),
        AccessKind::Other,
    ] {
        assert_eq!(Change::of(EventKind::Access(access)), None, "{access:?}");
    }
}

#[test]
fn what_an_event_says_of_a_file() {
    use Change::{Open, Other, Whole};
    for (kind, change) in [
        (EventKind::Access(AccessKind::Close(AccessMode::Write)), Whole),
        (EventKind::Create(CreateKind::File), Open),
        (EventKind::Create(CreateKind::Folder), Whole),
        (EventKind::Modify(ModifyKind::Data(DataChange::Any)), Open),
        (EventKind::Modify(ModifyKind::Name(RenameMode::To)), Whole),
        (EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), Other),
        (EventKind::Remove(RemoveKind::File), Whole),
        (EventKind::Any, Other),
        (EventKind::Other, Other),
    ] {
        assert_eq!(Change::of(kind), Some(change), "{kind:?}");
    }
}

fn changes() -> impl Strategy<Value = Vec<(u64, Change)>> {
    let change = prop_oneof![Just(Change::Open), Just(Change::Whole), Just(Change::Other)];
    prop::collection::vec((0..500_u64, change), 1..20).prop_map(|steps| {
        let times = steps.iter().scan(0, |at, &(gap, _)| {
            *at += gap;
            Some(*at)
        });
        times.zip(&steps).map(|(at, &(_, change))| (at, change)).collect()
    })
}

proptest! {
    #[test]
    fn a_burst_is_over_in_bounded_time(changes in changes()) {
        let (first, last) = (ms(changes[0].0), ms(changes[changes.len() - 1].0));
        let over = over(&changes);
        prop_assert!(over <= first + LONGEST);
        prop_assert!(over == first + LONGEST || over == last + QUIET || over == last + QUIET_WHILE_OPEN);
        let open = changes.iter().rfind(|(_, change)| *change != Change::Other).is_some_and(|(_, last)| *last == Change::Open);
        prop_assert!(!open || over == first + LONGEST || over == last + QUIET_WHILE_OPEN);
    }
}
