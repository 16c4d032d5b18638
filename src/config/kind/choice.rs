use std::time::Duration;

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::{About, Faults, Kind, Span};
use crate::config::{Step, text::show_duration};

/// `true` or `false`.
pub(in crate::config) struct Flag;

impl About for Flag {
    fn word(&self) -> String {
        "true or false".into()
    }

    fn schema(&self) -> Json {
        json!({ "type": "boolean" })
    }
}

impl Kind<bool> for Flag {
    fn read(&self, value: &DeValue<'_>) -> Result<bool, Faults> {
        value.as_bool().ok_or_else(|| self.mistyped(value))
    }

    fn show(&self, value: &bool) -> Json {
        (*value).into()
    }
}

/// One of some words.
pub(in crate::config) struct Choice<T: 'static>(pub(in crate::config) &'static [(&'static str, T)]);

impl<T> About for Choice<T> {
    fn word(&self) -> String {
        let words: Vec<_> = self.0.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        match words.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => words.concat(),
        }
    }

    fn schema(&self) -> Json {
        let words: Vec<_> = self.0.iter().map(|(word, _)| *word).collect();
        json!({ "type": "string", "enum": words })
    }
}

impl<T: Copy + PartialEq> Kind<T> for Choice<T> {
    fn read(&self, value: &DeValue<'_>) -> Result<T, Faults> {
        let chosen = value.as_str().and_then(|text| self.0.iter().find(|(word, _)| *word == text));
        chosen.map(|(_, choice)| *choice).ok_or_else(|| self.mistyped(value))
    }

    fn show(&self, value: &T) -> Json {
        self.0.iter().find(|(_, choice)| choice == value).map_or(Json::Null, |(word, _)| json!(word))
    }
}

/// `merge.step`.
pub(in crate::config) struct StepKind;

/// A step that is a duration.
const STEP: Span = Span(100, 3_600_000);

impl About for StepKind {
    fn word(&self) -> String {
        "\"auto\", \"off\" or a duration".into()
    }

    fn bounds(&self) -> String {
        STEP.bounds()
    }
}

impl Kind<Step> for StepKind {
    fn read(&self, value: &DeValue<'_>) -> Result<Step, Faults> {
        match value.as_str() {
            Some("auto") => return Ok(Step::Auto),
            Some("off") => return Ok(Step::Off),
            Some(text) if !text.contains(|c: char| c.is_ascii_digit()) => return Err(self.mistyped(value)),
            _ => {}
        }
        let step = STEP.read(value)?;
        if step.subsec_nanos() % 1_000_000 != 0 {
            return Err(format!("{} is not a whole number of milliseconds", show_duration(step)).into());
        }
        i64::try_from(step.as_millis()).map(Step::Millis).map_err(|_| self.out_of_bounds(show_duration(step)))
    }

    fn show(&self, value: &Step) -> Json {
        match value {
            Step::Auto => "auto".into(),
            Step::Off => "off".into(),
            Step::Millis(ms) => STEP.show(&Duration::from_millis(ms.unsigned_abs())),
        }
    }
}
