use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    budget::Reservation,
    failure::{Failure, Reason},
};

/// One moment by which everything must have happened, and the span it was made of, for the message.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    span: Duration,
}

impl Deadline {
    /// `span` from now.
    pub fn within(span: Duration) -> Self {
        Self { at: Instant::now() + span, span }
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
    pub(super) bytes: AtomicU64,
}

#[derive(Clone, Copy, Debug, Default)]
enum Doing {
    #[default]
    WaitingForHead,
    WaitingForMemory,
    ReadingBody,
}

impl Progress {
    pub(super) fn new(deadline: Deadline) -> Self {
        Self { deadline, doing: Mutex::default(), bytes: AtomicU64::default() }
    }

    fn is(&self, doing: Doing) {
        *self.doing.lock().unwrap_or_else(PoisonError::into_inner) = doing;
    }

    /// Waits until the body may grow by `bytes`. Memory that comes when the deadline takes it from another is none.
    pub(super) async fn reserve(&self, reservation: &mut Reservation, bytes: u64) -> Result<(), Failure> {
        self.check()?;
        self.is(Doing::WaitingForMemory);
        reservation.grow(bytes).await;
        self.check()?;
        self.is(Doing::ReadingBody);
        Ok(())
    }

    /// A body that is always there to be read never lets the timer have its turn.
    fn check(&self) -> Result<(), Failure> {
        if self.deadline.remaining().is_zero() { Err(self.deadline_passed()) } else { Ok(()) }
    }

    pub(super) fn deadline_passed(&self) -> Failure {
        let (reason, doing) = match *self.doing.lock().unwrap_or_else(PoisonError::into_inner) {
            Doing::WaitingForHead => (Reason::Deadline, "waiting for an answer"),
            Doing::WaitingForMemory => (Reason::Overload, "waiting for fanout.memory_budget"),
            Doing::ReadingBody => (Reason::Deadline, "reading the body"),
        };
        let message = format!("deadline of {} passed while {doing}", humantime::format_duration(self.deadline.span));
        Failure { bytes: self.bytes.load(Ordering::Relaxed), ..Failure::new(reason, message) }
    }
}
