//! Every kind of answer, held against what the document says of it.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use async_std::{net::TcpListener, task};
use jiff::{Timestamp, ToSpan};
use keyviz_fanout::{
    api,
    config::load,
    fanout::{CLUSTER_PATH, GUARD_HEADER, MATRIX_PATH, WarningCode},
    http::{ServeOptions, serve},
    matrix::{Matrix, RowMeta},
};
use serde_json::{Value, json};

use super::document::Document;
use crate::{
    daemon::{Answer, Daemon, SESSION, config, get, sample},
    merge_support::{anonymous, led, node, row},
    network::{A, B, C, Network, Said},
    running::{Running, whole},
};

pub(super) const CONFIG_PATH: &str = "/admin/api/v1/keyviz/config";

/// A daemon over nodes in memory, which shows each answer to the document before the test sees it.
struct Described {
    document: Document,
    network: Network,
    daemon: Daemon,
}

impl Described {
    fn over(addresses: &[&str], toml: &str) -> Self {
        let network = Network::of(addresses);
        Self { document: Document::served(), daemon: Daemon::over(network.clone(), toml), network }
    }

    /// A local node at A, a peer at B.
    fn two(more: &str) -> Self {
        Self::over(&[A, B], &config(Some(A), &[B], more))
    }

    fn ask(&self, target: &str, headers: &[(&str, &str)]) -> Answer {
        let answer = self.daemon.send(get(target, headers));
        self.document.assert_described(target.split('?').next().unwrap(), &answer);
        answer
    }

    fn ask_in_session(&self, target: &str) -> Answer {
        self.ask(target, &[("Cookie", &format!("admin_session={SESSION}"))])
    }

    fn guarded(&self, target: &str, guard: &str) -> Answer {
        self.ask(target, &[("Cookie", &format!("admin_session={SESSION}")), (GUARD_HEADER, guard)])
    }

    /// Asks for the matrix, which must come to this.
    fn matrix(&self, query: &str, status: u16, code: &str) -> Answer {
        let answer = self.ask_in_session(&format!("{MATRIX_PATH}?{query}"));
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(code.is_empty() || answer.code() == code, "{}", answer.text());
        answer
    }
}

/// A matrix with every field that a row can have, and cells in conflict with `other`.
pub(super) fn full(other: bool) -> Matrix {
    let meta = RowMeta {
        label: Some("redis".into()),
        start: Some(b"a".to_vec()),
        end: Some(Vec::new()),
        aggregate: true,
        route_ids: Some(vec![1, u64::MAX]),
        route_ids_truncated: Some(true),
        route_count: 2,
        ..row("route:full", &[]).meta
    };
    let values = [if other { 3 } else { 4 }, u64::MAX, 0];
    let mut full = row("route:full", &values);
    full.meta = meta;
    let mut matrix = node(&[60_000, 120_000, 180_000], [full, led("virtual:7", &[1, 0, 2], &[0; 3], &[0; 3])]);
    matrix.generated_at = Some(Timestamp::now().to_string());
    matrix
}

#[test]
fn a_merged_matrix_with_every_field() {
    let described = Described::two("merge.step = \"off\"\n");
    described.network.node(A, "n1", &full(false));
    described.network.node(B, "n2", &full(true));
    let answer = described.matrix("", 200, "").json();
    let rows = answer["rows"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["conflict"] == true && row["conflicts"].is_array()), "{answer}");
    assert!(rows.iter().any(|row| row["values"][1] == u64::MAX && row["label"] == "redis"), "{answer}");
    assert_eq!(answer["step_ms"], Value::Null);
    let bare = described.matrix("identity=false&rows=1&from_unix_ms=1&require=any", 200, "").json();
    assert!(bare["rows"][0].get("leader_terms").is_none() && bare["rows_dropped"] == 1, "{bare}");
}

#[test]
fn a_degraded_matrix_whatever_the_reason() {
    let described = Described::over(&[A, B, C], &config(Some(A), &[B, C], "fanout.timeout = \"300ms\"\n"));
    let merged = r#"{"column_unix_ms":[],"rows":[],"series":"writes","fanout":{"expected":2}}"#;
    let bad = [
        (Said::error(401, "unauthenticated"), "auth"),
        (Said::error(500, "internal"), "status"),
        (Said::new(200, "no json"), "decode"),
        (Said::new(200, merged), "aggregate"),
        (Said::never(), "deadline"),
    ];
    for (said, reason) in bad {
        described.network.say(B, MATRIX_PATH, said);
        let answer = described.matrix("", 200, "");
        assert_eq!(answer.failure(B).0, reason);
        assert_eq!(described.matrix("require=all", 503, "incomplete").header("X-Keyviz-Responded"), Some("2/3"));
    }
    described.network.leave(B);
    for _ in 0..4 {
        described.matrix("", 200, "");
    }
    assert_eq!(described.matrix("", 200, "").failure(B).0, "breaker_open");
}

