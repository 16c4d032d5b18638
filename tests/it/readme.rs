//! What the README claims about the configuration.

use std::{collections::BTreeMap, fs};

use keyviz_fanout::{
    config::{KEYS, load},
    fanout::{Reason, WarningCode},
};
use serde_json::Value;

fn readme() -> String {
    fs::read_to_string("README.md").unwrap()
}

/// The configuration table's rows by key: the cells of type, default and meaning.
fn table(readme: &str) -> BTreeMap<&str, Vec<&str>> {
    let (_, section) = readme.split_once("\n## Configure\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    let cells = rows.map(|row| row.split_once("` | ").unwrap());
    cells.map(|(key, rest)| (key, rest.split(" | ").collect())).collect()
}

/// The default as a file would have it.
fn written(value: &Value) -> String {
    format!("`{value}`")
}

#[test]
fn the_table_has_every_key_with_its_default_and_bounds() {
    let readme = readme();
    let table = table(&readme);
    for key in KEYS {
        let cells = table.get(key.name).unwrap_or_else(|| panic!("{} is not in the table", key.name));
        assert_eq!(cells[0], written(&key.default_value()), "{}", key.name);
        assert!(cells[1].contains(&key.bounds()), "{}: {} not in {}", key.name, key.bounds(), cells[1]);
    }
    assert_eq!(table.len(), KEYS.len(), "{:?}", table.keys());
}

#[test]
fn the_examples_load() {
    let readme = readme();
    let examples: Vec<_> = readme.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(!examples.is_empty());
    for example in examples {
        assert!(load(example, None).is_ok(), "{:?}\n{example}", load(example, None));
    }
}

#[test]
fn every_reason_is_explained() {
    let readme = readme();
    let (_, table) = readme.split_once("| reason | what happened |").unwrap();
    let table = table.split("\n\n").next().unwrap();
    for reason in Reason::ALL {
        assert!(table.contains(&format!("`{}`", reason.as_str())), "{reason:?}");
    }
}

#[test]
fn every_warning_is_explained() {
    let readme = readme();
    let (_, table) = readme.split_once("| warning | what is odd about a node |").unwrap();
    let table = table.split("\n\n").next().unwrap();
    for code in WarningCode::ALL {
        assert!(table.contains(&format!("`{code}`")), "{code:?}");
    }
}
