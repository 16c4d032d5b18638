//! Each live key takes effect while the daemon runs (SPEC §5).

use std::{net::TcpStream, time::Duration};

use async_std::task;
use serde_json::{Value, json};

use crate::{
    daemon::sample,
    running::{Running, get},
    stub::{Act, Stub},
    support::eventually,
};

fn nodes(answer: &Value) -> Vec<(String, bool)> {
    let nodes = answer["fanout"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| (node["node"].as_str().unwrap().to_owned(), node["ok"] == true)).collect()
}

#[test]
fn peers_come_and_go_and_those_that_stay_keep_what_is_known_of_them() {
    let [a, b] = [1, 2].map(|number| Stub::node(&format!("n{number}"), &sample(number)));
    let down = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let with = |peers: &[String]| format!("fanout.peers = {peers:?}\nfanout.breaker_failures = 1\n");
    let daemon = Running::start(&with(&[a.name(), down.to_string()]));
    let answer = daemon.matrix().json();
    assert_eq!(nodes(&answer), [(a.name(), true), (down.to_string(), false)]);
    let known = daemon.config();
    assert_eq!(known["peers"][1]["breaker"], "open", "{}", known["peers"][1]);

    daemon.edit(&with(&[b.name(), down.to_string(), a.name()]));
    let after = daemon.config_when("three peers", |config| config["generation"] == 2);
    assert_eq!(after["peers"][1]["consecutive_failures"], known["peers"][1]["consecutive_failures"]);
    assert_ne!(after["peers"][1]["breaker"], "closed");
    assert_eq!(after["peers"][2]["last_success"], known["peers"][0]["last_success"]);
    assert_eq!(after["peers"][0]["last_success"], Value::Null);
    let answer = daemon.matrix().json();
    assert_eq!(nodes(&answer), [(b.name(), true), (down.to_string(), false), (a.name(), true)]);
    assert_eq!(answer["fanout"]["nodes"][1]["reason"], "breaker_open");

    daemon.edit(&with(&[b.name()]));
    daemon.config_when("one peer", |config| config["generation"] == 3);
    let metrics = daemon.get("/metrics").body;
    assert!(metrics.contains(&b.name()) && !metrics.contains(&a.name()), "{metrics}");
}

#[test]
fn an_entry_that_changes_starts_with_a_closed_breaker_and_so_do_all_once_none_may_open() {
    let down = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let daemon = Running::start(&format!("fanout.peers = ['{down}']\nfanout.breaker_failures = 1"));
    daemon.matrix();
    assert_ne!(daemon.config()["peers"][0]["breaker"], "closed");
    daemon.edit(&format!("fanout.peers = ['http://{down}']\nfanout.breaker_failures = 1"));
    let config = daemon.config_when("the other entry", |config| config["generation"] == 2);
    assert_eq!((&config["peers"][0]["breaker"], &config["peers"][0]["last_error"]), (&json!("closed"), &Value::Null));

    daemon.matrix();
    daemon.edit(&format!("fanout.peers = ['http://{down}']\nfanout.breaker_failures = 0"));
    let config = daemon.config_when("no breaker", |config| config["generation"] == 3);
    assert_eq!(config["peers"][0]["breaker"], "closed");
}

#[test]
fn a_deadline_holds_from_the_next_request_and_not_for_the_one_in_flight() {
    let slow = Stub::serving("n1", vec![Act::Stall]);
    let daemon = Running::start(&format!("fanout.peers = ['{}']\nfanout.timeout = '2s'", slow.name()));
    let address = daemon.address;
    let in_flight = std::thread::spawn(move || get(address, "/admin/api/v1/keyviz/matrix", "").unwrap());
    while slow.asked(keyviz_fanout::fanout::MATRIX_PATH).is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    daemon.edit(&format!("fanout.peers = ['{}']\nfanout.timeout = '100ms'", slow.name()));
    assert!(daemon.command(&["reload"]).status.success());
    let error = |answer: &Value| answer["fanout"]["nodes"][0]["error"].as_str().unwrap().to_owned();
    let next = daemon.matrix();
    assert_eq!(next.generation(), 2);
    assert!(error(&next.json()).contains("100ms"), "{}", next.body);
    let first = in_flight.join().unwrap();
    assert_eq!(first.generation(), 1);
    assert!(error(&first.json()).contains("deadline of 2s"), "{}", first.body);
}

