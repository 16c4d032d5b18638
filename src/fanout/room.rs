//! What all requests of the process share, and none may have alone: fan-outs at once, calls at once, and memory.
//!
//! Each [`Kind`] has a limit. A [`Share`] grows within it in the order of asking, so nobody waits for ever while others
//! come and go. When the limit is used up, one *party* at a time (a request with all its calls, told by its deadline) is
//! favoured: it goes on beyond the limit, in all kinds, for as long as it needs to. So requests that each hold a part can't
//! all wait for each other, however much one of them needs.

mod state;

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

pub(crate) use state::{Kind, Limits, Party};

use state::State;

/// All that is shared, and who holds how much of it.
#[derive(Debug, Default)]
pub(crate) struct Room(Mutex<State>);

/// How much of a kind is in use, and how many wait for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) used: u64,
    pub(crate) waiting: u64,
}

impl Room {
    /// A share of nothing yet, under the limits that hold for its party.
    pub(crate) fn share(self: &Arc<Self>, kind: Kind, party: Party, limits: Limits) -> Share {
        let id = self.lock().open(kind, party, limits);
        Share { room: Arc::clone(self), kind, id }
    }

    pub(crate) fn usage(&self, kind: Kind) -> Usage {
        self.lock().usage(kind)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one holder has of a kind; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    room: Arc<Room>,
    kind: Kind,
    id: u64,
}

impl Share {
    /// Waits until there is room for so much more. To stop waiting leaves the share as it was.
    pub(crate) async fn grow(&self, amount: u64) {
        let ticket = self.room.lock().ask(self.kind, self.id, amount);
        Waiting { share: self, ticket, amount, granted: false }.await;
    }

    /// Gives so much back.
    pub(crate) fn shrink(&self, amount: u64) {
        self.room.lock().give_back(self.id, amount);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.lock().close(self.id);
    }
}

/// A place in the queue.
struct Waiting<'a> {
    share: &'a Share,
    ticket: u64,
    amount: u64,
    granted: bool,
}

impl Future for Waiting<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let granted = self.share.room.lock().is_granted(self.share.kind, self.ticket, cx.waker());
        self.granted = granted;
        if granted { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.granted {
            return;
        }
        let mut state = self.share.room.lock();
        if !state.withdraw(self.share.kind, self.ticket) {
            // It was granted after the last look, and nobody will use it.
            state.give_back(self.share.id, self.amount);
        }
    }
}

#[cfg(test)]
mod tests;