#[test]
fn a_matrix_with_every_warning_and_a_duplicate() {
    let toml = config(Some(A), &[B, C], "fanout.row_limit = 1\n");
    let described = Described::over(&[A, B, C], &toml);
    let mut odd = node(&[120_000, 110_000, 100_000], [anonymous("route:1", &[1, 2, 3])]);
    odd.rows[0].meta.start = Some(b"elsewhere".to_vec());
    odd.generated_at = Some((Timestamp::now() - 1.hour()).to_string());
    described.network.node(B, "n2", &odd);
    described.network.node(C, "n2", &odd);
    described.matrix("", 200, "");
    let answer = described.matrix("", 200, "");
    assert_eq!(answer.report(C)["role"], "duplicate");
    let codes: BTreeSet<_> = answer.warnings(B).into_iter().collect();
    assert_eq!(codes, WarningCode::ALL.map(|code| code.as_str().to_owned()).into_iter().collect(), "{}", answer.text());
}

#[test]
fn matrices_that_are_one_nodes_own() {
    let described = Described::two("");
    described.network.node(A, "n1", &full(false));
    assert_eq!(described.guarded(MATRIX_PATH, "1").status, 200);
    described.network.say(
        A,
        MATRIX_PATH,
        Said::new(200, r#"{"column_unix_ms":[],"rows":null,"series":"writes","new":1}"#),
    );
    assert_eq!(described.guarded(MATRIX_PATH, "2").json()["new"], 1);
    let alone = Described::over(&[A], &config(Some(A), &[], ""));
    assert_eq!(alone.matrix("series=writes", 200, "").header("X-Keyviz-Responded"), None);
}

#[test]
fn errors_of_each_code() {
    let described = Described::two("fanout.timeout = \"300ms\"\nfanout.breaker_failures = 0\n");
    for query in ["rows=x", "from_unix_ms=9223372036854775808", "from_unix_ms=2&to_unix_ms=1", "series=x"] {
        described.matrix(query, 400, "invalid_query");
    }
    assert_eq!(described.guarded(MATRIX_PATH, "3").code(), "loop_detected");
    assert_eq!(described.guarded(CLUSTER_PATH, "9").code(), "loop_detected");
    for path in [MATRIX_PATH, CLUSTER_PATH, CONFIG_PATH] {
        assert_eq!(described.ask(path, &[]).code(), "unauthenticated");
    }
    let nobody = described.daemon.ask("/nowhere");
    described.document.assert_is("Error", &nobody.json());
    let mut elsewhere = get(MATRIX_PATH, &[]);
    elsewhere.url_mut().set_host(Some("evil.example.com")).unwrap();
    let misdirected = described.daemon.send(elsewhere);
    assert_eq!(misdirected.code(), "misdirected");
    described.document.assert_described(MATRIX_PATH, &misdirected);
    for (status, code) in [(403, "forbidden"), (401, "unauthenticated"), (503, "keyviz_disabled"), (503, "of_its_own")]
    {
        described.network.say(A, MATRIX_PATH, Said::error(status, code));
        assert_eq!(described.guarded(MATRIX_PATH, "1").code(), code);
        described.ask_in_session(CONFIG_PATH);
        described.ask_in_session(MATRIX_PATH);
    }
    described.network.leave(A);
    described.network.leave(B);
    assert_eq!(described.guarded(MATRIX_PATH, "1").code(), "local_unavailable");
    assert_eq!(described.ask_in_session(CLUSTER_PATH).code(), "local_unavailable");
    assert_eq!(described.ask_in_session(CONFIG_PATH).code(), "no_node_answered");
    let none = described.matrix("", 503, "no_node_answered");
    assert_eq!(none.nodes().len(), 2);
    let lonely = Described::over(&[B], &config(None, &[B], ""));
    assert_eq!(lonely.guarded(MATRIX_PATH, "1").code(), "keyviz_disabled");
}

#[test]
fn metrics_from_afar_readiness_of_a_daemon_that_ends_and_the_cluster() {
    let described = Described::two("");
    // A request of the tests comes from no address.
    assert_eq!(described.ask("/metrics", &[]).status, 401);
    assert_eq!(described.ask_in_session("/metrics").status, 200);
    described.network.say(
        A,
        CLUSTER_PATH,
        Said::new(200, std::fs::read("tests/fixtures/cluster/n1.cluster.json").unwrap()),
    );
    assert_eq!(described.ask_in_session(CLUSTER_PATH).status, 200);
    assert_eq!(described.ask("/admin/readyz", &[]).status, 200);
    described.daemon.service.drain();
    assert_eq!(described.ask("/admin/readyz", &[]).status, 503);
}

/// One answer on a connection of its own, which the app has no part in.
fn refused(address: SocketAddr, request: &str) -> (u16, String, Value) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_lowercase(), serde_json::from_str(body).unwrap())
}

