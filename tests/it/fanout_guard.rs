//! The loop guard, and the answers that are the local node's own (SPEC §2).

use std::net::TcpListener;

use keyviz_fanout::fanout::{CLUSTER_PATH, GUARD_HEADER, MATRIX_PATH};

use crate::{
    daemon::{Answer, Daemon, SESSION, SLACK, config, get, sample},
    network::{A, B, Network, Said},
    stub::Stub,
};

fn guarded(daemon: &Daemon, target: &str, guard: &str) -> Answer {
    daemon.send(get(target, &[("Cookie", &format!("admin_session={SESSION}")), (GUARD_HEADER, guard)]))
}

fn two() -> (Network, Daemon) {
    let network = Network::of(&[A, B]);
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B], ""));
    (network, daemon)
}

#[test]
fn a_guarded_request_gets_the_local_bytes_and_calls_no_peer() {
    let (network, daemon) = two();
    let odd = "{ \"rows\" : null,\n\"column_unix_ms\":[], \"series\":\"writes\", \"new\":1 }  ";
    network.say(A, MATRIX_PATH, Said::new(200, odd));
    let answer = guarded(&daemon, &format!("{MATRIX_PATH}?rows=7&from_unix_ms=5&evil=1"), "1");
    assert_eq!((answer.status, &*answer.text()), (200, odd));
    assert_eq!(answer.header("X-Keyviz-Responded"), None);
    assert_eq!(
        network.last_query(A),
        ["from_unix_ms=5", "rows=7", "series=writes"],
        "the caller's own rows and bounds"
    );
    assert!(network.all_calls().iter().all(|(address, _)| address == A));
}

#[test]
fn the_guard_counts_up_and_a_third_round_is_a_loop() {
    let (network, daemon) = two();
    for (guard, sent) in [("1", "2"), ("yes", "2"), ("", "2"), ("2", "3"), ("0", "1")] {
        assert_eq!(guarded(&daemon, MATRIX_PATH, guard).status, 200, "{guard}");
        assert_eq!(network.calls(A, MATRIX_PATH).last().unwrap().guard.as_deref(), Some(sent), "{guard}");
        assert_eq!(guarded(&daemon, CLUSTER_PATH, guard).status, 200, "{guard}");
        assert_eq!(network.calls(A, CLUSTER_PATH).last().unwrap().guard.as_deref(), Some(sent), "{guard}");
    }
    let before = network.all_calls().len();
    for guard in ["3", "4", "99999999999999999999999"] {
        for path in [MATRIX_PATH, CLUSTER_PATH] {
            let answer = guarded(&daemon, path, guard);
            assert_eq!((answer.status, &*answer.code()), (508, "loop_detected"), "{guard}");
        }
    }
    assert_eq!(network.all_calls().len(), before);
}

#[test]
fn two_daemons_that_name_each_other_as_local_end_in_an_error() {
    let [a, b] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [at_a, at_b] = [&a, &b].map(|listener| listener.local_addr().unwrap().to_string());
    let peer = Stub::node("n3", &sample(3));
    let first = Daemon::start(&config(Some(&at_b), &[&peer.name()], "auth.mode = \"none\"\n"));
    let second = Daemon::start(&config(Some(&at_a), &[&peer.name()], "auth.mode = \"none\"\n"));
    first.listen_on(a);
    second.listen_on(b);
    let answer = first.matrix("");
    answer.assert_responded(1, 2);
    assert_eq!(answer.failure(&at_b).0, "status");
    assert!(answer.took < SLACK, "{:?}", answer.took);
    for path in [MATRIX_PATH, CLUSTER_PATH] {
        let answer = guarded(&first, path, "1");
        assert_eq!((answer.status, &*answer.code()), (503, "local_unavailable"), "{path}");
        assert!(answer.took < SLACK, "{:?}", answer.took);
    }
}

#[test]
fn a_daemon_that_names_itself_as_local_ends_in_an_error_that_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().to_string();
    let peer = Stub::node("n3", &sample(3));
    let daemon = Daemon::start(&config(Some(&own), &[&peer.name()], ""));
    daemon.listen_on(listener);
    let answer = daemon.matrix("");
    answer.assert_merge_of(&[&sample(3)]);
    let (_, error) = answer.failure(&own);
    assert!(error.contains("local.url leads back to this process"), "{error}");
}

#[test]
fn without_a_local_node_a_guarded_request_is_disabled() {
    let network = Network::of(&[A, B]);
    let daemon = Daemon::over(network.clone(), &config(None, &[B], ""));
    for path in [MATRIX_PATH, CLUSTER_PATH] {
        let answer = guarded(&daemon, path, "1");
        assert_eq!((answer.status, &*answer.code()), (503, "keyviz_disabled"));
    }
    assert_eq!(network.all_calls(), []);
}

