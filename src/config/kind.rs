//! What a key's value may be. Each kind reads a value of the file and shows it again as the file would have it.

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::text::{printable, quote};

mod choice;
mod list;
mod number;
mod text;

pub(crate) use self::text::{SOCKET_PATH_MAX, parse_filter};
pub(super) use self::{
    choice::{Choice, Flag, StepKind},
    list::{Hosts, Peers},
    number::{Int, Size, Span},
    text::{File, Filter, Listen, Name, NodeUrl, Socket},
};

/// What is wrong with a value.
pub(super) enum Faults {
    /// The value as a whole.
    Value(String),
    /// Elements of a list: index, byte offset, message.
    Elements(Vec<(usize, usize, String)>),
}

impl From<String> for Faults {
    fn from(message: String) -> Self {
        Self::Value(message)
    }
}

/// What the documentation and a message say of a kind.
pub(super) trait About {
    /// The type in a word or two.
    fn word(&self) -> String;

    /// What a value of the type must also hold to, `10ms…5m`.
    fn bounds(&self) -> String {
        String::new()
    }

    /// The JSON Schema of what [`Kind::show`] gives.
    fn schema(&self) -> Json {
        json!({ "type": "string" })
    }

    /// A value of another type.
    fn mistyped(&self, value: &DeValue<'_>) -> Faults {
        Faults::Value(format!("expected {}, got {}", self.word(), describe(value)))
    }

    /// A value of the type that lies outside the bounds.
    fn out_of_bounds(&self, value: impl std::fmt::Display) -> Faults {
        Faults::Value(format!("{value} is out of bounds, {}", self.bounds()))
    }
}

/// Reads and shows a value of type `T`; `read(show(value))` is `value`.
pub(super) trait Kind<T>: About {
    fn read(&self, value: &DeValue<'_>) -> Result<T, Faults>;
    fn show(&self, value: &T) -> Json;
}

/// A value for a message. A list or a table is not repeated: it may be long, and hold a URL with a password.
fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the string {}", quote(text)),
        DeValue::Integer(number) => printable(&number.to_string()),
        DeValue::Float(number) => printable(&number.to_string()),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

/// See [`describe`]; for values where a table was expected.
pub(super) fn not_a_table(value: &DeValue<'_>) -> String {
    format!("expected a table, got {}", describe(value))
}
