use std::{collections::HashSet, sync::Arc, time::Duration};

use proptest::prelude::*;

use super::{
    keyspace::{self, GROUPS},
    node::{Node, Query},
    noise,
    schedule::{Outages, Schedule, millis},
    workload::{JITTER_MS, Workload},
};
use crate::matrix::{Matrix, Series};

const STEP: Duration = Duration::from_secs(1);
const HISTORY: Duration = Duration::from_mins(10);
const EVERYTHING: Query = Query { series: Series::Writes, rows: usize::MAX, from: i64::MIN, to: i64::MAX };

fn workload(seed: u64, nodes: usize, outages: Option<Outages>) -> Arc<Workload> {
    Arc::new(Workload::new(seed, nodes, STEP, Schedule::new(nodes, outages, HISTORY)))
}

/// All that `node` has flushed by `now`, with the model's own times.
fn flushed(workload: &Arc<Workload>, node: usize, now: i64) -> Matrix {
    Node::new(node, Arc::clone(workload), millis(HISTORY), millis(HISTORY) * 6).matrix(&EVERYTHING, now, 0)
}

#[test]
fn a_seed_repeats_every_count_and_another_one_does_not() {
    let run = |seed| flushed(&workload(seed, 3, Some(Outages::default())), 1, 100_000);
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn what_was_counted_does_not_depend_on_when_it_is_asked_for() {
    let workload = workload(1, 3, Some(Outages::default()));
    let node = Node::new(1, Arc::clone(&workload), millis(HISTORY), millis(HISTORY) * 6);
    for now in (0..130_000).step_by(7_300) {
        node.matrix(&EVERYTHING, now, 0);
    }
    assert_eq!(node.matrix(&EVERYTHING, 130_000, 0), flushed(&workload, 1, 130_000));
}

#[test]
fn key_ranges_ascend_without_gaps_and_are_unbounded_at_both_ends() {
    let buckets = keyspace::buckets(1);
    assert!((200..=300).contains(&buckets.len()), "{}", buckets.len());
    assert_eq!((&buckets[0].meta.start, &buckets[buckets.len() - 1].meta.end), (&None, &None));
    for pair in buckets.windows(2) {
        assert_eq!(pair[0].meta.end, pair[1].meta.start);
        assert!(pair[0].meta.start_bytes() < pair[1].meta.start_bytes(), "{}", pair[1].meta.bucket_id);
    }
    let ids: HashSet<_> = buckets.iter().map(|bucket| &bucket.meta.bucket_id).collect();
    assert_eq!(ids.len(), buckets.len());
}

#[test]
fn no_two_nodes_share_a_timestamp_and_every_gap_is_a_step() {
    let workload = workload(3, 5, None);
    let mut seen = HashSet::new();
    for node in 0..5 {
        let columns = flushed(&workload, node, 60_000).column_unix_ms;
        assert!(columns.len() >= 659, "{}", columns.len());
        assert!(columns.windows(2).all(|pair| (pair[1] - pair[0] - 1000).abs() <= 2 * JITTER_MS));
        assert!(columns.into_iter().all(|column| seen.insert(column)));
    }
}

#[test]
fn a_node_flushes_nothing_of_an_outage_and_takes_a_new_phase_after_it() {
    let workload = workload(1, 2, Some(Outages::default()));
    let columns = flushed(&workload, 1, 300_000).column_unix_ms;
    for outage in [60_000..80_000, 180_000..200_000] {
        let before = columns.iter().copied().filter(|end| *end <= outage.start + JITTER_MS).max().unwrap();
        let after = columns.iter().copied().filter(|end| *end > before).min().unwrap();
        assert!(before > outage.start - 1_002, "{before}");
        assert!((outage.end + 999..outage.end + 2_002).contains(&after), "{after}");
        assert!((before.rem_euclid(1000) - after.rem_euclid(1000)).abs() > 2 * JITTER_MS);
    }
}

#[test]
fn a_window_with_a_change_of_leader_carries_the_old_leaders_share_under_the_new_term() {
    let workload = workload(1, 3, None);
    let schedule = &workload.schedule;
    let change = (0..300_000).find(|at| schedule.leadership(2, *at) != schedule.leadership(2, at + 1)).unwrap();
    let (old, new) = (schedule.leadership(2, change), schedule.leadership(2, change + 1));
    assert!(new.term > old.term && new.leader != old.leader, "{old:?} {new:?}");

    let index = (change - workload.phase(old.leader, 0)).div_euclid(1000) + 1;
    let flushed = workload.window(old.leader, 0, index);
    let end = index * 1000 + workload.phase(old.leader, 0);
    assert_eq!(flushed.terms[1], new.term);
    let led = schedule.led(old.leader, 2, end - 1000, end);
    let expected = 1.0 - f64::from(u32::try_from(end - change).unwrap()) / 1000.0;
    assert!((led - expected).abs() < 0.01, "{led} of {expected}");
}

#[test]
fn leaders_dispatch_most_writes_and_followers_a_part() {
    let workload = workload(1, 3, None);
    let leader = workload.leadership(1, -1000).leader;
    let of_group_1 = |node: usize| -> u32 {
        let counts = workload.window(node, 0, 0).counts;
        let group = workload.buckets.iter().zip(counts).filter(|(bucket, _)| bucket.group == 1);
        group.map(|(_, count)| count.writes).sum()
    };
    let all: u32 = (0..3).map(of_group_1).sum();
    let part = f64::from(of_group_1(leader)) / f64::from(all);
    assert!((0.75..0.97).contains(&part), "{part}");
}

#[test]
fn memory_is_bounded_however_long_nobody_asks() {
    let node = Node::new(0, workload(1, 1, None), millis(HISTORY), 60_000);
    for now in [0, 30_000, 10_000_000] {
        let columns = node.matrix(&EVERYTHING, now, 0).column_unix_ms;
        assert!((59..=60).contains(&columns.len()), "{}", columns.len());
        assert!(now - columns[columns.len() - 1] <= 1000 + 2 * JITTER_MS);
    }
}

#[test]
fn counts_have_the_mean_they_were_drawn_for() {
    for mean in [0.1, 0.7, 3.0, 500.0] {
        let drawn: f64 = (0..20_000).map(|index| f64::from(noise::count(mean, &[index, 9]))).sum();
        assert!((drawn / 20_000.0 / mean - 1.0).abs() < 0.05, "{} for {mean}", drawn / 20_000.0);
    }
}

fn outages() -> impl Strategy<Value = Option<Outages>> {
    let outage = (0_u64..100, 2_u64..200, 0_u64..100).prop_map(|(first, every, length)| Outages {
        first: Duration::from_secs(first),
        every: Duration::from_secs(every),
        length: Duration::from_secs(1 + length * (every - 2) / 100),
    });
    prop::option::of(outage)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_leader_is_up_and_a_term_has_one_leader_and_never_falls(nodes in 1_usize..6, outages in outages()) {
        let schedule = Schedule::new(nodes, outages, HISTORY);
        for group in 1..=GROUPS {
            let mut before = schedule.leadership(group, -600_000);
            for at in (-600_000..1_800_000).step_by(499) {
                let now = schedule.leadership(group, at);
                prop_assert!(schedule.is_up(now.leader, at), "{now:?} leads group {group} at {at}");
                prop_assert!(now.term > before.term || now == before, "{before:?}, then {now:?} at {at}");
                before = now;
            }
        }
    }

    #[test]
    fn incarnations_cover_exactly_the_time_a_node_is_up(nodes in 1_usize..6, outages in outages()) {
        let schedule = Schedule::new(nodes, outages, HISTORY);
        for node in 0..nodes {
            let mut incarnation = 0;
            for at in (-1_000..1_000_000).step_by(997) {
                while at >= schedule.up(node, incarnation).end {
                    incarnation += 1;
                }
                prop_assert_eq!(schedule.is_up(node, at), schedule.up(node, incarnation).contains(&at), "{} at {}", node, at);
            }
        }
    }
}
