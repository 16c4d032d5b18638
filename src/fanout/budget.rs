use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_listener::Event;

/// Bounds the memory of all bodies in flight together (`fanout.memory_budget`, SPEC §3).
///
/// Of the budget, one body's cap is set aside for a single favoured body: when the rest is used up, one body at a time
/// still goes on, so bodies that each hold a part can't all wait for each other, and the sum stays within the budget.
#[derive(Debug, Default)]
pub(crate) struct MemoryBudget {
    state: Mutex<State>,
    freed: Event,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes held by bodies that are not favoured.
    shared: u64,
    /// Whether a body is favoured now.
    favoured: bool,
}

/// The limits that hold for one request: its own snapshot's, while the use is counted over all requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BudgetLimits {
    pub(crate) budget: u64,
    pub(crate) body_cap: u64,
}

/// One body's share; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Arc<MemoryBudget>,
    limits: BudgetLimits,
    shared: u64,
    favoured: bool,
}

impl MemoryBudget {
    pub(crate) fn reservation(self: &Arc<Self>, limits: BudgetLimits) -> Reservation {
        Reservation { budget: Arc::clone(self), limits, shared: 0, favoured: false }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// Waits until the body may grow by `bytes`.
    pub(crate) async fn grow(&mut self, bytes: u64) {
        while !self.try_grow(bytes) {
            let freed = self.budget.freed.listen();
            // What was freed between the attempt and the listening would otherwise be missed.
            if self.try_grow(bytes) {
                return;
            }
            freed.await;
        }
    }

    fn try_grow(&mut self, bytes: u64) -> bool {
        if self.favoured {
            return true;
        }
        let mut state = self.budget.lock();
        if state.shared.saturating_add(bytes) <= self.limits.budget.saturating_sub(self.limits.body_cap) {
            state.shared += bytes;
            self.shared += bytes;
        } else if state.favoured {
            return false;
        } else {
            state.favoured = true;
            self.favoured = true;
        }
        true
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        state.shared -= self.shared;
        state.favoured &= !self.favoured;
        drop(state);
        self.budget.freed.notify(usize::MAX);
    }
}

#[cfg(test)]
mod tests {
    use async_std::{future::timeout, task};
    use std::time::Duration;

    use super::*;

    const LIMITS: BudgetLimits = BudgetLimits { budget: 300, body_cap: 100 };

    fn fits(reservation: &mut Reservation, bytes: u64) -> bool {
        task::block_on(timeout(Duration::from_millis(20), reservation.grow(bytes))).is_ok()
    }

    #[test]
    fn within_the_budget_nobody_waits() {
        let budget = Arc::new(MemoryBudget::default());
        let mut all = [(); 2].map(|()| budget.reservation(LIMITS));
        assert!(all.iter_mut().all(|one| fits(one, 100)));
    }

    #[test]
    fn over_it_one_body_at_a_time_goes_on() {
        let budget = Arc::new(MemoryBudget::default());
        let mut all = [(); 4].map(|()| budget.reservation(LIMITS));
        assert!(fits(&mut all[0], 100) && fits(&mut all[1], 100));
        assert!(fits(&mut all[2], 60), "the favoured one");
        assert!(!fits(&mut all[3], 1));
        assert!(fits(&mut all[2], 40), "it goes on to its end");
        let [a, b, c, mut d] = all;
        drop(c);
        assert!(fits(&mut d, 1), "its end is the next one's turn");
        drop((a, b, d));
        assert_eq!(budget.lock().shared, 0);
        assert!(!budget.lock().favoured);
    }

    #[test]
    fn a_budget_of_one_body_is_one_at_a_time() {
        let limits = BudgetLimits { budget: 100, body_cap: 100 };
        let budget = Arc::new(MemoryBudget::default());
        let (mut a, mut b) = (budget.reservation(limits), budget.reservation(limits));
        assert!(fits(&mut a, 1));
        assert!(!fits(&mut b, 1));
        drop(a);
        assert!(fits(&mut b, 1));
    }

    #[test]
    fn a_waiter_wakes_when_memory_is_given_back() {
        let limits = BudgetLimits { budget: 100, body_cap: 100 };
        let budget = Arc::new(MemoryBudget::default());
        let mut held = budget.reservation(limits);
        assert!(fits(&mut held, 1));
        let mut waiting = budget.reservation(limits);
        let woken = task::spawn(async move { waiting.grow(1).await });
        drop(held);
        task::block_on(timeout(Duration::from_secs(10), woken)).unwrap();
    }
}