#[test]
fn refusals_of_requests_that_the_app_does_not_see() {
    let document = Document::served();
    let daemon = Daemon::over(Network::of(&[A]), &config(None, &[A], ""));
    let serve_with = |max_connections| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let refusal_headers = daemon.service.headers();
        let options = ServeOptions { max_connections, refusal_headers, ..ServeOptions::default() };
        let app = api::app(Arc::clone(&daemon.service));
        task::spawn(serve(TcpListener::from(listener), app, move || options.clone(), std::future::pending()));
        address
    };
    let (open, full) = (serve_with(64), serve_with(0));
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(70_000));
    let kinds = [
        (open, "GET / HTTP/1.1\r\n\r\n", 400),
        (open, "BREW / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405),
        (open, long.as_str(), 431),
        (full, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 503),
    ];
    for (address, request, status) in kinds {
        let (got, head, body) = refused(address, request);
        assert_eq!(got, status, "{body}");
        document.assert_is("Error", &body);
        let described = &document.paths()["/"]["get"]["responses"][status.to_string()];
        let codes = &described["content"]["application/json"]["schema"]["allOf"][1]["properties"]["error"]["enum"];
        assert!(codes.as_array().unwrap().contains(&body["error"]), "{body}: {codes}");
        for (name, reference) in described["headers"].as_object().unwrap() {
            let header = document.json().pointer(reference["$ref"].as_str().unwrap().trim_start_matches('#')).unwrap();
            let there = head.contains(&format!("\r\n{}: ", name.to_lowercase()));
            assert!(there || header["required"] != true, "{name} is missing in {head}");
        }
    }
}

#[test]
fn introspection_before_and_after_changes_in_the_process() {
    let described = Described::over(&[A, B], &config(None, &[A, B], "auth.mode = \"none\"\n"));
    described.matrix("", 200, "");
    described.network.leave(B);
    described.matrix("", 200, "");
    let before = described.ask(CONFIG_PATH, &[]).json();
    assert_eq!(
        (&before["peers"][1]["last_error"]["reason"], &before["source"]),
        (&json!("io"), &Value::Null),
        "{before}"
    );
    let edit = |more: &str| load(&config(None, &[A], more), None).unwrap();
    described.daemon.service.apply(edit("auth.mode = \"none\"\nserver.listen = \"127.0.0.1:1\"\n")).unwrap();
    let pending = described.ask(CONFIG_PATH, &[]).json();
    assert_eq!(pending["pending_restart"][0]["key"], "server.listen", "{pending}");
}

#[test]
fn introspection_of_a_file_that_is_applied_refused_and_waiting() {
    let document = Document::served();
    let daemon = Running::start("fanout.peers = ['127.0.0.1:1']\n");
    document.assert_is("Introspection", &daemon.config_when("its watch", |config| config["watch"].is_object()));
    daemon.edit("fanout.peers = ['127.0.0.1:1']\nfanout.timeout = 3");
    let refused = daemon.config_when("its refusal", |config| config["last_attempt"]["ok"] == false);
    document.assert_is("Introspection", &refused);
    let elsewhere = whole("fanout.peers = ['127.0.0.1:1']").replace("'127.0.0.1:0'", "'127.0.0.1:1'");
    std::fs::write(&daemon.file, elsewhere).unwrap();
    let pending = daemon.config_when("what waits", |config| config["pending_restart"][0].is_object());
    document.assert_is("Introspection", &pending);
    std::fs::remove_file(&daemon.file).unwrap();
    let gone = daemon.config_when("that it is gone", |config| config["last_attempt"]["sha256"].is_null());
    document.assert_is("Introspection", &gone);
}

#[test]
fn the_sample_of_the_tests_is_a_nodes_matrix() {
    let matrix: Value = serde_json::from_slice(&keyviz_fanout::matrix::encode(&sample(1))).unwrap();
    Document::served().assert_is("NodeMatrix", &matrix);
}
