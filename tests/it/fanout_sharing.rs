//! What requests and calls share: fan-outs in flight, memory, turns.

use std::time::Duration;

use async_std::{future::timeout, task};
use futures_util::future::{join, join_all};
use keyviz_fanout::{
    fanout::{CLUSTER_PATH, MATRIX_PATH},
    matrix,
};
use surf::http::Request;

use crate::{
    daemon::{Daemon, config, get, sample},
    network::{A, B, C, D, Network, Said},
    stub::{Act, CHUNKED, Stub, chunks},
};

const SLOWLY: Duration = Duration::from_millis(400);

/// Two nodes, known already, whose matrix now takes a while.
fn slow() -> (Network, Daemon) {
    let network = Network::of(&[A, B]);
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B], "fanout.timeout = \"20s\"\n"));
    daemon.matrix("").assert_responded(2, 2);
    for (address, number) in [(A, 1), (B, 2)] {
        network.say(address, MATRIX_PATH, Said::matrix(&sample(number)).after(SLOWLY));
    }
    (network, daemon)
}

fn asked_as(session: &str, query: &str) -> Request {
    get(&format!("{MATRIX_PATH}?{query}"), &[("Cookie", &format!("admin_session={session}"))])
}

/// Calls of B's matrix since [`slow`].
fn calls(network: &Network) -> usize {
    network.calls(B, MATRIX_PATH).len() - 1
}

#[test]
fn equal_requests_in_flight_share_one_fan_out() {
    let (network, daemon) = slow();
    let all = ["rows=3", "rows=3&unknown=1", "series=writes&rows=3", "rows=3&require=all"];
    let answers = join_all(all.map(|query| daemon.respond(asked_as("one", query))));
    let answers = task::block_on(answers);
    assert!(answers.iter().all(|answer| answer.body == answers[0].body), "the very same answer");
    assert_eq!(calls(&network), 1);
    daemon.matrix("rows=3").assert_responded(2, 2);
    assert_eq!(calls(&network), 2, "what has ended is not shared");
}

#[test]
fn other_sessions_and_other_questions_have_their_own() {
    let (network, daemon) = slow();
    let requests = [
        ("one", "rows=3"),
        ("two", "rows=3"),
        ("one", "rows=4"),
        ("one", "rows=3&identity=false"),
        ("one", "rows=3&series=writes&to_unix_ms=9"),
    ];
    let answers = join_all(requests.map(|(session, query)| daemon.respond(asked_as(session, query))));
    assert!(task::block_on(answers).iter().all(|answer| answer.status == 200));
    assert_eq!(calls(&network), 5);
    let sessions: Vec<_> = network.calls(B, MATRIX_PATH).into_iter().skip(1).map(|call| call.cookie.unwrap()).collect();
    assert_eq!(sessions.iter().filter(|cookie| *cookie == "admin_session=two").count(), 1);
}

#[test]
fn a_shared_answer_that_lacks_a_node_fails_only_those_who_require_all() {
    let (network, daemon) = slow();
    network.say(B, MATRIX_PATH, Said::error(500, "internal").after(SLOWLY));
    let both = join(daemon.respond(asked_as("one", "require=all")), daemon.respond(asked_as("one", "")));
    let (all, any) = task::block_on(both);
    assert_eq!((all.status, any.status), (503, 200));
    assert_eq!(calls(&network), 1);
}

#[test]
fn the_first_caller_going_away_cancels_nothing() {
    let (network, daemon) = slow();
    task::block_on(async {
        let first = timeout(SLOWLY / 4, daemon.respond(asked_as("one", "")));
        assert!(first.await.is_err(), "it goes before its answer");
        daemon.respond(asked_as("one", "")).await.assert_merge_of(&[&sample(1), &sample(2)]);
    });
    assert_eq!(calls(&network), 1);
}

#[test]
fn bodies_over_the_memory_budget_wait_for_their_turn_and_all_succeed() {
    let mut body = matrix::encode(&sample(2));
    body.resize(3 << 20, b' ');
    let wire = [CHUNKED.as_bytes(), &chunks(&body, 50_000), b"0\r\n\r\n"].concat();
    let peers: Vec<_> = (1..=5).map(|n| Stub::serving(&format!("n{n}"), vec![Act::Send(wire.clone())])).collect();
    let names: Vec<_> = peers.iter().map(Stub::name).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    for budget in ["4MiB", "7MiB"] {
        let limits = format!(
            "fanout.timeout = \"30s\"\nfanout.body_cap = \"4MiB\"\nfanout.memory_budget = \"{budget}\"\nmerge.step = \"off\"\n"
        );
        let answer = Daemon::start(&config(None, &names, &limits)).matrix("");
        answer.assert_responded(5, 5);
    }
}

#[test]
fn a_body_that_stalls_with_the_whole_budget_makes_the_others_overloaded() {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 1 << 20);
    let stalls = || vec![Act::Send(head.clone().into()), Act::Stall];
    let peers = [Stub::serving("n1", stalls()), Stub::serving("n2", stalls())];
    let limits = "fanout.timeout = \"600ms\"\nfanout.body_cap = \"1MiB\"\nfanout.memory_budget = \"1MiB\"\n";
    let names = peers.each_ref().map(Stub::name);
    let answer = Daemon::start(&config(None, &[&names[0], &names[1]], limits)).matrix("");
    let mut reasons = names.each_ref().map(|name| answer.failure(name));
    reasons.sort();
    assert_eq!(reasons.each_ref().map(|(reason, _)| &**reason), ["deadline", "overload"]);
    assert!(reasons[1].1.contains("fanout.memory_budget"), "{reasons:?}");
}

#[test]
fn calls_without_a_turn_are_overload() {
    let network = Network::of(&[A, B, C]);
    let limits = "fanout.max_concurrent = 1\nfanout.timeout = \"400ms\"\nfanout.breaker_failures = 0\n";
    let daemon = Daemon::over(network.clone(), &config(None, &[A, B, C], limits));
    daemon.matrix("").assert_responded(3, 3);
    for address in [A, B, C] {
        network.say(address, MATRIX_PATH, Said::never());
    }
    for _ in 0..5 {
        let answer = daemon.matrix("");
        let mut failures = [A, B, C].map(|address| answer.failure(address));
        failures.sort();
        let reasons = failures.each_ref().map(|(reason, _)| &**reason);
        assert_eq!(reasons, ["deadline", "overload", "overload"]);
        assert!(failures[1].1.contains("fanout.max_concurrent"), "{failures:?}");
    }
    for address in [A, B, C] {
        network.say(address, MATRIX_PATH, Said::matrix(&sample(1)));
    }
    daemon.matrix("").assert_responded(3, 3);
}

#[test]
fn no_more_calls_are_open_than_allowed() {
    for most in [1, 2] {
        let network = Network::of(&[A, B, C, D]);
        for (address, number) in [(A, 1), (B, 2), (C, 3), (D, 4)] {
            let moment = Duration::from_millis(30);
            network.say(address, MATRIX_PATH, Said::matrix(&sample(number)).after(moment));
            let cluster = format!(r#"{{"node_id":"n{number}"}}"#);
            network.say(address, CLUSTER_PATH, Said::new(200, cluster).after(moment));
        }
        let limits =
            format!("fanout.max_concurrent = {most}\nfanout.timeout = \"20s\"\nfanout.connect_timeout = \"5s\"\n");
        let daemon = Daemon::over(network.clone(), &config(None, &[A, B, C, D], &limits));
        daemon.matrix("").assert_responded(4, 4);
        assert_eq!(network.most_open(), most);
    }
}
