use std::task::Waker;

use proptest::prelude::*;

use super::*;

const KINDS: [Kind; 4] = [Kind::Fanouts, Kind::Calls, Kind::Bodies, Kind::Decoded];

fn limits(kind: Kind) -> Limits {
    match kind {
        Kind::Fanouts => Limits { shared: 3, aside: 0 },
        Kind::Calls => Limits { shared: 4, aside: 2 },
        Kind::Bodies | Kind::Decoded => Limits { shared: 100, aside: 1 },
    }
}

#[derive(Clone, Debug)]
enum Step {
    Open { kind: usize, party: u64 },
    Ask { share: usize, amount: u64 },
    Withdraw { ticket: usize },
    GiveBack { share: usize, amount: u64 },
    Close { share: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..KINDS.len(), 0u64..4).prop_map(|(kind, party)| Step::Open { kind, party }),
        6 => (any::<usize>(), 0u64..80).prop_map(|(share, amount)| Step::Ask { share, amount }),
        1 => any::<usize>().prop_map(|ticket| Step::Withdraw { ticket }),
        2 => (any::<usize>(), 0u64..80).prop_map(|(share, amount)| Step::GiveBack { share, amount }),
        2 => any::<usize>().prop_map(|share| Step::Close { share }),
    ];
    prop::collection::vec(step, 0..120)
}

/// What was opened, and what was asked for.
#[derive(Default)]
struct Run {
    state: State,
    shares: Vec<(u64, Kind)>,
    tickets: Vec<(u64, u64, Kind)>,
}

impl Run {
    fn take(&mut self, step: &Step) {
        let place = |place: usize, of: usize| if of == 0 { 0 } else { place % of };
        match *step {
            Step::Open { kind, party } => {
                let kind = KINDS[kind];
                self.shares.push((self.state.open(kind, Party(party), limits(kind)), kind));
            }
            Step::Ask { share, amount } => {
                let Some(&(share, kind)) = self.shares.get(place(share, self.shares.len())) else { return };
                let amount = if matches!(kind, Kind::Calls | Kind::Fanouts) { amount % 2 } else { amount };
                self.tickets.push((self.state.ask(kind, share, amount), share, kind));
            }
            Step::Withdraw { ticket } => {
                let Some(&(ticket, _, kind)) = self.tickets.get(place(ticket, self.tickets.len())) else { return };
                self.state.withdraw(kind, ticket);
            }
            Step::GiveBack { share, amount } => {
                let Some(&(share, _)) = self.shares.get(place(share, self.shares.len())) else { return };
                self.state.give_back(share, amount);
            }
            Step::Close { share } => {
                if self.shares.is_empty() {
                    return;
                }
                let (share, _) = self.shares.swap_remove(place(share, self.shares.len()));
                // A share is not closed while somebody waits for it to grow.
                for &(ticket, of, kind) in &self.tickets {
                    if of == share {
                        self.state.withdraw(kind, ticket);
                    }
                }
                self.state.close(share);
            }
        }
    }

    fn assert_laws(&self) {
        let State { pools, shares, favoured, .. } = &self.state;
        for (kind, pool) in KINDS.into_iter().zip(pools) {
            let held = || shares.values().filter(|held| held.kind == kind);
            assert_eq!(pool.shared, held().map(|held| held.shared).sum::<u64>());
            assert_eq!(pool.aside, held().filter_map(|held| held.aside).sum::<u64>());
            assert!(pool.shared <= limits(kind).shared, "over the limit: {self:?}");
            assert!(held().filter(|held| held.aside.is_some()).count() <= limits(kind).aside);
            assert!(held().all(|held| held.aside.is_none() || Some(held.party) == *favoured), "two are favoured");
            if let Some(first) = pool.queue.front() {
                let held = &shares[&first.share];
                assert!(!pool.fits(held, first.amount), "somebody waits for nothing");
                assert!(favoured.is_some() || limits(kind).aside == 0, "all wait, and nobody goes on");
            }
        }
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.state.fmt(f)
    }
}

proptest! {
    #[test]
    fn the_limits_hold_and_somebody_always_goes_on(steps in steps()) {
        let mut run = Run::default();
        for step in &steps {
            run.take(step);
            run.assert_laws();
        }
        for (share, _) in run.shares.clone() {
            run.take(&Step::Close { share: run.shares.iter().position(|(id, _)| *id == share).unwrap() });
            run.assert_laws();
        }
        prop_assert!(KINDS.map(|kind| run.state.usage(kind)) == [crate::fanout::room::Usage::default(); 4]);
        prop_assert_eq!(run.state.favoured, None);
        prop_assert!(run.state.shares.is_empty());
    }

    #[test]
    fn first_come_first_served(amounts in prop::collection::vec(1u64..=100, 1..40)) {
        let mut state = State::default();
        let full = state.open(Kind::Fanouts, Party(0), Limits { shared: 100, aside: 0 });
        state.ask(Kind::Fanouts, full, 100);
        let mut asked: Vec<(u64, u64)> = Vec::new();
        for (party, amount) in (1..).zip(amounts) {
            let share = state.open(Kind::Fanouts, Party(party), Limits { shared: 100, aside: 0 });
            asked.push((share, state.ask(Kind::Fanouts, share, amount)));
        }
        state.close(full);
        for (share, ticket) in asked {
            // Those before have been served and are gone, so whatever is asked for is there.
            prop_assert!(state.is_granted(Kind::Fanouts, ticket, Waker::noop()));
            state.close(share);
        }
    }
}
