//! What holds for every answer of the HTTP interface (SPEC §2), through the app and over a socket.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as the tests do"
)]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use keyviz_fanout::fanout::{CLUSTER_PATH, MATRIX_PATH};
use surf::http::Method;

use crate::{
    daemon::{Answer, Daemon, SESSION, config, get, sample},
    network::{A, B, Network, Said},
    stub::{Act, CHUNKED, Stub, chunks},
};

const INTROSPECTION: &str = "/admin/api/v1/keyviz/config";
const JSON: &str = "application/json; charset=utf-8";

fn two() -> (Network, Daemon) {
    let network = Network::of(&[A, B]);
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B], ""));
    (network, daemon)
}

fn with_method(method: Method, path: &str) -> surf::http::Request {
    let mut request = get(path, &[("Cookie", &format!("admin_session={SESSION}"))]);
    request.set_method(method);
    request
}

fn assert_common(what: &str, answer: &Answer) {
    let instance = answer.header("X-Keyviz-Instance").unwrap_or_else(|| panic!("{what}"));
    assert!(instance.parse::<uuid::Uuid>().is_ok(), "{what}: {instance}");
    assert_eq!(answer.header("X-Keyviz-Config-Generation"), Some("1"), "{what}");
    assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"), "{what}");
    assert_eq!(answer.header("Cache-Control"), Some("no-store"), "{what}");
    assert_eq!(answer.header("Referrer-Policy"), Some("no-referrer"), "{what}");
    assert_eq!(answer.header("Cross-Origin-Resource-Policy"), Some("same-origin"), "{what}");
    let policy = answer.header("Content-Security-Policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{what}: {policy}");
    assert_eq!(answer.header("Access-Control-Allow-Origin"), None, "{what}");
}

pub(crate) fn assert_json(what: &str, answer: &Answer) {
    assert_common(what, answer);
    assert_eq!(answer.header("Content-Type"), Some(JSON), "{what}");
    if answer.status >= 400 {
        let json = answer.json();
        assert!(json["error"].is_string() && json["message"].as_str().is_some_and(|text| text.len() > 10), "{json}");
    }
}

#[test]
fn every_answer_carries_the_common_headers() {
    let (network, daemon) = two();
    for path in [MATRIX_PATH, CLUSTER_PATH, INTROSPECTION, "/nowhere", "/admin/api/v1/keyviz/matrix?rows=x"] {
        assert_json(path, &daemon.ask(path));
        assert_json(path, &daemon.send(get(path, &[])));
    }
    for path in ["/admin/healthz", "/admin/readyz", "/metrics", "/", "/admin/keyviz"] {
        assert_common(path, &daemon.ask(path));
    }
    network.say(A, MATRIX_PATH, Said::error(500, "x"));
    network.say(B, MATRIX_PATH, Said::error(500, "x"));
    assert_json("nobody answered", &daemon.ask(MATRIX_PATH));
}

#[test]
fn the_instance_is_one_per_process_and_another_in_the_next() {
    let instance = |daemon: &Daemon| daemon.ask("/admin/healthz").header("X-Keyviz-Instance").unwrap().to_owned();
    let (first, second) = (two().1, two().1);
    assert_eq!(instance(&first), instance(&first));
    assert_ne!(instance(&first), instance(&second));
}

#[test]
fn what_is_not_there_is_not_found() {
    let (_, daemon) = two();
    for path in
        ["/nowhere", "/admin", "/admin/api/v1/keyviz/matrix/", "/admin/api/v1/keyviz/matrix/x", "/admin/api/v1/keyviz"]
    {
        let answer = daemon.ask(path);
        assert_eq!((answer.status, &*answer.code()), (404, "not_found"), "{path}");
    }
}

#[test]
fn other_methods_are_not_allowed_anywhere() {
    let (network, daemon) = two();
    for method in [Method::Post, Method::Put, Method::Delete, Method::Patch, Method::Options, Method::Trace] {
        for path in [MATRIX_PATH, CLUSTER_PATH, INTROSPECTION, "/admin/healthz", "/metrics", "/", "/nowhere"] {
            let answer = daemon.send(with_method(method, path));
            assert_eq!((answer.status, &*answer.code()), (405, "method_not_allowed"), "{method} {path}");
            assert_eq!(answer.header("Allow"), Some("GET, HEAD"), "{method} {path}");
            assert_json(path, &answer);
        }
    }
    assert_eq!(network.all_calls(), []);
}

