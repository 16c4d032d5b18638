use std::{
    collections::{HashMap, hash_map::Entry},
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_std::task;
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};

/// Work in flight, shared by all who ask for the same at the same time (SPEC §3). The work belongs to none of them: it
/// goes on when the one who asked first goes away.
pub(crate) struct Flights<K, T: Clone>(Mutex<HashMap<K, Shared<BoxFuture<'static, T>>>>);

impl<K, T: Clone> Default for Flights<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K, T> Flights<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// The flight for `key`, if one is under way.
    pub(crate) fn under_way(&self, key: &K) -> Option<impl Future<Output = T> + use<K, T>> {
        self.lock().get(key).cloned()
    }

    /// How many flights are under way.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    /// The outcome of the flight for `key`: the one under way, or else `work`, started now.
    pub(crate) async fn join<F>(self: &Arc<Self>, key: K, work: impl FnOnce() -> F) -> T
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.board(key, work).await
    }

    /// Drops `work`, with all it holds, where it is not needed: not only at the end of the flight that is joined instead.
    fn board<F>(self: &Arc<Self>, key: K, work: impl FnOnce() -> F) -> Shared<BoxFuture<'static, T>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        match self.lock().entry(key.clone()) {
            Entry::Occupied(under_way) => under_way.get().clone(),
            Entry::Vacant(free) => {
                let landing = Landing { flights: Arc::clone(self), key };
                let work = work();
                let flight = task::spawn(async move {
                    // Dropped at the end, by a panic too, so that a broken flight is not joined for ever.
                    let _landing = landing;
                    work.await
                });
                free.insert(flight.boxed().shared()).clone()
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Shared<BoxFuture<'static, T>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Landing<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    flights: Arc<Flights<K, T>>,
    key: K,
}

impl<K, T> Drop for Landing<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    fn drop(&mut self) {
        self.flights.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_std::channel::{Receiver, bounded};
    use futures_util::future::join3;

    use super::*;

    /// Counts its runs, and lands when the sender of `gate` is dropped.
    async fn flight(count: Arc<AtomicUsize>, gate: Receiver<()>) -> usize {
        let _closed = gate.recv().await;
        count.fetch_add(1, Ordering::SeqCst)
    }

    #[test]
    fn those_who_ask_for_the_same_at_once_share_one_flight() {
        let flights = Arc::new(Flights::default());
        let count = Arc::new(AtomicUsize::new(0));
        let (open, gate) = bounded(1);
        let ask = |key: &'static str| flights.join(key, || flight(Arc::clone(&count), gate.clone()));
        let (mut a, mut b, mut c) = (Box::pin(ask("x")), Box::pin(ask("x")), Box::pin(ask("y")));
        for asked in [&mut a, &mut b, &mut c] {
            assert!(asked.now_or_never().is_none());
        }
        drop(open);
        let (a, b, c) = task::block_on(join3(a, b, c));
        assert_eq!(a, b);
        assert_ne!(a, c);
        assert_eq!(count.load(Ordering::SeqCst), 2);
        task::block_on(ask("x"));
        assert_eq!(count.load(Ordering::SeqCst), 3, "a flight that has landed is not joined");
    }

    #[test]
    fn a_flight_goes_on_when_the_first_to_ask_goes_away() {
        let flights = Arc::new(Flights::default());
        let count = Arc::new(AtomicUsize::new(0));
        let (open, gate) = bounded(1);
        let ask = || flights.join("x", || flight(Arc::clone(&count), gate.clone()));
        assert!(ask().now_or_never().is_none(), "gone before the end");
        let mut joined = Box::pin(ask());
        assert!((&mut joined).now_or_never().is_none());
        drop(open);
        assert_eq!((task::block_on(joined), count.load(Ordering::SeqCst)), (0, 1));
    }

    #[test]
    fn who_joins_a_flight_keeps_nothing_of_the_work_that_it_would_have_done() {
        let flights = Arc::new(Flights::default());
        let (open, gate) = bounded(1);
        let count = Arc::new(AtomicUsize::new(0));
        let mut first = Box::pin(flights.join("x", || flight(Arc::clone(&count), gate.clone())));
        assert!((&mut first).now_or_never().is_none());
        let turn = Arc::new(AtomicUsize::new(0));
        let spare = Arc::clone(&turn);
        let mut joined = Box::pin(flights.join("x", || flight(spare, gate.clone())));
        assert!((&mut joined).now_or_never().is_none());
        assert_eq!(Arc::strong_count(&turn), 1);
        drop(open);
        task::block_on(joined);
    }

    #[test]
    fn keys_that_are_made_up_leave_nothing_behind() {
        let flights = Arc::new(Flights::default());
        let (open, gate) = bounded::<()>(1);
        let flight = |gate: Receiver<()>| async move { gate.recv().await.is_ok() };
        let mut waiting: Vec<_> = (0..1000).map(|key| Box::pin(flights.join(key, || flight(gate.clone())))).collect();
        assert!(waiting.iter_mut().all(|flight| flight.now_or_never().is_none()));
        assert_eq!(flights.count(), 1000);
        drop(open);
        waiting.truncate(500);
        task::block_on(futures_util::future::join_all(waiting));
        while flights.count() > 0 {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_flight_that_broke_is_not_joined() {
        let flights = Arc::new(Flights::<_, usize>::default());
        let broken = flights.join("x", || async { panic!("on purpose") });
        assert!(task::block_on(std::panic::AssertUnwindSafe(broken).catch_unwind()).is_err());
        assert_eq!(task::block_on(flights.join("x", || async { 7 })), 7);
    }
}
