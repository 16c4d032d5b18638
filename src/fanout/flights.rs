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
    /// The outcome of the flight for `key`: the one under way, or else `work`, started now.
    pub(crate) async fn join<F>(self: &Arc<Self>, key: K, work: impl FnOnce() -> F) -> T
    where
        F: Future<Output = T> + Send + 'static,
    {
        let flight = match self.lock().entry(key.clone()) {
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
        };
        flight.await
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
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use futures_util::future::join;

    use super::*;

    async fn slow(counter: Arc<AtomicUsize>) -> usize {
        task::sleep(Duration::from_millis(30)).await;
        counter.fetch_add(1, Ordering::SeqCst)
    }

    #[test]
    fn those_who_ask_for_the_same_at_once_share_one_flight() {
        let flights = Arc::new(Flights::default());
        let count = Arc::new(AtomicUsize::new(0));
        let ask = |key: &'static str| flights.join(key, || slow(Arc::clone(&count)));
        let ((a, b), c) = task::block_on(join(join(ask("x"), ask("x")), ask("y")));
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
        let first = flights.join("x", || slow(Arc::clone(&count)));
        assert!(task::block_on(async_std::future::timeout(Duration::from_millis(5), first)).is_err());
        let joined = task::block_on(flights.join("x", || slow(Arc::clone(&count))));
        assert_eq!((joined, count.load(Ordering::SeqCst)), (0, 1));
    }
}