#[test]
fn another_hosts_name_is_misdirected() {
    let network = Network::of(&[A, B]);
    let toml = config(Some(A), &[B], "server.allowed_hosts = [\"viz.example.com\"]\n");
    let daemon = Daemon::over(network.clone(), &toml);
    let ask = |host: &str| {
        let mut request = get(MATRIX_PATH, &[("Cookie", &format!("admin_session={SESSION}"))]);
        request.url_mut().set_host(Some(host)).unwrap();
        request.insert_header("Host", host);
        request.insert_header("X-Forwarded-Host", "localhost");
        daemon.send(request)
    };
    for host in ["evil.example.com", "viz.example.com.evil.com", "192.0.2.99", "xviz.example.com"] {
        let answer = ask(host);
        assert_eq!((answer.status, &*answer.code()), (421, "misdirected"), "{host}");
        assert_json(host, &answer);
        let message = format!("{host} is not a name of this host; add it to server.allowed_hosts if it is");
        assert_eq!(answer.json()["message"], message);
    }
    assert_eq!(network.all_calls(), []);
    for host in ["viz.example.com", "VIZ.example.com", "localhost", "127.0.0.1", "[::1]", "192.0.2.1"] {
        assert_eq!(ask(host).status, 200, "{host}");
    }
}

#[test]
fn draining_is_not_ready_but_healthy() {
    let (_, daemon) = two();
    assert_eq!(daemon.ask("/admin/readyz").status, 200);
    daemon.service.drain();
    assert_eq!(daemon.ask("/admin/readyz").status, 503);
    assert_eq!(daemon.ask("/admin/healthz").text().trim(), "ok");
    assert_eq!(daemon.matrix("").status, 200, "what comes is still answered");
}

/// All that comes back on a connection of its own.
fn raw(address: SocketAddr, request: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("no head") + 4;
    (String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase(), answer[end..].to_vec())
}

pub(crate) fn over_the_wire(address: SocketAddr, method: &str, path: &str) -> (String, Vec<u8>) {
    let head = format!("Host: localhost\r\nCookie: admin_session={SESSION}\r\nConnection: close\r\n");
    raw(address, &format!("{method} {path} HTTP/1.1\r\n{head}\r\n"))
}

#[test]
fn head_is_get_without_the_body() {
    let (_, daemon) = two();
    let address = daemon.listen();
    for path in [MATRIX_PATH, CLUSTER_PATH, "/admin/healthz", "/nowhere"] {
        let (head_of_get, body) = over_the_wire(address, "GET", path);
        let (head, nothing) = over_the_wire(address, "HEAD", path);
        assert_eq!(nothing, b"", "{path}");
        assert!(!body.is_empty(), "{path}");
        assert_eq!(head.lines().next(), head_of_get.lines().next(), "{path}");
        let kept =
            |head: &str| head.lines().filter(|line| line.starts_with("x-") || line.starts_with("content-type")).count();
        assert_eq!(kept(&head), kept(&head_of_get), "{path}");
    }
}

#[test]
fn a_merged_matrix_arrives_whole_over_the_wire_with_its_headers() {
    let (_, daemon) = two();
    let (head, body) = over_the_wire(daemon.listen(), "GET", MATRIX_PATH);
    for field in
        [&format!("content-type: {JSON}\r\n"), "x-keyviz-responded: 2/2\r\n", "x-content-type-options: nosniff\r\n"]
    {
        assert!(head.contains(field), "{head}");
    }
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
    let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(answer["rows"], daemon.matrix("").json()["rows"]);
}

#[test]
fn an_unknown_method_over_the_wire_is_not_allowed() {
    let (_, daemon) = two();
    let (head, body) = over_the_wire(daemon.listen(), "BREW", MATRIX_PATH);
    assert!(head.starts_with("http/1.1 405 ") && head.contains("\r\nallow: get, head\r\n"), "{head}");
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["error"], "method_not_allowed");
}

#[test]
fn a_guarded_answer_is_byte_for_byte_the_nodes_own_over_two_sockets() {
    let body = [keyviz_fanout::matrix::encode(&sample(1)), b" \n".to_vec()].concat();
    let wire = [CHUNKED.as_bytes(), &chunks(&body, 11), b"0\r\n\r\n"].concat();
    let local = Stub::serving("n1", vec![Act::Send(wire)]);
    let daemon = Daemon::start(&config(Some(&local.name()), &["127.0.0.1:1"], ""));
    let head = format!("Host: localhost\r\nCookie: admin_session={SESSION}\r\nConnection: close\r\n");
    let request = format!("GET {MATRIX_PATH} HTTP/1.1\r\n{head}X-Admin-Fanout-Peer: 1\r\n\r\n");
    let (head, found) = raw(daemon.listen(), &request);
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert_eq!(found, body);
}
