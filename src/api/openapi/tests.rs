use std::collections::BTreeSet;

use super::document;
use crate::api::PATHS;

#[test]
fn the_paths_are_those_that_the_app_has() {
    let document = document();
    let described: BTreeSet<_> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(described, PATHS.into_iter().chain(["/"]).collect());
}
