//! The configuration in the file's own form, for introspection and `check --print`.

use std::{borrow::Cow, fmt::Write};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
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

/// The schema of [`effective`]: every key, none left out.
pub(crate) struct Effective;

impl JsonSchema for Effective {
    fn schema_name() -> Cow<'static, str> {
        "Effective".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let tables = KEYS.chunk_by(|a, b| a.parts().0 == b.parts().0).map(|keys| {
            let table = members(keys.iter().map(|key| (key.parts().1, key.schema())));
            (keys[0].parts().0, table.to_value())
        });
        let mut schema = members(tables);
        schema.insert("description".into(), "Every key of the configuration file, as the file would have it.".into());
        schema
    }
}

/// The schema of a document that has something for every key, of type `T`.
pub(crate) fn of_each_key<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    members(KEYS.iter().map(|key| (key.name, generator.subschema_for::<T>().to_value())))
}

fn members<'a>(members: impl Iterator<Item = (&'a str, Json)>) -> Schema {
    let members: Map<String, Json> = members.map(|(name, schema)| (name.to_owned(), schema)).collect();
    let names: Vec<_> = members.keys().collect();
    json_schema!({ "type": "object", "required": names, "properties": members })
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
