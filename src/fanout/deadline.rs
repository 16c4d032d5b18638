use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_std::future::timeout;

use super::{
    failure::{Failure, Reason},
    room::{Party, Share},
};

/// One moment by which everything must have happened, and the span it was made of, for the message.
///
/// All that is done under one deadline, and its copies, is one request's: where memory or calls run out, it is favoured
/// together or not at all.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    span: Duration,
    party: Party,
}

impl Deadline {
    /// `span` from now.
    pub fn within(span: Duration) -> Self {
        static PARTIES: AtomicU64 = AtomicU64::new(0);
        let party = Party(PARTIES.fetch_add(1, Ordering::Relaxed));
        Self { at: Instant::now() + span, span, party }
    }

    pub(super) fn party(&self) -> Party {
        self.party
    }

    /// Waits until `share` may grow by `amount`; where that takes too long, the failure says what was waited for. What is
    /// there at once is taken even when no time is left.
    pub(super) async fn grow(&self, share: &Share, amount: u64, waiting_for: &str) -> Result<(), Failure> {
        let grown = timeout(self.remaining(), share.grow(amount)).await;
        grown.map_err(|_| Failure::new(Reason::Overload, self.passed_while(&format!("waiting for {waiting_for}"))))
    }

    fn passed_while(&self, doing: &str) -> String {
        format!("deadline of {} passed while {doing}", humantime::format_duration(self.span))
    }

    /// How long ago its span began.
    pub fn elapsed(&self) -> Duration {
        (Instant::now() + self.span).saturating_duration_since(self.at)
    }

    /// What is left of it.
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }
}

/// What a call is doing, for the message when its deadline passes.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) deadline: Deadline,
    doing: Mutex<Doing>,
    /// How much of the time went by before the call's turn, and while its body waited for memory. The node had the rest.
    waited: Mutex<Duration>,
    pub(super) bytes: AtomicU64,
}

#[derive(Clone, Copy, Debug, Default)]
enum Doing {
    #[default]
    WaitingForTurn,
    WaitingForHead,
    WaitingForMemory,
    ReadingBody,
}

impl Progress {
    pub(super) fn new(deadline: Deadline) -> Self {
        Self { deadline, doing: Mutex::default(), waited: Mutex::default(), bytes: AtomicU64::default() }
    }

    fn is(&self, doing: Doing) {
        *self.doing.lock().unwrap_or_else(PoisonError::into_inner) = doing;
    }

    fn waited(&self) -> MutexGuard<'_, Duration> {
        self.waited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the call's turn.
    pub(super) async fn take_turn(&self, turn: &Share) -> Result<(), Failure> {
        turn.grow(1).await;
        self.check()?;
        *self.waited() = self.deadline.elapsed();
        self.is(Doing::WaitingForHead);
        Ok(())
    }

    /// Waits until the body may grow by `bytes`. Memory that comes when the deadline takes it from another is none.
    pub(super) async fn reserve(&self, body: &Share, bytes: u64) -> Result<(), Failure> {
        self.check()?;
        self.is(Doing::WaitingForMemory);
        let asked = Instant::now();
        body.grow(bytes).await;
        self.check()?;
        *self.waited() += asked.elapsed();
        self.is(Doing::ReadingBody);
        Ok(())
    }

    /// A body that is always there to be read never lets the timer have its turn.
    fn check(&self) -> Result<(), Failure> {
        if self.deadline.remaining().is_zero() { Err(self.deadline_passed()) } else { Ok(()) }
    }

    pub(super) fn deadline_passed(&self) -> Failure {
        let (reason, doing) = match *self.doing.lock().unwrap_or_else(PoisonError::into_inner) {
            Doing::WaitingForTurn => {
                (Reason::Overload, "waiting for a turn: this daemon has too many calls to nodes open")
            }
            Doing::WaitingForHead => (Reason::Deadline, "waiting for an answer"),
            Doing::WaitingForMemory => (Reason::Overload, "waiting for fanout.memory_budget"),
            Doing::ReadingBody => (Reason::Deadline, "reading the body"),
        };
        let mut message = self.deadline.passed_while(doing);
        // That this process is busy must not open a node's breaker.
        let is_ours = reason == Reason::Deadline && *self.waited() > self.deadline.span / 2;
        let reason = if is_ours { Reason::Overload } else { reason };
        if is_ours {
            message += ", after this daemon had let most of it pass without a turn, or memory, for the call";
        }
        Failure { bytes: self.bytes.load(Ordering::Relaxed), ..Failure::new(reason, message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_was_left_less_than_half_of_the_time_is_not_to_blame() {
        let span = Duration::from_secs(30);
        let progress = Progress::new(Deadline::within(span));
        progress.is(Doing::ReadingBody);
        assert_eq!(progress.deadline_passed().reason, Reason::Deadline);
        *progress.waited() += span / 3;
        assert_eq!(progress.deadline_passed().reason, Reason::Deadline);
        *progress.waited() += span / 3;
        assert_eq!(progress.deadline_passed().reason, Reason::Overload);
    }
}
