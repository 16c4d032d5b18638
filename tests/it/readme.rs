//! What the README claims; its table of keys is held to the keys by the example `documents`.

use std::fs;

use keyviz_fanout::{
    config::load,
    fanout::{Reason, WarningCode},
};

fn readme() -> String {
    fs::read_to_string("README.md").unwrap()
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
