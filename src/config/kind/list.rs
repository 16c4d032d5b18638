use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::{About, Faults, Kind, describe};
use crate::config::{
    PeerEntry,
    address::{NotAnAddress, parse_host},
};

/// Most entries of a list: a file that names more was made by a mistake.
const LIST_MAX: usize = 1024;

/// `server.allowed_hosts`.
pub(in crate::config) struct Hosts;

impl About for Hosts {
    fn word(&self) -> String {
        "a list of host names".into()
    }

    fn schema(&self) -> Json {
        list_schema()
    }
}

impl Kind<Vec<String>> for Hosts {
    fn read(&self, value: &DeValue<'_>) -> Result<Vec<String>, Faults> {
        read_list(self, value, parse_host)
    }

    fn show(&self, value: &Vec<String>) -> Json {
        json!(value)
    }
}

/// `fanout.peers`.
pub(in crate::config) struct Peers;

impl About for Peers {
    fn word(&self) -> String {
        "a list of addresses".into()
    }

    fn bounds(&self) -> String {
        format!("at most {LIST_MAX}")
    }

    fn schema(&self) -> Json {
        list_schema()
    }
}

impl Kind<Vec<PeerEntry>> for Peers {
    fn read(&self, value: &DeValue<'_>) -> Result<Vec<PeerEntry>, Faults> {
        read_list(self, value, |text| text.parse().map_err(|error: NotAnAddress| error.to_string()))
    }

    fn show(&self, value: &Vec<PeerEntry>) -> Json {
        value.iter().map(|peer| peer.entry.as_str()).collect()
    }
}

fn list_schema() -> Json {
    json!({ "type": "array", "items": { "type": "string" } })
}

/// A list of strings, each read by `parse`; every bad element is reported at its own place.
fn read_list<T>(
    kind: &impl About,
    value: &DeValue<'_>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, Faults> {
    let list = value.as_array().ok_or_else(|| kind.mistyped(value))?;
    if list.len() > LIST_MAX {
        return Err(format!("{} entries are too many, at most {LIST_MAX}", list.len()).into());
    }
    let (mut values, mut faults) = (Vec::with_capacity(list.len()), Vec::new());
    for (index, element) in list.iter().enumerate() {
        let parsed = match element.get_ref() {
            DeValue::String(text) => parse(text),
            other => Err(format!("expected a string, got {}", describe(other))),
        };
        match parsed {
            Ok(value) => values.push(value),
            Err(message) => faults.push((index, element.span().start, message)),
        }
    }
    if faults.is_empty() { Ok(values) } else { Err(Faults::Elements(faults)) }
}
