//! A node that knows its cluster's members changes who is asked while it runs, as a reload of the file does.

use std::sync::{Arc, Mutex};

use async_std::task;
use keyviz_fanout::{
    Config, Membership, Service, api,
    config::{AuthMode, PeerEntry},
};
use serde_json::Value;

use crate::{
    daemon::get,
    network::{A, B, C, Network},
};

/// The members as something else than the file knows them.
#[derive(Clone, Default)]
struct Members(Arc<Mutex<Vec<PeerEntry>>>);

impl Members {
    fn are(&self, members: &[&str]) {
        *self.0.lock().unwrap() = members.iter().map(|member| member.parse().unwrap()).collect();
    }
}

impl Membership for Members {
    fn entries(&self, _: &Config) -> Vec<PeerEntry> {
        self.0.lock().unwrap().clone()
    }
}

fn ask(service: &Arc<Service>, path: &str) -> Value {
    let answer = task::block_on(async {
        let mut response: surf::http::Response = api::app(Arc::clone(service)).respond(get(path, &[])).await.unwrap();
        response.body_bytes().await.unwrap()
    });
    serde_json::from_slice(&answer).unwrap()
}

fn asked(service: &Arc<Service>) -> Vec<Value> {
    let answer = ask(service, "/admin/api/v1/keyviz/matrix");
    let nodes = answer["fanout"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["node"].clone()).collect()
}

#[test]
fn members_that_come_and_go_are_asked_from_the_next_request_on_and_those_that_stay_are_known() {
    let (network, members) = (Network::of(&[A, B, C]), Members::default());
    members.are(&[A, B]);
    let mut config = Config::default();
    config.auth.mode = AuthMode::None;
    let client = surf::Client::with_http_client(network);
    let service = Service::builder(config.clone()).client(client).membership(members.clone()).build();
    assert_eq!(asked(&service), [A, B]);

    members.are(&[C, B]);
    assert_eq!(asked(&service), [A, B], "until it is applied");
    let applied = service.apply(config).unwrap();
    assert_eq!((applied.generation, applied.changes.len(), applied.pending.len()), (2, 0, 0));
    let known = ask(&service, "/admin/api/v1/keyviz/config");
    assert_eq!((&known["peers"][0]["last_success"], &known["generation"]), (&Value::Null, &2.into()));
    assert_ne!(known["peers"][1]["last_success"], Value::Null);
    assert_eq!((&known["last_attempt"]["trigger"], &known["counts"]["applied"]), (&"control".into(), &2.into()));
    assert_eq!(asked(&service), [C, B]);
}
