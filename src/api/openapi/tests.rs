use std::collections::BTreeSet;

use super::{document, paths::ASSET_PATH};
use crate::api::{ASSET_ROUTE, ROUTES};

#[test]
fn the_paths_are_those_that_the_app_has() {
    let document = document();
    let described: BTreeSet<_> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let as_described = |route| if route == ASSET_ROUTE { ASSET_PATH } else { route };
    assert_eq!(described, ROUTES.map(as_described).into_iter().chain(["/"]).collect());
}
