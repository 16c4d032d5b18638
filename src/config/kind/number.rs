use std::time::Duration;

use serde_json::{Value as Json, json};
use toml::de::{DeInteger, DeValue};

use super::{About, Faults, Kind, describe};
use crate::config::text::{parse_duration, parse_size, quote, show_duration, show_size};

/// A whole number with its bounds.
pub(in crate::config) struct Int(pub(in crate::config) u64, pub(in crate::config) u64);

impl About for Int {
    fn word(&self) -> String {
        "an integer".into()
    }

    fn bounds(&self) -> String {
        format!("{}…{}", self.0, self.1)
    }

    fn schema(&self) -> Json {
        // The bounds are the file's: a configuration made in code is not held to them.
        json!({ "type": "integer", "minimum": 0 })
    }
}

impl<T: Copy + TryFrom<u64> + TryInto<u64>> Kind<T> for Int {
    fn read(&self, value: &DeValue<'_>) -> Result<T, Faults> {
        let written = value.as_integer().ok_or_else(|| self.mistyped(value))?;
        let number = whole_number(written).filter(|number| (self.0..=self.1).contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| self.out_of_bounds(describe(value)))
    }

    fn show(&self, value: &T) -> Json {
        (*value).try_into().unwrap_or(self.1).into()
    }
}

fn whole_number(written: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(written.as_str(), written.radix()).ok()
}

/// A duration with its bounds, milliseconds.
pub(in crate::config) struct Span(pub(in crate::config) u64, pub(in crate::config) u64);

impl About for Span {
    fn word(&self) -> String {
        "a duration".into()
    }

    fn bounds(&self) -> String {
        let show = |ms| show_duration(Duration::from_millis(ms));
        format!("{}…{}", show(self.0), show(self.1))
    }
}

impl Kind<Duration> for Span {
    fn read(&self, value: &DeValue<'_>) -> Result<Duration, Faults> {
        let text = with_unit(self, value, "2s")?;
        let duration = parse_duration(text)?;
        let bounds = Duration::from_millis(self.0)..=Duration::from_millis(self.1);
        if bounds.contains(&duration) { Ok(duration) } else { Err(self.out_of_bounds(quote(text))) }
    }

    fn show(&self, value: &Duration) -> Json {
        show_duration(*value).into()
    }
}

/// A size with its bounds, bytes.
pub(in crate::config) struct Size(pub(in crate::config) u64, pub(in crate::config) u64);

impl About for Size {
    fn word(&self) -> String {
        "a size".into()
    }

    fn bounds(&self) -> String {
        format!("{}…{}", show_size(self.0), show_size(self.1))
    }
}

impl Kind<u64> for Size {
    fn read(&self, value: &DeValue<'_>) -> Result<u64, Faults> {
        let text = with_unit(self, value, "64MiB")?;
        let bytes = parse_size(text)?;
        if (self.0..=self.1).contains(&bytes) { Ok(bytes) } else { Err(self.out_of_bounds(quote(text))) }
    }

    fn show(&self, value: &u64) -> Json {
        show_size(*value).into()
    }
}

/// The text of a value that has a unit; a bare number says that it lacks one.
fn with_unit<'v>(kind: &impl About, value: &'v DeValue<'_>, example: &str) -> Result<&'v str, Faults> {
    match value {
        DeValue::Integer(_) | DeValue::Float(_) => {
            Err(format!("{}: {} needs a unit, such as \"{example}\"", describe(value), kind.word()).into())
        }
        _ => value.as_str().ok_or_else(|| kind.mistyped(value)),
    }
}
