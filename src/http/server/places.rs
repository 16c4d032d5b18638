//! Who is connected, and who makes way for whom.
//!
//! A connection that waits for a request costs its client nothing and keeps others out: somebody who opens thousands and
//! asks for nothing, or sends a head byte by byte, would have all places to himself. So where all are taken, the one that
//! has waited longest makes way for a newcomer. One with a request in hand never does.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};

use event_listener::Event;
use futures_util::task::AtomicWaker;

/// Places for connections, as many at once as whoever takes one allows.
#[derive(Debug, Default)]
pub(super) struct Places {
    state: Mutex<State>,
    /// A place was given back, or the connection that was to make way has a request in hand now.
    changed: Event,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    /// Those that wait for a request, by their number: the first has waited longest.
    waiting: BTreeMap<u64, Waiting>,
    next: u64,
    /// The number of the one that is to make way, until it has or has a request.
    leaving: Option<u64>,
}

#[derive(Debug)]
struct Waiting {
    since: Instant,
    way: Arc<Way>,
}

/// How a connection hears that it is to make way.
#[derive(Debug, Default)]
struct Way {
    wanted: AtomicBool,
    waker: AtomicWaker,
}

/// One connection's place, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    way: Arc<Way>,
    /// Its number among those that wait; none while a request is in hand.
    number: Mutex<Option<u64>>,
}

/// How the work on a place ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By itself.
    Done,
    /// It made way for another.
    MadeWay,
}

impl Places {
    /// A place whose connection waits for a request, if there are less than `most`, or one that has waited for
    /// `patience` makes way for it. To be awaited by one at a time.
    pub(super) async fn take(self: &Arc<Self>, most: usize, patience: Duration) -> Option<Place> {
        loop {
            if let Some(place) = self.take_free(most) {
                return Some(place);
            }
            let changed = self.changed.listen();
            if let Some(place) = self.take_free(most) {
                return Some(place);
            }
            if !self.ask_to_make_way(patience) {
                return None;
            }
            changed.await;
        }
    }

    /// Asks the connection that has waited longest to make way, if that is as long as `patience`, or one was asked already.
    pub(super) fn ask_to_make_way(&self, patience: Duration) -> bool {
        let mut state = self.lock();
        if state.leaving.is_some() {
            return true;
        }
        let Some(longest) = state.waiting.first_entry().filter(|entry| entry.get().since.elapsed() >= patience) else {
            return false;
        };
        let (number, Waiting { way, .. }) = longest.remove_entry();
        state.leaving = Some(number);
        way.wanted.store(true, Ordering::Release);
        way.waker.wake();
        true
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.lock().taken
    }

    fn take_free(self: &Arc<Self>, most: usize) -> Option<Place> {
        let mut state = self.lock();
        if state.taken >= most {
            return None;
        }
        state.taken += 1;
        let way = Arc::default();
        let number = Mutex::new(Some(state.wait(&way)));
        Some(Place { places: Arc::clone(self), way, number })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wait(&mut self, way: &Arc<Way>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.waiting.insert(number, Waiting { since: Instant::now(), way: Arc::clone(way) });
        number
    }

    /// Forgets that `number` waits; says whether it was to make way.
    fn forget(&mut self, number: u64) -> bool {
        self.waiting.remove(&number);
        let was_leaving = self.leaving == Some(number);
        if was_leaving {
            self.leaving = None;
        }
        was_leaving
    }
}

impl Place {
    /// A request is in hand.
    pub(super) fn works(&self) {
        let mut state = self.places.lock();
        if self.number().take().is_some_and(|number| state.forget(number)) {
            self.way.wanted.store(false, Ordering::Release);
            self.places.changed.notify(usize::MAX);
        }
    }

    /// Every request was answered.
    pub(super) fn waits(&self) {
        let mut state = self.places.lock();
        let mut number = self.number();
        if number.is_none() {
            *number = Some(state.wait(&self.way));
        }
    }

    /// Does `work` until it ends, or until this place is wanted and no request has come. `work` is polled before that is
    /// looked at, so a request that has arrived counts as come, however late the machine is at reading it.
    pub(super) async fn hold(&self, work: impl Future<Output = ()>) -> End {
        let mut work = pin!(work);
        poll_fn(|cx| {
            self.way.waker.register(cx.waker());
            if work.as_mut().poll(cx).is_ready() {
                Poll::Ready(End::Done)
            } else if self.way.wanted.load(Ordering::Acquire) {
                Poll::Ready(End::MadeWay)
            } else {
                Poll::Pending
            }
        })
        .await
    }

