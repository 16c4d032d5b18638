//! What the log tells of nodes: changes, not polls (SPEC §3).

use keyviz_fanout::fanout::MATRIX_PATH;
use log::Level;

use crate::{
    daemon::{Daemon, config, sample},
    logs::{capture, logged_of},
    stub::{Script, Stub, ok_json, response},
};

/// A daemon without a local node, a sound peer, and one that answers by `script`.
fn case(script: Script, limits: &str) -> (Daemon, [Stub; 2]) {
    capture();
    let peers = [Stub::node("n1", &sample(1)), Stub::serving("n2", script)];
    let daemon = Daemon::start(&config(None, &[&peers[0].name(), &peers[1].name()], limits));
    (daemon, peers)
}

fn warnings(node: &Stub) -> Vec<String> {
    logged_of(&node.name(), Level::Warn)
}

#[test]
fn a_body_over_the_cap_is_a_warning_each_time() {
    let (daemon, [sound, bad]) = case(ok_json(vec![b' '; 2000]), "fanout.body_cap = \"1KiB\"\n");
    for times in 1..=3 {
        daemon.matrix("").assert_responded(1, 2);
        let lines = warnings(&bad);
        assert_eq!(lines.len(), times, "{lines:?}");
        assert!(lines[0].contains("too_large") && lines[0].contains("fanout.body_cap"), "{lines:?}");
    }
    assert_eq!(warnings(&sound), [""; 0]);
}

#[test]
fn a_node_that_stays_down_is_told_once_and_once_when_it_is_back() {
    let (daemon, [_sound, bad]) = case(response("500 Internal Server Error", "out of cheese"), "");
    for _ in 0..3 {
        daemon.matrix("").assert_responded(1, 2);
    }
    let lines = warnings(&bad);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("status 500: out of cheese"), "{lines:?}");
    bad.answer(MATRIX_PATH, ok_json("other trouble"));
    daemon.matrix("");
    assert_eq!(warnings(&bad).len(), 2, "another reason is news");
    bad.answer(MATRIX_PATH, ok_json(keyviz_fanout::matrix::encode(&sample(2))));
    for _ in 0..2 {
        daemon.matrix("").assert_responded(2, 2);
    }
    let back: Vec<_> =
        logged_of(&bad.name(), Level::Info).into_iter().filter(|line| line.starts_with("INFO")).collect();
    assert_eq!(back.len(), 1, "{back:?}");
}

#[test]
fn an_opened_breaker_is_told_once() {
    let (daemon, [_sound, bad]) = case(vec![], "");
    for _ in 0..6 {
        daemon.matrix("").assert_responded(1, 2);
    }
    let lines = warnings(&bad);
    let opened: Vec<_> = lines.iter().filter(|line| line.contains("breaker opened after 3 failures")).collect();
    assert_eq!((lines.len(), opened.len()), (2, 1), "{lines:?}");
}
