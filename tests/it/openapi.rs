//! `/admin/api/v1/keyviz/openapi.json` (SPEC §2): what it says is what the daemon does.

mod document;
mod kinds;
mod mutations;

use std::fs;

use jsonschema::draft202012;
use keyviz_fanout::{
    config::KEYS,
    fanout::{Reason, WarningCode},
    matrix::Series,
};
use serde_json::Value;
use surf::http::Method;

use crate::{
    daemon::{Daemon, SESSION, config, get},
    network::{A, B, Network},
};
use document::{Document, PATH};

#[test]
fn it_is_open_and_the_same_whatever_is_configured() {
    let text = |toml: &str| Daemon::over(Network::default(), toml).send(get(PATH, &[])).text();
    let forward = text(&config(Some(A), &[B], ""));
    assert_eq!(forward, text(&config(None, &[A], "auth.mode = \"none\"\n")));
    let document: Value = serde_json::from_str(&forward).unwrap();
    assert_eq!(
        (&document["openapi"], &document["info"]["version"]),
        (&"3.1.0".into(), &env!("CARGO_PKG_VERSION").into())
    );
}

#[test]
fn every_path_is_there_under_both_methods_and_no_other() {
    let daemon = Daemon::over(Network::of(&[A, B]), &config(Some(A), &[B], ""));
    let document = Document::served();
    for (path, item) in document.paths() {
        let methods: Vec<_> = item.as_object().unwrap().keys().collect();
        assert_eq!(methods, ["get", "head"], "{path}");
        let ask = |method: Method| {
            let mut request =
                get(&path.replace("{asset}", "none.js"), &[("Cookie", &format!("admin_session={SESSION}"))]);
            request.set_method(method);
            daemon.send(request)
        };
        let answer = ask(Method::Get);
        let fits =
            if path.contains("{asset}") { answer.status == 404 } else { matches!(answer.status, 200 | 302 | 401) };
        assert!(fits, "{path}: {}", answer.status);
        document.assert_described(path, &answer);
        assert_eq!(ask(Method::Head).status, answer.status, "{path}");
        let refused = ask(Method::Post);
        assert_eq!(refused.status, 405, "{path}");
        document.assert_described(path, &refused);
        for answer in item["head"]["responses"].as_object().unwrap().values() {
            assert!(answer.get("content").is_none(), "{path}: {answer}");
        }
    }
}

#[test]
fn its_schemas_are_json_schema_2020_12() {
    let document = Document::served();
    for (name, schema) in document.schemas() {
        assert!(draft202012::meta::is_valid(schema), "{name}: {schema}");
        assert!(draft202012::options().build(&with_components(schema, document.json())).is_ok(), "{name}");
    }
}

fn with_components(schema: &Value, document: &Value) -> Value {
    let mut schema = schema.clone();
    schema["components"] = document["components"].clone();
    schema
}

#[test]
fn its_enumerations_are_those_of_the_code_and_of_the_contract() {
    let document = Document::served();
    assert_eq!(document.words("Reason"), Reason::ALL.map(Reason::as_str));
    assert_eq!(document.words("WarningCode"), WarningCode::ALL.map(WarningCode::as_str));
    assert_eq!(document.words("Series"), Series::ALL.map(Series::as_str));
    assert_eq!(document.words("Role"), ["self", "peer", "duplicate"]);
    assert_eq!(document.words("Position"), ["closed", "open", "half_open"]);
    let codes = "invalid_query unauthenticated forbidden not_found method_not_allowed misdirected no_node_answered \
        incomplete local_unavailable keyviz_disabled loop_detected internal";
    assert_eq!(document.words("ErrorCode"), codes.split(' ').collect::<Vec<_>>());
}

#[test]
fn every_key_of_the_configuration_is_described_with_its_default() {
    let document = Document::served();
    for key in KEYS {
        let (table, name) = key.name.split_once('.').unwrap();
        let schema = &document.schemas()["Effective"]["properties"][table]["properties"][name];
        assert_eq!(schema["default"], key.default_value(), "{}", key.name);
        assert!(schema["description"].as_str().unwrap().contains(key.meaning), "{}: {schema}", key.name);
    }
}

#[test]
fn answers_of_a_recorded_cluster_are_as_described() {
    let document = Document::served();
    let mut seen = 0;
    for entry in fs::read_dir("tests/fixtures/cluster").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let recorded: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        match name.as_str() {
            "errors.json" => {
                for answer in recorded.as_object().unwrap().values() {
                    document.assert_is("Error", &serde_json::from_str(answer["body"].as_str().unwrap()).unwrap());
                }
            }
            name if name.contains(".cluster.") => document.assert_is("Cluster", &recorded),
            _ => document.assert_is("NodeMatrix", &recorded),
        }
        seen += 1;
    }
    assert!(seen >= 16, "{seen}");
}
