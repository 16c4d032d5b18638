use std::time::Duration;

use async_std::{future::timeout, task};
use futures_util::{FutureExt, future::join_all};
use proptest::prelude::*;

use super::*;

/// Of a budget of three bodies, one is set aside.
const BODIES: Limits = Limits { shared: 200, aside: 1 };
const NOBODY: Usage = Usage { used: 0, waiting: 0 };

fn share(room: &Arc<Room>, party: u64, limits: Limits) -> Share {
    room.share(Kind::Bodies, Party(party), limits)
}

fn fits(share: &Share, amount: u64) -> bool {
    share.grow(amount).now_or_never().is_some()
}

#[test]
fn within_the_limit_nobody_waits() {
    let room = Arc::default();
    let all = [1, 2].map(|party| share(&room, party, BODIES));
    assert!(all.iter().all(|one| fits(one, 100)));
}

#[test]
fn over_it_one_body_at_a_time_goes_on() {
    let room = Arc::default();
    let [a, b, c, d] = [1, 2, 3, 4].map(|party| share(&room, party, BODIES));
    assert!(fits(&a, 100) && fits(&b, 100));
    assert!(fits(&c, 60), "the favoured one");
    assert!(!fits(&d, 1));
    assert!(fits(&c, 40), "it goes on to its end");
    drop(c);
    assert!(fits(&d, 1), "its end is the next one's turn");
    drop((a, b, d));
    assert_eq!(room.usage(Kind::Bodies), NOBODY);
}

#[test]
fn a_budget_of_one_body_is_one_at_a_time() {
    let limits = Limits { shared: 0, aside: 1 };
    let room = Arc::default();
    let (a, b) = (share(&room, 1, limits), share(&room, 1, limits));
    assert!(fits(&a, 1));
    assert!(!fits(&b, 1), "be it of the same request");
    drop(a);
    assert!(fits(&b, 1));
}

#[test]
fn the_favoured_request_goes_before_all_others_in_every_kind() {
    let room: Arc<Room> = Arc::default();
    let [first, second] = [1, 2].map(|party| room.share(Kind::Decoded, Party(party), Limits { shared: 100, aside: 1 }));
    let body = share(&room, 2, Limits { shared: 100, aside: 1 });
    assert!(fits(&body, 100) && fits(&first, 90));
    assert!(fits(&first, 20), "favoured");
    assert!(!fits(&second, 20), "its body waits to be decoded, and fills the budget of bodies");
    let mut other = Box::pin(body.grow(1));
    assert!((&mut other).now_or_never().is_none());
    let own = share(&room, 1, Limits { shared: 100, aside: 1 });
    assert!(fits(&own, 100), "beyond the limit, and before the one who waits");
    drop(own);
    first.shrink(20);
    assert!(other.now_or_never().is_some(), "favoured no more");
}

#[test]
fn who_stops_waiting_leaves_no_trace() {
    let room = Arc::default();
    let limits = Limits { shared: 10, aside: 0 };
    let [a, b] = [1, 2].map(|party| share(&room, party, limits));
    assert!(fits(&a, 10));
    let mut waiting = Box::pin(b.grow(10));
    assert!((&mut waiting).now_or_never().is_none());
    drop(a);
    // Granted, and not looked at.
    assert_eq!(room.usage(Kind::Bodies).used, 10);
    drop(waiting);
    assert_eq!(room.usage(Kind::Bodies), NOBODY);
}

#[test]
fn a_waiter_wakes_when_memory_is_given_back() {
    let limits = Limits { shared: 0, aside: 1 };
    let room = Arc::default();
    let held = share(&room, 1, limits);
    assert!(fits(&held, 1));
    let waiting = share(&room, 2, limits);
    let woken = task::spawn(async move { waiting.grow(1).await });
    drop(held);
    task::block_on(timeout(Duration::from_secs(10), woken)).unwrap();
}

/// A node's answer: bytes of its body, and bytes that it is decoded to.
type Node = (u64, u64);

/// What a fan-out does: calls, each with a body that grows and is decoded, and nothing given back before all are done.
async fn fan_out(room: Arc<Room>, party: u64, nodes: Vec<Node>, cap: u64) {
    let decoded = Arc::new(room.share(Kind::Decoded, Party(party), Limits { shared: 2 * cap, aside: 1 }));
    let calls = nodes.into_iter().map(|(bytes, more)| {
        let (room, decoded) = (Arc::clone(&room), Arc::clone(&decoded));
        task::spawn(async move {
            let call = room.share(Kind::Calls, Party(party), Limits { shared: 2, aside: 1 });
            call.grow(1).await;
            let body = room.share(Kind::Bodies, Party(party), Limits { shared: cap, aside: 1 });
            for _ in 0..4 {
                body.grow(bytes / 4).await;
                task::yield_now().await;
            }
            drop(call);
            decoded.grow(more).await;
            task::yield_now().await;
            decoded.shrink(more / 2);
        })
    });
    join_all(calls.collect::<Vec<_>>()).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn every_request_comes_to_its_end_whatever_the_others_hold(
        requests in prop::collection::vec(prop::collection::vec((0u64..=100, 0u64..400), 1..12), 1..8),
    ) {
        let room = Arc::<Room>::default();
        let all = requests.into_iter().zip(0..).map(|(nodes, party)| fan_out(Arc::clone(&room), party, nodes, 100));
        let all = join_all(all.map(task::spawn).collect::<Vec<_>>());
        prop_assert!(task::block_on(timeout(Duration::from_secs(20), all)).is_ok(), "they wait for each other");
        for kind in [Kind::Calls, Kind::Bodies, Kind::Decoded] {
            prop_assert_eq!(room.usage(kind), NOBODY);
        }
    }
}
