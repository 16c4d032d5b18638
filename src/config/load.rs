use std::{borrow::Cow, collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::{
    Config, KEYS, Key, Problem,
    document::{self, Parsed},
    keys::Draft,
    kind::parse_filter,
    problem::{Counter, Finding, Place, locate},
    rules::{self, Misfit, Whole},
};

/// A configuration and where each of its values is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The checked values.
    pub config: Config,
    /// Every key of [`KEYS`].
    pub origins: BTreeMap<&'static str, Origin>,
    /// Where the keys that are in the file have their values.
    pub(super) places: BTreeMap<&'static str, Place>,
}

impl Loaded {
    /// Something wrong with a key that only shows when its value is used.
    pub fn problem(&self, key: &str, message: impl Into<String>) -> Problem {
        let Place { line, column } = self.places.get(key).copied().unwrap_or(Place { line: 1, column: 1 });
        Problem { line, column, key: key.into(), message: message.into() }
    }
}

impl From<Config> for Loaded {
    /// A configuration made in code. What `load` checks of keys together is the code's own business here.
    fn from(config: Config) -> Self {
        let draft = Draft::from(config.clone());
        let origin = |key: &Key| if key.show(&draft) == key.default_value() { Origin::Default } else { Origin::Code };
        let origins = KEYS.iter().map(|key| (key.name, origin(key))).collect();
        Self { config, origins, places: BTreeMap::new() }
    }
}

/// Where a value is from; written `file:7`, `default`, `env` (SPEC §6) or `code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file, with the line of the key.
    File(usize),
    /// Not in the file.
    Default,
    /// An environment variable, over the file.
    Env,
    /// The process made the configuration itself.
    Code,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(line) => write!(f, "file:{line}"),
            Self::Default => f.write_str("default"),
            Self::Env => f.write_str("env"),
            Self::Code => f.write_str("code"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Origin {
    fn schema_name() -> Cow<'static, str> {
        "Origin".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(file:[0-9]+|default|env|code)$",
            "description": "Where a value is from: `file:` and the line, `default`, `env` (`RUST_LOG`), or `code` where \
                the process made the configuration itself.",
        })
    }
}

/// Checks a file's text and fills in the defaults. `rust_log` is the value of `RUST_LOG`, which wins over `log.level`
/// unless it is empty or no filter.
///
/// The error has every problem of the file, in file order.
pub fn load(text: &str, rust_log: Option<&str>) -> Result<Loaded, Vec<Problem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parsed = document::parse(text);
    let mut findings = std::mem::take(&mut parsed.findings);
    let offset = |key| parsed.given.get(key).copied().unwrap_or(0);
    let misfits = rules::check(&Whole::from(&parsed)).into_iter();
    findings.extend(misfits.map(|Misfit { key, message }| Finding::new(offset(key), key, message)));
    if !findings.is_empty() {
        return Err(locate(text, findings));
    }
    rules::settle(&mut parsed);
    let places = places(text, &parsed);
    let origin = |name| places.get(name).map_or(Origin::Default, |place: &Place| Origin::File(place.line));
    let mut origins: BTreeMap<_, _> = KEYS.iter().map(|key| (key.name, origin(key.name))).collect();
    let mut config = Config::from(parsed.draft);
    if let Some(filter) = rust_log.and_then(|filter| parse_filter(filter).ok()) {
        config.log.level = filter;
        origins.insert("log.level", Origin::Env);
    }
    Ok(Loaded { config, origins, places })
}

fn places(text: &str, parsed: &Parsed) -> BTreeMap<&'static str, Place> {
    let mut given: Vec<_> = parsed.given.iter().map(|(key, offset)| (*offset, *key)).collect();
    given.sort_unstable();
    let mut counter = Counter::new(text);
    given.into_iter().map(|(offset, key)| (key, counter.place(offset))).collect()
}

/// [`load`] for bytes, which may not be UTF-8.
pub(super) fn load_bytes(bytes: &[u8], rust_log: Option<&str>) -> Result<Loaded, Vec<Problem>> {
    let not_text = |error: std::str::Utf8Error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let message = format!("byte 0x{:02x} is not UTF-8", bytes[error.valid_up_to()]);
        locate(valid.trim_start_matches('\u{feff}'), vec![Finding::new(usize::MAX, "", message)])
    };
    load(std::str::from_utf8(bytes).map_err(not_text)?, rust_log)
}
