//! The breaker (SPEC §3): a dead peer costs its timeout a few times, not at every poll.

use std::net::TcpListener;

use async_std::task;
use keyviz_fanout::fanout::MATRIX_PATH;

use crate::{
    daemon::{Answer, Daemon, config, sample},
    stub::{Act, HEALTH_PATH, Script, Stub, ok_json, response},
    support::eventually,
};

/// Longer than the slowest test machine takes to answer at once.
const LONG: &str = "fanout.timeout = \"1m\"\nfanout.connect_timeout = \"5s\"\n";

struct Case {
    peer: Stub,
    local: Stub,
    daemon: Daemon,
}

impl Case {
    /// A peer that answers all paths but its id by `script`.
    fn new(script: Script, limits: &str) -> Self {
        let (local, peer) = (Stub::node("n1", &sample(1)), Stub::serving("n2", script.clone()));
        peer.answer(HEALTH_PATH, script);
        let daemon = Daemon::start(&config(Some(&local.name()), &[&peer.name()], limits));
        Self { peer, local, daemon }
    }

    fn ask(&self) -> Answer {
        let answer = self.daemon.matrix("");
        assert_eq!(answer.report(&self.local.name())["ok"], true);
        answer
    }

    fn reason(&self) -> String {
        self.ask().failure(&self.peer.name()).0
    }

    fn reasons<const N: usize>(&self) -> [String; N] {
        [(); N].map(|()| self.reason())
    }

    fn view(&self) -> serde_json::Value {
        self.daemon.ask("/admin/api/v1/keyviz/config").json()["peers"][0].clone()
    }
}

/// A connection that closes without a word: a failure to reach the peer that costs no time.
fn closes() -> Script {
    vec![]
}

#[test]
fn it_opens_after_three_failures_and_then_answers_at_once_without_a_call() {
    let case = Case::new(closes(), LONG);
    assert_eq!(case.reasons(), ["io", "io", "io"]);
    let calls = case.peer.connections();
    let answer = case.ask();
    assert_eq!(case.peer.connections(), calls, "not called");
    let (reason, error) = answer.failure(&case.peer.name());
    assert_eq!(reason, "breaker_open");
    assert!(error.contains("closed before an answer"), "with the last real error: {error}");
    answer.assert_merge_of(&[&sample(1)]);
    answer.assert_responded(1, 2);
    let view = case.view();
    assert_ne!(view["breaker"], "closed");
    assert_eq!(view["consecutive_failures"], 3);
    assert_eq!(view["last_error"]["reason"], "io", "the last real one");
}

#[test]
fn a_hanging_peer_costs_its_deadline_three_times_only() {
    let case = Case::new(vec![Act::Stall], "fanout.timeout = \"400ms\"\n");
    assert_eq!(case.reasons(), ["deadline", "deadline", "deadline"]);
    let calls = case.peer.asked(MATRIX_PATH).len();
    assert_eq!(case.reasons(), ["breaker_open", "breaker_open"]);
    assert_eq!(case.peer.asked(MATRIX_PATH).len(), calls, "not waited for, as it is not called");
}

#[test]
fn a_refused_connection_counts_too_and_the_probe_finds_the_node_again() {
    let reserved = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = reserved.local_addr().unwrap();
    drop(reserved);
    let local = Stub::node("n1", &sample(1));
    let daemon = Daemon::start(&config(Some(&local.name()), &[&address.to_string()], LONG));
    let reason = || daemon.matrix("").failure(&address.to_string()).0;
    assert_eq!([(); 4].map(|()| reason()), ["refused", "refused", "refused", "breaker_open"]);
    let back = Stub::listening(TcpListener::bind(address).unwrap(), "n2", ok_json(body()));
    eventually_ok(|| daemon.matrix(""), &back);
    let probe = &back.asked(HEALTH_PATH)[0];
    assert_eq!((probe.header("cookie"), probe.query.as_str()), (None, ""));
    daemon.matrix("").assert_merge_of(&[&sample(1), &sample(2)]);
}

#[test]
fn any_http_answer_to_the_probe_closes_it() {
    let case = Case::new(closes(), LONG);
    assert_eq!(case.reasons(), ["io", "io", "io", "breaker_open"]);
    case.peer.answer(HEALTH_PATH, response("500 Internal Server Error", "no"));
    case.peer.answer(MATRIX_PATH, ok_json(body()));
    eventually_ok(|| case.ask(), &case.peer);
    let view = case.view();
    assert_eq!((&view["breaker"], &view["consecutive_failures"]), (&"closed".into(), &0.into()));
}

#[test]
fn an_answer_of_any_kind_is_no_failure_to_reach_the_peer() {
    let scripts = [
        response("401 Unauthorized", ""),
        response("500 Internal Server Error", ""),
        response("302 Found", ""),
        ok_json("not json"),
        vec![Act::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{".into())],
    ];
    for script in scripts {
        let case = Case::new(script, LONG);
        let reasons: [String; 5] = case.reasons();
        assert!(reasons.iter().all(|reason| *reason == reasons[0] && reason != "breaker_open"), "{reasons:?}");
        assert_eq!(case.view()["consecutive_failures"], 0);
    }
}

#[test]
fn an_answer_between_failures_starts_the_count_again() {
    let case = Case::new(closes(), LONG);
    assert_eq!(case.reasons(), ["io", "io"]);
    case.peer.answer(MATRIX_PATH, response("500 Internal Server Error", ""));
    assert_eq!(case.reason(), "status");
    case.peer.answer(MATRIX_PATH, closes());
    assert_eq!(case.reasons(), ["io", "io", "io", "breaker_open"]);
}

#[test]
fn a_limit_of_zero_never_opens_and_another_limit_is_obeyed() {
    let never = Case::new(closes(), "fanout.breaker_failures = 0\n");
    let reasons: [String; 6] = never.reasons();
    assert!(reasons.iter().all(|reason| reason == "io"), "{reasons:?}");
    let once = Case::new(closes(), "fanout.breaker_failures = 1\n");
    assert_eq!(once.reasons(), ["io", "breaker_open"]);
}

#[test]
fn the_local_node_has_no_breaker() {
    let case = Case::new(ok_json(body()), LONG);
    case.local.answer(MATRIX_PATH, closes());
    for _ in 0..5 {
        assert_eq!(case.daemon.matrix("").failure(&case.local.name()).0, "io");
    }
}

#[test]
fn the_metrics_tell_of_an_open_breaker() {
    let case = Case::new(closes(), LONG);
    let gauge = |case: &Case| {
        let metrics = case.daemon.ask("/metrics").text();
        let line = metrics.lines().find(|line| line.contains("peer_breaker_open{")).unwrap_or_default().to_owned();
        line.rsplit(' ').next().unwrap().to_owned()
    };
    case.ask();
    assert_eq!(gauge(&case), "0");
    let _: [String; 2] = case.reasons();
    assert_eq!(gauge(&case), "1");
}

fn body() -> Vec<u8> {
    keyviz_fanout::matrix::encode(&sample(2))
}

fn eventually_ok(ask: impl Fn() -> Answer, node: &Stub) {
    let back = async || (ask().report(&node.name())["ok"] == true).then_some(());
    task::block_on(eventually("the node's return", back));
}
