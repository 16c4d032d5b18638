use std::{str::FromStr, time::Duration};

use jiff::Timestamp;

/// A moment as a person gives it: a time span ago, a date, or Unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Ago(Duration),
    At(i64),
}

impl Moment {
    /// Unix milliseconds, seen from `now`.
    pub(super) fn unix_ms(self, now: Timestamp) -> i64 {
        match self {
            Self::Ago(span) => now.as_millisecond().saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
            Self::At(unix_ms) => unix_ms,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no moment; write 15m (ago), 2026-11-23T03:00:00Z, or Unix milliseconds")]
pub(super) struct NoMoment(String);

impl FromStr for Moment {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        text.parse()
            .map(Self::At)
            .or_else(|_| text.parse::<Timestamp>().map(|at| Self::At(at.as_millisecond())))
            .or_else(|_| humantime::parse_duration(text).map(Self::Ago))
            .map_err(|_| NoMoment(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_ways_to_give_a_moment() {
        let now = Timestamp::from_millisecond(1_000_000).unwrap();
        let at = |text: &str| text.parse::<Moment>().map(|moment| moment.unix_ms(now));
        assert_eq!(at("15m"), Ok(100_000));
        assert_eq!(at("1970-01-01T00:00:02Z"), Ok(2000));
        assert_eq!(at("1234"), Ok(1234));
        assert!(at("soon").unwrap_err().to_string().starts_with("\"soon\" is no moment"));
    }
}
