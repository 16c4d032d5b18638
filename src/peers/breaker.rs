use crate::words::words;

/// A peer's circuit breaker (SPEC §3): opens after failures in a row to reach the peer, and closes on any HTTP answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    position: Position,
    openings: u32,
}

words! {
    /// Where a peer's breaker stands (SPEC §3).
    pub enum Position {
        /// Calls go through.
        Closed = "closed",
        /// Calls are answered at once as not ok.
        Open = "open",
        /// As open, while a probe is in flight.
        HalfOpen = "half_open",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro leaves no room for an attribute of a variant")]
impl Default for Position {
    fn default() -> Self {
        Self::Closed
    }
}

impl Breaker {
    /// Whether calls are held back.
    pub fn is_open(&self) -> bool {
        self.position != Position::Closed
    }

    /// Where it stands.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Failures in a row to reach the peer.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// How often it has opened: tells one opening's probe from the next one's.
    pub(crate) fn openings(&self) -> u32 {
        self.openings
    }

    /// Closes it, as any HTTP answer does, and forgets the failures.
    pub(crate) fn close(&mut self) {
        *self = Self { openings: self.openings, ..Self::default() };
    }

    /// Counts a failure; true when this one opened it. A `limit` of 0 never opens.
    pub(crate) fn failed(&mut self, limit: u32) -> bool {
        self.failures = self.failures.saturating_add(1);
        let opens = !self.is_open() && limit > 0 && self.failures >= limit;
        if opens {
            self.position = Position::Open;
            self.openings = self.openings.wrapping_add(1);
        }
        opens
    }

    /// Marks a probe in flight; false when it is none of this opening any more, and must not be sent.
    pub(crate) fn start_probe(&mut self, opening: u32) -> bool {
        let wanted = self.is_open() && self.openings == opening;
        if wanted {
            self.position = Position::HalfOpen;
        }
        wanted
    }

    /// Marks a probe's failure.
    pub(crate) fn probe_failed(&mut self) {
        if self.is_open() {
            self.position = Position::Open;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_at_the_limit_and_says_so_once() {
        let mut breaker = Breaker::default();
        assert_eq!([(); 5].map(|()| breaker.failed(3)), [false, false, true, false, false]);
        assert!(breaker.is_open());
        assert_eq!(breaker.failures(), 5);
    }

    #[test]
    fn an_answer_between_failures_starts_the_count_again() {
        let mut breaker = Breaker::default();
        breaker.failed(2);
        breaker.close();
        assert!(!breaker.failed(2));
        assert!(!breaker.is_open());
    }

    #[test]
    fn a_limit_of_zero_never_opens() {
        let mut breaker = Breaker::default();
        assert!((0..1000).all(|_| !breaker.failed(0)));
    }

    #[test]
    fn a_probe_holds_it_half_open_until_its_verdict() {
        let mut breaker = Breaker::default();
        breaker.failed(1);
        assert!(breaker.start_probe(breaker.openings()));
        assert_eq!(breaker.position(), Position::HalfOpen);
        assert!(breaker.is_open());
        breaker.probe_failed();
        assert_eq!(breaker.position(), Position::Open);
        breaker.close();
        assert_eq!(breaker.position(), Position::Closed);
    }

    #[test]
    fn a_late_probe_does_not_reopen_a_closed_breaker() {
        let mut breaker = Breaker::default();
        breaker.failed(1);
        let opening = breaker.openings();
        assert!(breaker.start_probe(opening));
        breaker.close();
        breaker.probe_failed();
        assert!(!breaker.start_probe(opening));
        assert_eq!(breaker.position(), Position::Closed);
    }

    #[test]
    fn each_opening_has_one_probe() {
        let mut breaker = Breaker::default();
        breaker.failed(1);
        let first = breaker.openings();
        breaker.close();
        breaker.failed(1);
        assert!(!breaker.start_probe(first), "the first opening's probe is over");
        assert!(breaker.start_probe(breaker.openings()));
    }
}
