//! The document as a test holds answers against it.

#![expect(clippy::panic, clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::{
    daemon::{Answer, Daemon, get},
    network::{A, Network},
};

pub(super) const PATH: &str = "/admin/api/v1/keyviz/openapi.json";

/// Schemas of what nodes send, who may add fields of their own.
const NOT_OURS: [&str; 4] = ["NodeMatrix", "NodeRow", "Cluster", "Group"];

pub(super) struct Document {
    json: Value,
    /// The same, in which nothing that we make ourselves may have a field that is not described.
    strict: Value,
}

impl Document {
    /// As a daemon serves it, to whoever asks.
    pub(super) fn served() -> Self {
        let daemon = Daemon::over(Network::of(&[A]), &crate::daemon::config(None, &[A], ""));
        let answer = daemon.send(get(PATH, &[]));
        assert_eq!(answer.status, 200);
        let document = Self::new(answer.json());
        document.assert_described(PATH, &answer);
        document
    }

    fn new(json: Value) -> Self {
        let mut strict = json.clone();
        let schemas = strict["components"]["schemas"].as_object_mut().unwrap();
        schemas.iter_mut().filter(|(name, _)| !NOT_OURS.contains(&name.as_str())).for_each(|(_, schema)| close(schema));
        Self { json, strict }
    }

    pub(super) fn json(&self) -> &Value {
        &self.json
    }

    /// What is described of each path.
    pub(super) fn paths(&self) -> &Map<String, Value> {
        self.json["paths"].as_object().unwrap()
    }

    pub(super) fn schemas(&self) -> &Map<String, Value> {
        self.json["components"]["schemas"].as_object().unwrap()
    }

    /// The words of an enumeration.
    pub(super) fn words(&self, schema: &str) -> Vec<&str> {
        self.schemas()[schema]["enum"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
    }

    /// What is wrong with `value` as a `schema` of the document; fields that are not described are.
    pub(super) fn faults(&self, schema: &str, value: &Value) -> Vec<String> {
        assert!(self.schemas().contains_key(schema), "{schema} is no schema");
        faults(&self.validator(&json!({ "$ref": format!("#/components/schemas/{schema}") })), value)
    }

    pub(super) fn assert_is(&self, schema: &str, value: &Value) {
        let faults = self.faults(schema, value);
        assert!(faults.is_empty(), "as {schema}: {faults:?}\n{value}");
    }

    /// Fails unless the document says that `path` may be answered so, in status, header, media type and body.
    pub(super) fn assert_described(&self, path: &str, answer: &Answer) {
        let what = format!("{path}: {} {}", answer.status, answer.text());
        let described = &self.strict["paths"][path]["get"]["responses"][answer.status.to_string()];
        assert!(described.is_object(), "a status that is not described: {what}");
        self.assert_head(described, answer, &what);
        let Some(content_type) = answer.header("Content-Type").filter(|_| !answer.body.is_empty()) else {
            return assert!(described.get("content").is_none(), "a body is missing: {what}");
        };
        let content = &described["content"][content_type.split(';').next().unwrap()];
        assert!(content.is_object(), "a media type that is not described: {content_type}: {what}");
        let body = if content_type.starts_with("application/json") { answer.json() } else { answer.text().into() };
        let faults = faults(&self.validator(&content["schema"]), &body);
        assert!(faults.is_empty(), "{faults:?}: {what}");
        if answer.header("X-Keyviz-Responded").is_some() && answer.status == 200 {
            // The response's schema has the node's lenient form beside it.
            self.assert_is("MergedMatrix", &body);
        }
    }

    fn assert_head(&self, described: &Value, answer: &Answer, what: &str) {
        for (name, reference) in described["headers"].as_object().unwrap() {
            let header = self.json.pointer(reference["$ref"].as_str().unwrap().trim_start_matches('#')).unwrap();
            let Some(value) = answer.header(name) else {
                assert_ne!(header["required"], true, "{name} is missing: {what}");
                continue;
            };
            let value = if header["schema"]["type"] == "integer" { value.parse().unwrap() } else { json!(value) };
            let faults = faults(&self.validator(&header["schema"]), &value);
            assert!(faults.is_empty(), "{name}: {faults:?}: {what}");
        }
        let ours = |name: &str| !["content-type", "content-length"].contains(&name);
        let described: BTreeSet<_> =
            described["headers"].as_object().unwrap().keys().map(|n| n.to_lowercase()).collect();
        let head = answer.head().to_lowercase();
        let names = head.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.to_owned());
        let unknown: Vec<_> = names.filter(|name| ours(name) && !described.contains(name)).collect();
        assert!(unknown.is_empty(), "header fields that are not described: {unknown:?}: {what}");
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut root = schema.clone();
        root["components"] = self.strict["components"].clone();
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        options.build(&root).unwrap_or_else(|error| panic!("{error}: {schema}"))
    }
}

fn faults(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{}: {error:.200}", error.instance_path())).collect()
}

/// Lets objects have the fields that are described, and no other.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(close);
            if object.get("type") == Some(&json!("object")) && object.get("properties").is_some_and(Value::is_object) {
                object.insert("additionalProperties".into(), false.into());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
