//! Who may read (SPEC §7): the nodes decide, and the local one before all others.

use std::time::Duration;

use keyviz_fanout::fanout::{CLUSTER_PATH, MATRIX_PATH};

use crate::{
    daemon::{Answer, Daemon, SLACK, config, get, sample},
    network::{A, B, C, Network, Said},
    stub::{Act, Stub},
};

const INTROSPECTION: &str = "/admin/api/v1/keyviz/config";

fn refuse(network: &Network, address: &str, status: u16) {
    let code = if status == 401 { "unauthenticated" } else { "forbidden" };
    network.say(address, MATRIX_PATH, Said::error(status, code));
    network.say(address, CLUSTER_PATH, Said::error(status, code));
}

fn assert_refused(answer: &Answer, status: u16) {
    let code = if status == 401 { "unauthenticated" } else { "forbidden" };
    assert_eq!((answer.status, &*answer.code()), (status, code), "{}", answer.text());
    for secret in ["route:", "values", "column_unix_ms"] {
        assert!(!answer.text().contains(secret), "{}", answer.text());
    }
}

#[test]
fn without_a_session_nobody_is_called() {
    let network = Network::of(&[A, B]);
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B], ""));
    for cookies in
        [None, Some("admin_csrf=x"), Some("admin_session="), Some("Admin_Session=x"), Some("x=admin_session=y")]
    {
        for path in [MATRIX_PATH, CLUSTER_PATH, INTROSPECTION] {
            let headers: Vec<_> = cookies.iter().map(|cookie| ("Cookie", *cookie)).collect();
            assert_refused(&daemon.send(get(path, &headers)), 401);
        }
    }
    assert_eq!(network.all_calls(), []);
}

#[test]
fn the_local_nodes_refusal_is_the_answer() {
    for status in [401, 403] {
        let network = Network::of(&[A, B]);
        refuse(&network, A, status);
        let daemon = Daemon::over(network, &config(Some(A), &[B], ""));
        assert_refused(&daemon.matrix(""), status);
        assert_refused(&daemon.matrix("require=all"), status);
        assert_refused(&daemon.ask(INTROSPECTION), status);
    }
}

#[test]
fn the_local_nodes_refusal_waits_for_no_peer() {
    let network = Network::of(&[A, B, C]);
    refuse(&network, A, 401);
    network.say(B, MATRIX_PATH, Said::never());
    let daemon = Daemon::over(network, &config(Some(A), &[B, C], "fanout.timeout = \"20s\"\n"));
    let answer = daemon.matrix("");
    assert_refused(&answer, 401);
    assert!(answer.took < SLACK, "{:?}", answer.took);
}

#[test]
fn a_refusal_whose_body_stalls_is_a_refusal() {
    let stalled = vec![Act::Send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 99\r\n\r\n{".into()), Act::Stall];
    let (local, peer) = (Stub::serving("n1", stalled), Stub::node("n2", &sample(2)));
    let daemon = Daemon::start(&config(Some(&local.name()), &[&peer.name()], "fanout.timeout = \"1s\"\n"));
    assert_refused(&daemon.matrix(""), 401);
    assert_refused(&daemon.ask(INTROSPECTION), 401);
}

#[test]
fn a_local_node_that_gives_no_verdict_leaves_it_to_the_peers() {
    for said in [Said::error(503, "keyviz_disabled"), Said::error(500, "internal"), Said::new(200, "not json")] {
        let network = Network::of(&[A, B, C]);
        network.say(A, MATRIX_PATH, said);
        let daemon = Daemon::over(network.clone(), &config(Some(A), &[B, C], ""));
        let answer = daemon.matrix("");
        answer.assert_responded(2, 3);
        answer.assert_merge_of(&[&sample(2), &sample(3)]);
        refuse(&network, B, 401);
        refuse(&network, C, 403);
        assert_refused(&daemon.matrix(""), 401);
    }
    let network = Network::of(&[A, B]);
    network.leave(A);
    Daemon::over(network, &config(Some(A), &[B], "")).matrix("").assert_merge_of(&[&sample(2)]);
}

#[test]
fn without_a_local_node_all_who_answer_must_refuse() {
    let network = Network::of(&[A, B]);
    let daemon = Daemon::over(network.clone(), &config(None, &[A, B, C], ""));
    daemon.matrix("").assert_responded(2, 3);
    refuse(&network, A, 403);
    let answer = daemon.matrix("");
    answer.assert_merge_of(&[&sample(2)]);
    assert_eq!(answer.failure(A).0, "auth");
    refuse(&network, B, 401);
    assert_refused(&daemon.matrix(""), 403);
    network.say(B, MATRIX_PATH, Said::error(500, "internal"));
    let answer = daemon.matrix("");
    assert_eq!((answer.status, &*answer.code()), (503, "no_node_answered"), "one that answered gave no verdict");
    network.say(B, MATRIX_PATH, Said::error(503, "keyviz_disabled"));
    assert_refused(&daemon.matrix(""), 403);
}

/// Whoever sees the matrix sees the introspection, whichever peer is the faster.
#[test]
fn introspection_is_open_to_those_whom_any_peer_lets_read() {
    let network = Network::of(&[A, B]);
    let daemon = Daemon::over(network.clone(), &config(None, &[A, B], ""));
    for refusing in [A, B] {
        let [accepting] = [A, B].into_iter().filter(|peer| *peer != refusing).collect::<Vec<_>>()[..] else { panic!() };
        refuse(&network, refusing, 401);
        let matrix = if accepting == A { sample(1) } else { sample(2) };
        network.say(accepting, MATRIX_PATH, Said::matrix(&matrix).after(Duration::from_millis(50)));
        assert_eq!((daemon.matrix("").status, daemon.ask(INTROSPECTION).status), (200, 200), "{refusing} refuses");
    }
    network.say(A, MATRIX_PATH, Said::error(401, "unauthenticated").after(Duration::from_millis(50)));
    refuse(&network, B, 403);
    assert_refused(&daemon.ask(INTROSPECTION), 401);
    assert_refused(&daemon.matrix(""), 401);
}

#[test]
fn introspection_asks_the_local_node_by_a_guarded_call() {
    let network = Network::of(&[A, B]);
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B], ""));
    assert_eq!(daemon.ask(INTROSPECTION).status, 200);
    let calls = network.all_calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    let (address, call) = &calls[0];
    assert_eq!((&**address, &*call.path, call.guard.as_deref()), (A, MATRIX_PATH, Some("1")));
    assert!(call.query.contains("rows=1&") && call.query.contains("to_unix_ms=2"), "{}", call.query);
}

