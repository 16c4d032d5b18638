//! An answer that is not as described is noticed: each field of each kind is renamed in turn.

use serde_json::{Value, json};

use super::{
    document::Document,
    kinds::{CONFIG_PATH, full},
};
use crate::{
    daemon::{Daemon, config},
    network::{A, B, Network},
};

/// Every document that is `value` but for one field, which has another name.
fn with_a_field_renamed(value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Object(object) => {
            let renamed = object.keys().map(|name| {
                let mut other = object.clone();
                let field = other.remove(name).unwrap_or_default();
                other.insert(format!("{name}_"), field);
                (name.clone(), Value::Object(other))
            });
            let deeper = object.iter().flat_map(|(name, field)| {
                let put = move |(path, field): (String, Value)| {
                    let mut other = object.clone();
                    other.insert(name.clone(), field);
                    (format!("{name}.{path}"), Value::Object(other))
                };
                with_a_field_renamed(field).into_iter().map(put).collect::<Vec<_>>()
            });
            renamed.chain(deeper).collect()
        }
        Value::Array(items) => {
            let put = |(place, item): (usize, &Value)| {
                let put = move |(path, item): (String, Value)| {
                    let mut other = items.clone();
                    other[place] = item;
                    (format!("{place}.{path}"), Value::Array(other))
                };
                with_a_field_renamed(item).into_iter().map(put).collect::<Vec<_>>()
            };
            items.iter().enumerate().flat_map(put).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn a_field_that_is_called_otherwise_is_caught() {
    let network = Network::of(&[A]);
    network.node(A, "n1", &full(false));
    let daemon = Daemon::over(network, &config(Some(A), &[A, B], ""));
    let document = Document::served();
    let kinds = [
        ("MergedMatrix", daemon.matrix("").json()),
        ("Introspection", daemon.ask(CONFIG_PATH).json()),
        ("Error", daemon.matrix("require=all").json()),
    ];
    for (schema, answer) in kinds {
        document.assert_is(schema, &answer);
        let renamed = with_a_field_renamed(&answer);
        assert!(renamed.len() > 10, "{schema}: {answer}");
        for (field, answer) in renamed {
            assert!(!document.faults(schema, &answer).is_empty(), "{schema} does not miss {field}");
        }
    }
}

#[test]
fn a_value_out_of_its_set_or_bounds_is_caught() {
    let daemon = Daemon::over(Network::of(&[A]), &config(Some(A), &[A, B], ""));
    let document = Document::served();
    let answer = daemon.matrix("").json();
    let failing = answer["fanout"]["nodes"].as_array().unwrap().iter().position(|node| node["ok"] == false).unwrap();
    let changes = [
        ("/series".into(), json!("sums")),
        ("/generated_at".into(), json!("today")),
        ("/rows".into(), Value::Null),
        ("/rows/0/values/0".into(), json!(-1)),
        ("/rows/0/values/0".into(), json!(1.5)),
        ("/rows/0/bucket_id".into(), json!("")),
        ("/column_nodes/0".into(), json!(null)),
        (format!("/fanout/nodes/{failing}/reason"), json!("broken")),
        (format!("/fanout/nodes/{failing}/role"), json!("own")),
        (format!("/fanout/nodes/{failing}/error"), Value::Null),
    ];
    for (place, value) in changes {
        let mut bent = answer.clone();
        *bent.pointer_mut(&place).unwrap_or_else(|| panic!("{place}: {answer}")) = value.clone();
        assert!(!document.faults("MergedMatrix", &bent).is_empty(), "{place} may be {value}");
    }
}
