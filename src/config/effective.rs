//! The configuration in the file's own form, for introspection and `check --print`.

use std::fmt::Write;

use serde_json::{Map, Value as Json};

use super::{Config, KEYS, Loaded, keys::Draft};

/// Every key of SPEC §5, nested by table, each value as the file would have it. As TOML it loads to the same `Config`.
pub fn effective(config: &Config) -> Json {
    let draft = Draft::from(config.clone());
    let mut tables = Map::new();
    for key in KEYS {
        let (table, name) = key.parts();
        let entry = tables.entry(table).or_insert_with(|| Json::Object(Map::new()));
        if let Json::Object(table) = entry {
            table.insert(name.into(), key.show(&draft));
        }
    }
    Json::Object(tables)
}

/// The same as a TOML file, with each key's origin behind it.
pub fn effective_toml(loaded: &Loaded) -> String {
    let draft = Draft::from(loaded.config.clone());
    let mut text = String::new();
    for keys in KEYS.chunk_by(|a, b| a.parts().0 == b.parts().0) {
        let separator = if text.is_empty() { "" } else { "\n" };
        let _ = writeln!(text, "{separator}[{}]", keys[0].parts().0);
        for key in keys {
            let value = inline_toml(&key.show(&draft));
            let origin = loaded.origins.get(key.name).map_or_else(String::new, |origin| format!("  # {origin}"));
            let _ = writeln!(text, "{} = {value}{origin}", key.parts().1);
        }
    }
    text
}

/// A value of a key, on one line.
pub(super) fn inline_toml(value: &Json) -> String {
    match value {
        Json::Array(list) => format!("[{}]", list.iter().map(inline_toml).collect::<Vec<_>>().join(", ")),
        Json::String(text) => toml::Value::from(text.as_str()).to_string(),
        other => other.to_string(),
    }
}
