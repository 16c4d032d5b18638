use std::time::{Duration, Instant};

/// Bytes a second that a client has to read to be waited for: less than any line gives over which a matrix could be looked
/// at, and enough that 20 MB are over in less than half an hour.
const PACE: u64 = 16 * 1024;

/// How far a client is behind [`PACE`], in the time that it was waited for. So one that reads a byte whenever it would be
/// given up is given up all the same, and one that stood still for a moment may catch up. Being ahead earns nothing.
#[derive(Debug)]
pub(super) struct Pace {
    /// How far behind is too far, and so the longest that a client may read nothing.
    patience: Duration,
    behind: Duration,
    waiting_since: Option<Instant>,
}

impl Pace {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, behind: Duration::ZERO, waiting_since: None }
    }

    /// Is waited for since `now`, if it was not before. Gives the longest that may last.
    pub(super) fn waits(&mut self, now: Instant) -> Duration {
        self.waiting_since.get_or_insert(now);
        self.patience.saturating_sub(self.behind)
    }

    /// Took `bytes` at `now`.
    pub(super) fn took(&mut self, bytes: usize, now: Instant) {
        if let Some(since) = self.waiting_since.take() {
            self.behind += now.saturating_duration_since(since);
        }
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.behind = self.behind.saturating_sub(Duration::from_micros(bytes.saturating_mul(1_000_000) / PACE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// How long a client is waited for that takes `bytes` whenever `pause` is over; none if it gets all of `most` seconds.
    fn lasts(bytes: usize, pause: Duration, most: u64) -> Option<Duration> {
        let start = Instant::now();
        let (mut pace, mut now) = (Pace::new(PATIENCE), start);
        while now < start + Duration::from_secs(most) {
            let allowed = pace.waits(now);
            if allowed < pause {
                return Some(now + allowed - start);
            }
            now += pause;
            pace.took(bytes, now);
        }
        None
    }

    #[test]
    fn a_byte_whenever_it_would_be_given_up_is_as_bad_as_none() {
        let seconds = Duration::from_secs;
        assert_eq!(lasts(0, seconds(29), 3600), Some(PATIENCE));
        assert!(lasts(1, seconds(29), 3600).unwrap() < seconds(31));
        assert!(lasts(1, seconds(1), 3600).unwrap() < seconds(31));
    }

    #[test]
    fn a_slow_line_is_waited_for_however_coarse_its_steps() {
        let pace = usize::try_from(PACE).unwrap();
        for step in [1, 10, 29] {
            assert_eq!(lasts(step * pace, Duration::from_secs(step as u64), 36_000), None, "{step}");
        }
        // Half as fast, it gets behind half a second in each.
        let half = lasts(pace / 2, Duration::from_secs(1), 36_000).unwrap();
        assert!((58..=61).contains(&half.as_secs()), "{half:?}");
    }

    #[test]
    fn who_was_quick_earns_no_rest_for_it() {
        let start = Instant::now();
        let mut pace = Pace::new(PATIENCE);
        pace.took(usize::MAX, start);
        assert_eq!(pace.waits(start), PATIENCE);
    }
}