#[test]
fn the_log_level_changes_at_once_both_ways() {
    let daemon = Running::start("fanout.peers = ['127.0.0.1:1']");
    let with = |level: &str, timeout: &str| {
        daemon.edit(&format!("fanout.peers = ['127.0.0.1:1']\nlog.level = '{level}'\nfanout.timeout = '{timeout}'"));
        assert!(daemon.command(&["reload"]).status.success());
        daemon.log()
    };
    assert!(with("info", "3s").contains("\"2s\" → \"3s\""));
    assert!(!with("error", "4s").contains("\"3s\" → \"4s\""));
    assert!(!with("error", "5s").contains("\"4s\" → \"5s\""));
    assert!(with("warn,keyviz_fanout=debug", "6s").contains("\"5s\" → \"6s\""));
}

#[test]
fn the_connection_limit_changes_at_once() {
    let daemon = Running::start("fanout.peers = ['127.0.0.1:1']");
    let _held = TcpStream::connect(daemon.address).unwrap();
    assert_eq!(daemon.get("/metrics").status, 200);
    daemon.edit("fanout.peers = ['127.0.0.1:1']\nserver.max_connections = 1");
    assert!(daemon.command(&["reload"]).status.success());
    // The newcomer before it is safe for a second, which on a busy machine may be over too soon.
    let refused = async || {
        let _young = TcpStream::connect(daemon.address).unwrap();
        Some(daemon.get("/metrics")).filter(|answer| answer.status == 503)
    };
    let answer = task::block_on(eventually("a refusal", refused));
    assert!(answer.body.contains("1 connections are open"), "{}", answer.body);
    daemon.edit("fanout.peers = ['127.0.0.1:1']");
    assert!(daemon.command(&["reload"]).status.success());
    assert_eq!(daemon.get("/metrics").status, 200);
}

#[test]
fn a_token_opens_the_metrics_to_who_may_not_read_and_a_new_one_replaces_it() {
    let folder = tempfile::tempdir().unwrap();
    let (file, token) = (folder.path().join("config.toml"), folder.path().join("token"));
    std::fs::write(&token, "first-token\n").unwrap();
    let text = "server.listen = '0.0.0.0:0'\nserver.allow_insecure = true\nserver.control_socket = 'control.sock'\n\
                server.metrics_token_file = 'token'\nfanout.peers = ['127.0.0.1:1']\n";
    std::fs::write(&file, text).unwrap();
    let daemon = Running::over(folder, &file);
    let Some(beyond) = own_address() else { return };
    let at = std::net::SocketAddr::new(beyond, daemon.address.port());
    let status = |header: &str| get(at, "/metrics", header).unwrap().status;
    assert_eq!(status(""), 401);
    assert_eq!(status("Authorization: Bearer first-tokem\r\n"), 401);
    assert_eq!(status("Authorization: Bearer first-token\r\n"), 200);
    assert_eq!(get(at, "/admin/api/v1/keyviz/config", "Authorization: Bearer first-token\r\n").unwrap().status, 401);

    std::fs::write(&token, "second-token\n").unwrap();
    assert!(daemon.command(&["reload"]).status.success());
    assert_eq!(status("Authorization: Bearer first-token\r\n"), 401);
    assert_eq!(status("Authorization: bearer second-token\r\n"), 200);
    assert!(daemon.log().contains("server.metrics_token_file: the file holds something else"), "{}", daemon.log());

    std::fs::write(&token, "two words\n").unwrap();
    assert_eq!(daemon.command(&["reload"]).status.code(), Some(1));
    assert_eq!(status("Authorization: bearer second-token\r\n"), 200, "a broken file leaves what runs");
}

/// An address of this host that is not loopback, if it has one.
pub(super) fn own_address() -> Option<std::net::IpAddr> {
    keyviz_fanout::peers::interface_addresses().into_iter().find(|ip| ip.is_ipv4() && !ip.is_loopback())
}
