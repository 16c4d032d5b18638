use std::sync::atomic::{AtomicU64, Ordering};

/// What became of a server's connections, counted since it started.
#[derive(Debug, Default)]
pub struct Tally {
    /// Connections that have a place now.
    pub open: Count,
    /// Connections that got a place.
    pub accepted: Count,
    /// Connections over the limit that were answered 503, or by the app where it always answers.
    pub refused: Count,
    /// Connections over the limit that were cut off since too many were being refused at once.
    pub crowded_out: Count,
    /// Connections that were closed to make way for another, while they waited for a request.
    pub evicted: Count,
    /// Connections that were closed because the client read its answer too slowly, or not at all.
    pub stalled: Count,
    /// Connections that the system could not give, mostly for want of file descriptors.
    pub failed: Count,
}

/// A number that goes on changing.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// What it is now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn take_one(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