    fn number(&self) -> MutexGuard<'_, Option<u64>> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.places.lock();
        state.taken -= 1;
        if let Some(number) = self.number().take() {
            state.forget(number);
        }
        self.places.changed.notify(usize::MAX);
    }
}

#[cfg(test)]
mod tests {
    use async_std::task;
    use futures_util::FutureExt;

    use super::*;

    const AT_ONCE: Duration = Duration::ZERO;

    fn take(places: &Arc<Places>, most: usize) -> Option<Place> {
        places.take(most, AT_ONCE).now_or_never().expect("nobody was asked to make way")
    }

    #[test]
    fn there_are_as_many_as_allowed_and_one_that_is_given_back_is_free() {
        let places = Arc::default();
        let (first, second) = (take(&places, 2).unwrap(), take(&places, 2).unwrap());
        first.works();
        second.works();
        assert!(take(&places, 2).is_none());
        assert!(take(&places, 3).is_some());
        drop(first);
        assert!(take(&places, 2).is_some());
        assert_eq!(places.taken(), 1);
    }

    #[test]
    fn who_has_waited_longest_makes_way() {
        let places = Arc::default();
        let held = [(); 3].map(|()| take(&places, 3).unwrap());
        // The first was asked and answered since: the second has waited longest.
        held[0].works();
        held[0].waits();
        let [first, second, third] = held;
        let ends = |place: &Place| place.hold(std::future::pending()).now_or_never();
        let mut newcomer = Box::pin(places.take(3, AT_ONCE));
        assert!((&mut newcomer).now_or_never().is_none(), "it waits for the place");
        assert_eq!((ends(&first), ends(&second), ends(&third)), (None, Some(End::MadeWay), None));
        assert!((&mut newcomer).now_or_never().is_none(), "the connection is not closed yet");
        drop(second);
        let newcomer = newcomer.now_or_never().flatten();
        assert_eq!((newcomer.is_some(), places.taken()), (true, 3));
    }

    #[test]
    fn who_has_a_request_or_has_not_waited_long_makes_way_for_nobody() {
        let places = Arc::default();
        let busy = take(&places, 2).unwrap();
        busy.works();
        let young = take(&places, 2).unwrap();
        assert!(places.take(2, Duration::from_mins(10)).now_or_never().unwrap().is_none());
        drop(young);
        assert!(take(&places, 1).is_none());
    }

    #[test]
    fn a_request_that_comes_at_the_last_moment_stays_and_the_next_one_makes_way() {
        let places = Arc::default();
        let (late, idle) = (take(&places, 2).unwrap(), take(&places, 2).unwrap());
        let mut newcomer = Box::pin(places.take(2, AT_ONCE));
        assert!((&mut newcomer).now_or_never().is_none());
        // The head was there, unread, when the place was wanted.
        let answering = async {
            late.works();
            std::future::pending::<()>().await;
        };
        assert_eq!(late.hold(answering).now_or_never(), None);
        assert!((&mut newcomer).now_or_never().is_none(), "now it waits for the other");
        assert_eq!(idle.hold(std::future::pending()).now_or_never(), Some(End::MadeWay));
        drop(idle);
        assert!(newcomer.now_or_never().unwrap().is_some());
    }

    #[test]
    fn a_connection_at_rest_hears_that_it_is_to_make_way() {
        let places = Arc::default();
        let idle = take(&places, 1).unwrap();
        let resting = task::spawn(async move { idle.hold(std::future::pending()).await });
        task::block_on(async {
            assert!(places.take(1, AT_ONCE).await.is_some());
            assert_eq!(resting.await, End::MadeWay);
        });
    }

    #[test]
    fn a_lower_limit_is_come_down_to_where_connections_wait() {
        let places = Arc::default();
        let mut held: Vec<_> = (0..4).map(|_| take(&places, 4).unwrap()).collect();
        let mut newcomer = Box::pin(places.take(2, AT_ONCE));
        for _ in 0..3 {
            assert!((&mut newcomer).now_or_never().is_none());
            held.retain(|place| place.hold(std::future::pending()).now_or_never().is_none());
        }
        let newcomer = newcomer.now_or_never().flatten();
        assert_eq!((newcomer.is_some(), held.len(), places.taken()), (true, 1, 2));
    }
}