#[test]
fn without_peers_the_answer_is_the_local_matrix_unmerged() {
    let network = Network::of(&[A]);
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[], ""));
    let answer = daemon.matrix("rows=3");
    assert_eq!(answer.body, keyviz_fanout::matrix::encode(&sample(1)));
    assert_eq!(answer.header("X-Keyviz-Responded"), None);
    assert_eq!(network.last_query(A), ["rows=3", "series=writes"]);
    assert_eq!(network.calls(A, MATRIX_PATH)[0].guard.as_deref(), Some("1"));
}

#[test]
fn a_failing_local_node_is_passed_on_with_its_code() {
    let said = [
        (Said::error(401, "unauthenticated"), 401, "unauthenticated"),
        (Said::error(403, "forbidden"), 403, "forbidden"),
        (Said::error(503, "keyviz_disabled"), 503, "keyviz_disabled"),
        (Said::new(401, ""), 401, "unauthenticated"),
        (Said::new(403, "<html>"), 403, "forbidden"),
        (Said::new(503, "busy"), 503, "local_unavailable"),
        (Said::error(503, ""), 503, "local_unavailable"),
        (Said::error(503, "Not A Word"), 503, "local_unavailable"),
        (Said::error(500, "internal"), 503, "local_unavailable"),
        (Said::error(404, "not_found"), 503, "local_unavailable"),
        (Said::new(302, ""), 503, "local_unavailable"),
    ];
    for path in [MATRIX_PATH, CLUSTER_PATH] {
        for (said, status, code) in &said {
            let network = Network::of(&[A]);
            network.say(A, path, said.clone());
            let alone = Daemon::over(network.clone(), &config(Some(A), &[], ""));
            let with_peers = Daemon::over(network, &config(Some(A), &[B], ""));
            for answer in [alone.ask(path), guarded(&with_peers, path, "1")] {
                assert_eq!((answer.status, &*answer.code()), (*status, *code), "{path} {said:?}");
            }
        }
    }
}

#[test]
fn a_local_node_that_is_away_or_hangs_is_unavailable() {
    let network = Network::default();
    let toml = config(Some(A), &[B], "fanout.timeout = \"300ms\"\n");
    let daemon = Daemon::over(network.clone(), &toml);
    for _ in 0..2 {
        for path in [MATRIX_PATH, CLUSTER_PATH] {
            let answer = guarded(&daemon, path, "1");
            assert_eq!((answer.status, &*answer.code()), (503, "local_unavailable"), "{path}");
            assert!(answer.took < SLACK);
            network.say(A, path, Said::never());
        }
    }
}

#[test]
fn the_cluster_answer_is_the_local_nodes_own() {
    let (network, daemon) = two();
    let answer = daemon.ask(CLUSTER_PATH);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), serde_json::json!({"node_id": "n1", "groups": []}));
    assert_eq!(network.calls(B, CLUSTER_PATH), []);
}

#[test]
fn a_call_over_the_wire_asks_for_json_and_nothing_more() {
    let (local, peer) = (Stub::node("n1", &sample(1)), Stub::node("n2", &sample(2)));
    Daemon::start(&config(Some(&local.name()), &[&peer.name()], "")).matrix("rows=1").assert_responded(2, 2);
    let seen = &peer.asked(MATRIX_PATH)[0];
    let mut fields: Vec<_> = seen.head.trim_end().lines().skip(1).map(str::to_lowercase).collect();
    fields.sort_unstable();
    let expected = [
        "accept: application/json".to_owned(),
        "connection: close".to_owned(),
        format!("cookie: admin_session={SESSION}"),
        format!("host: {}", peer.name()),
        "x-admin-fanout-peer: 1".to_owned(),
    ];
    assert_eq!(fields, expected);
    assert!(seen.head.starts_with(&format!("GET {MATRIX_PATH}?series=writes&rows=1024 HTTP/1.1\r\n")), "{}", seen.head);
}

/// Its address is none that it knows of: its own answer to its own call gives it away.
#[test]
fn a_daemon_among_its_own_peers_is_listed_as_self() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().to_string();
    let peer = Stub::node("n2", &sample(2));
    let daemon = Daemon::start(&config(None, &[&peer.name(), &own], ""));
    daemon.listen_on(listener);
    for _ in 0..2 {
        let answer = daemon.matrix("");
        answer.assert_responded(1, 1);
        answer.assert_merge_of(&[&sample(2)]);
        assert_eq!(answer.report(&own)["role"], "self");
        assert_eq!(answer.nodes()[0]["node"], *own, "self first");
    }
}
