//! How schemas are made, and those of answers that are not ours.

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::transform_subschemas};
use serde_json::{Value, json};

/// JSON Schema 2020-12, the dialect of OpenAPI 3.1, of what is sent.
pub(super) fn settings() -> SchemaSettings {
    let settings = SchemaSettings::draft2020_12().for_serialize().with_transform(polish);
    settings.with(|settings| settings.definitions_path = "/components/schemas".into())
}

/// Says what `schemars` leaves open: a field that may be left out is never null, and an unsigned number has a most.
fn polish(schema: &mut Schema) {
    transform_subschemas(&mut polish, schema);
    let Some(object) = schema.as_object_mut() else { return };
    let required = object.get("required").cloned().unwrap_or_default();
    let is_required = |name: &str| required.as_array().is_some_and(|names| names.iter().any(|given| given == name));
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        properties.iter_mut().filter(|(name, _)| !is_required(name)).for_each(|(_, property)| forbid_null(property));
    }
    // `usize` has 64 bits on the systems that this is built for, and OpenAPI knows no format without a width.
    let most = match object.get("format").and_then(Value::as_str) {
        Some("uint64" | "uint") => u64::MAX,
        Some("uint32") => u32::MAX.into(),
        _ => return,
    };
    object.insert("maximum".into(), most.into());
    if most == u64::MAX {
        object.insert("format".into(), "uint64".into());
    }
}

fn forbid_null(property: &mut Value) {
    if let Some(Value::Array(types)) = property.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = &types[..] {
            property["type"] = only.clone();
        }
    }
    if let Some(Value::Array(choices)) = property.get_mut("anyOf") {
        choices.retain(|choice| *choice != json!({ "type": "null" }));
        if let [Value::Object(only)] = &choices[..] {
            let only = only.clone();
            if let Value::Object(property) = property {
                property.remove("anyOf");
                property.extend(only);
            }
        }
    }
}

/// The local node's view of the cluster (WIRE §3), as it gave it; it may have more fields than these.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a schema is made of it, never a value")]
pub(super) struct Cluster {
    #[schemars(skip_serializing_if = "Option::is_none")]
    node_id: Option<String>,
    #[schemars(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[schemars(skip_serializing_if = "Option::is_none")]
    timestamp: Option<Timestamp>,
    #[schemars(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<Group>>,
}

/// A Raft group.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a schema is made of it, never a value")]
struct Group {
    #[schemars(rename = "group_id")]
    id: u64,
    leader_id: String,
    members: Vec<String>,
    is_leader: bool,
}