#[test]
fn introspection_asks_the_first_peer_that_answers_where_the_local_node_does_not() {
    for local in [Said::error(503, "keyviz_disabled"), Said::never()] {
        let network = Network::of(&[A, B, C]);
        network.say(A, MATRIX_PATH, local);
        network.say(B, MATRIX_PATH, Said::never());
        let toml = config(Some(A), &[B, C], "fanout.timeout = \"500ms\"\n");
        let daemon = Daemon::over(network.clone(), &toml);
        let moment = Duration::from_millis(50);
        network.say(C, MATRIX_PATH, Said::matrix(&sample(3)).after(moment));
        assert_eq!(daemon.ask(INTROSPECTION).status, 200);
        network.say(C, MATRIX_PATH, Said::error(403, "forbidden").after(moment));
        assert_refused(&daemon.ask(INTROSPECTION), 403);
    }
}

#[test]
fn introspection_without_anybody_to_ask_is_an_error() {
    let daemon = Daemon::over(Network::default(), &config(None, &[B, C], ""));
    let answer = daemon.ask(INTROSPECTION);
    assert_eq!((answer.status, &*answer.code()), (503, "no_node_answered"));
}

#[test]
fn with_authentication_off_everything_is_open_and_a_refusal_is_a_nodes_failure() {
    let network = Network::of(&[A, B]);
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B], "auth.mode = \"none\"\n"));
    let ask = |path: &str| daemon.send(get(path, &[]));
    ask(MATRIX_PATH).assert_responded(2, 2);
    for path in [INTROSPECTION, CLUSTER_PATH, "/metrics", "/admin/healthz", "/admin/readyz", "/admin/keyviz/"] {
        assert_eq!(ask(path).status, 200, "{path}");
    }
    refuse(&network, A, 401);
    let answer = ask(MATRIX_PATH);
    answer.assert_merge_of(&[&sample(2)]);
    assert_eq!(answer.failure(A).0, "auth");
}

#[test]
fn health_readiness_and_the_page_are_open() {
    let daemon = Daemon::over(Network::default(), &config(None, &[B], ""));
    for path in ["/admin/healthz", "/admin/readyz", "/admin/keyviz/"] {
        assert_eq!(daemon.send(get(path, &[])).status, 200, "{path}");
    }
}

#[test]
fn metrics_are_open_on_loopback_and_need_a_session_elsewhere() {
    let network = Network::of(&[A, B]);
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B], ""));
    let from = |at: &str, cookie: &str| {
        let mut request = get("/metrics", &[("Cookie", cookie)]);
        request.set_peer_addr(Some(at.parse::<std::net::SocketAddr>().unwrap()));
        daemon.send(request).status
    };
    assert_eq!(from("127.0.0.1:1", "a=b"), 200);
    assert_eq!(from("[::1]:1", "a=b"), 200);
    assert_eq!(from("[::ffff:127.0.0.1]:1", "a=b"), 200);
    assert_eq!(from("192.0.2.77:1", "a=b"), 401);
    assert_eq!(from("192.0.2.77:1", "admin_session=abcdef"), 200);
    refuse(&network, A, 403);
    assert_eq!(from("192.0.2.77:1", "admin_session=abcdef"), 403);
}
