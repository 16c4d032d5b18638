//! Every fault of SPEC §3 at one peer of three: its reason, its price, and the other nodes' data untouched.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

mod sizes;

use std::{net::TcpListener, time::Duration};

use keyviz_fanout::{
    fanout::{CLUSTER_PATH, MATRIX_PATH},
    matrix::{self, Matrix},
};

use crate::{
    daemon::{Answer, Daemon, SLACK, config, sample},
    stub::{Act, CHUNKED, Script, Stub, chunks, ok_json, response, with_header},
};

const DEADLINE: Duration = Duration::from_secs(1);
const LIMITS: &str = "fanout.timeout = \"1s\"\nfanout.body_cap = \"64KiB\"\n";
const CAP: usize = 64 << 10;

/// A local node, a sound peer and the peer `bad`, asked once.
fn ask_with(bad: &str) -> Answer {
    let (local, sound) = (Stub::node("n1", &sample(1)), Stub::node("n3", &sample(3)));
    let daemon = Daemon::start(&config(Some(&local.name()), &[bad, &sound.name()], LIMITS));
    let answer = daemon.matrix("");
    let names: Vec<_> = answer.nodes().iter().map(|node| node["node"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, [local.name(), bad.to_owned(), sound.name()]);
    assert!(answer.took < DEADLINE + SLACK, "{:?}", answer.took);
    answer
}

/// The reason and the error of a peer whose matrix is answered by `script`. The others' data must be exact.
fn fault(script: Script) -> (String, String) {
    let bad = Stub::serving("n2", script);
    let answer = ask_with(&bad.name());
    answer.assert_responded(2, 3);
    answer.assert_merge_of(&[&sample(1), &sample(3)]);
    answer.failure(&bad.name())
}

fn assert_fault(script: Script, reason: &str, says: &str) {
    let (found, error) = fault(script);
    assert_eq!(found, reason, "{error}");
    assert!(error.contains(says), "{error}");
}

fn sound_body() -> Vec<u8> {
    matrix::encode(&sample(2))
}

/// A valid answer of exactly `length` bytes.
fn body_of(length: usize) -> Vec<u8> {
    let mut body = sound_body();
    body.resize(length, b' ');
    body
}

#[test]
fn a_closed_port_is_refused() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let answer = ask_with(&address);
    answer.assert_responded(2, 3);
    answer.assert_merge_of(&[&sample(1), &sample(3)]);
    assert_eq!(answer.failure(&address), ("refused".into(), format!("{address} refused the connection")));
}

#[test]
fn a_peer_that_accepts_and_never_answers_costs_the_deadline() {
    assert_fault(vec![Act::Stall], "deadline", "deadline of 1s passed while waiting for an answer");
}

#[test]
fn a_peer_that_closes_without_a_word_is_an_io_failure() {
    assert_fault(vec![], "io", "closed before an answer");
}

#[test]
fn a_head_that_stops_and_closes_is_decode() {
    assert_fault(vec![Act::Send(b"HTTP/1.1 200 OK\r\nContent-Le".into())], "decode", "within the head");
}

#[test]
fn a_head_that_stalls_costs_the_deadline() {
    let head = Act::Send(b"HTTP/1.1 200 OK\r\nContent-Le".into());
    assert_fault(vec![head, Act::Stall], "deadline", "waiting for an answer");
}

#[test]
fn a_body_that_stalls_costs_the_deadline() {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", sound_body().len());
    let half = sound_body()[..100].to_vec();
    let script = vec![Act::Send(head.into()), Act::Send(half), Act::Stall];
    assert_fault(script, "deadline", "deadline of 1s passed while reading the body");
}

#[test]
fn a_body_that_trickles_is_cut_at_the_deadline() {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", sound_body().len());
    let script = vec![Act::Send(head.into()), Act::Trickle(sound_body(), Duration::from_millis(50))];
    assert_fault(script, "deadline", "while reading the body");
}

#[test]
fn a_head_that_trickles_is_cut_at_the_deadline() {
    let script = vec![Act::Trickle([b'H'; 100].into(), Duration::from_millis(50))];
    let (reason, error) = fault(script);
    assert!(["deadline", "decode"].contains(&&*reason), "{reason}: {error}");
    let head =
        Act::Trickle(format!("HTTP/1.1 200 OK\r\nX-Long: {}", "x".repeat(500)).into(), Duration::from_millis(50));
    assert_fault(vec![head], "deadline", "waiting for an answer");
}

#[test]
fn interim_heads_without_end_are_no_answer_and_hold_up_nobody() {
    let interim = b"HTTP/1.1 102 Processing\r\n\r\n".repeat(2000);
    let bad = Stub::serving("n2", vec![Act::Endless(interim)]);
    let answer = ask_with(&bad.name());
    let (reason, error) = answer.failure(&bad.name());
    assert_eq!(reason, "decode");
    assert!(error.contains("interim answers"), "{error}");
    answer.assert_responded(2, 3);
    assert!(bad.sent() < 64 << 20, "{} bytes, more than buffers hold", bad.sent());
}

#[test]
fn a_few_interim_heads_are_passed_over() {
    let script = [vec![Act::Send(b"HTTP/1.1 102 Processing\r\n\r\n".repeat(3))], ok_json(sound_body())].concat();
    let peer = Stub::serving("n2", script);
    ask_with(&peer.name()).assert_responded(3, 3);
}

#[test]
fn a_reset_is_an_io_failure() {
    assert_fault(vec![Act::Reset], "io", "");
    let head = Act::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{".into());
    let (reason, error) = fault(vec![head, Act::Pause(Duration::from_millis(100)), Act::Reset]);
    assert_eq!(reason, "too_large", "declared over the cap is known before the reset: {error}");
    let head = Act::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{".into());
    assert_fault(vec![head, Act::Pause(Duration::from_millis(100)), Act::Reset], "io", "read the body");
}

#[test]
fn a_body_shorter_than_declared_is_decode() {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", sound_body().len() + 1);
    assert_fault(vec![Act::Send(head.into()), Act::Send(sound_body())], "decode", "the body ended early");
}

#[test]
fn a_chunked_body_without_its_end_is_decode() {
    let script = vec![Act::Send(CHUNKED.into()), Act::Send(chunks(&sound_body(), 64))];
    assert_fault(script, "decode", "the body ended early");
}

#[test]
fn chunk_sizes_that_are_no_numbers_are_decode() {
    assert_fault(vec![Act::Send([CHUNKED, "zz\r\n{}\r\n0\r\n\r\n"].concat().into())], "decode", "");
}

#[test]
fn what_is_not_http_is_decode() {
    assert_fault(vec![Act::Send(b"SSH-2.0-OpenSSH_9.2\r\n".into())], "decode", "not HTTP");
    assert_fault(vec![Act::Send(vec![0x15, 3, 1, 0, 2, 2, 70])], "decode", "not HTTP");
}

#[test]
fn what_is_not_json_is_decode() {
    assert_fault(ok_json("<html>hello</html>"), "decode", "<html>hello");
    assert_fault(ok_json(""), "decode", "the end");
    assert_fault(ok_json([0xff, 0xfe, 0]), "decode", "");
}

#[test]
fn anything_after_the_json_is_decode() {
    assert_fault(ok_json([&*sound_body(), b" \n{}"].concat()), "decode", "where the end should be");
    assert_fault(ok_json([&*sound_body(), b"\0"].concat()), "decode", "where the end should be");
}

#[test]
fn a_redirect_is_a_status_and_not_followed() {
    let target = Stub::node("n9", &sample(2));
    for status in ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect"] {
        let location = format!("Location: http://{}{MATRIX_PATH}", target.name());
        let (reason, error) = fault(with_header(status, &location, ""));
        assert_eq!(reason, "status");
        assert_eq!(error, format!("status {}", &status[..3]));
    }
    assert_eq!(target.connections(), 0);
}

#[test]
fn a_peer_that_refuses_the_session_is_auth() {
    let body = r#"{"error":"unauthenticated","message":"missing session cookie"}"#;
    assert_fault(response("401 Unauthorized", body), "auth", "status 401: {\"error\":\"unauthenticated\"");
    assert_fault(response("403 Forbidden", ""), "auth", "status 403");
}

#[test]
fn another_status_says_its_number_and_what_the_body_says() {
    assert_fault(
        response("500 Internal Server Error", "out of\r\n\u{1b}[31mcheese\0"),
        "status",
        r"status 500: out of\r\n\u{1b}[31mcheese",
    );
    assert_fault(response("503 Service Unavailable", ""), "status", "status 503");
    assert_fault(response("204 No Content", ""), "status", "status 204");
    assert_fault(response("206 Partial Content", sound_body()), "status", "status 206");
}

#[test]
fn an_error_shows_at_most_512_bytes_of_the_body() {
    let (_, error) = fault(response("500 Internal Server Error", "x".repeat(100_000)));
    assert_eq!(error, format!("status 500: {}", "x".repeat(512)));
    let (_, error) = fault(response("500 Internal Server Error", "é".repeat(1000)));
    assert_eq!(error, format!("status 500: {}", "é".repeat(256)));
    let endless = vec![Act::Send(b"HTTP/1.1 500 Oops\r\n\r\n".into()), Act::Endless(vec![b'y'; 1000])];
    assert_fault(endless, "status", &format!("status 500: {}", "y".repeat(512)));
}

#[test]
fn a_status_whose_body_stalls_is_still_that_status() {
    for (status, reason) in [("500 Oops", "status"), ("401 Unauthorized", "auth")] {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: 1000\r\n\r\nhalf a sen");
        assert_fault(vec![Act::Send(head.into()), Act::Stall], reason, &format!("status {}: half a sen", &status[..3]));
    }
}

#[test]
fn an_encoding_that_was_not_asked_for_is_decode() {
    for fields in ["Content-Encoding: gzip", "Content-Encoding: identity\r\nContent-Encoding: gzip"] {
        let gzip = with_header("200 OK", fields, [0x1f, 0x8b, 8, 0]);
        assert_fault(gzip, "decode", "content-encoding \"gzip\" was not asked for");
    }
}

#[test]
fn a_merged_answer_is_aggregate_and_one_of_a_single_node_is_fine() {
    let merged = |expected| matrix::encode(&Matrix { fanout_expected: Some(expected), ..sample(2) });
    assert_fault(ok_json(merged(2)), "aggregate", "2 nodes");
    let peer = Stub::serving("n2", ok_json(merged(1)));
    ask_with(&peer.name()).assert_merge_of(&[&sample(1), &sample(2), &sample(3)]);
}

#[test]
fn a_name_that_is_no_name_is_dns() {
    let name = "no-such-node.invalid:8080";
    let answer = ask_with(name);
    answer.assert_merge_of(&[&sample(1), &sample(3)]);
    let (reason, error) = answer.failure(name);
    assert_eq!(reason, "dns", "{error}");
    assert!(error.contains("no-such-node.invalid"), "{error}");
}

#[test]
fn a_peer_that_hangs_whatever_it_is_asked_costs_one_deadline() {
    let bad = Stub::serving("n2", vec![Act::Stall]);
    bad.answer(CLUSTER_PATH, vec![Act::Stall]);
    for _ in 0..2 {
        let answer = ask_with(&bad.name());
        assert_eq!(answer.failure(&bad.name()).0, "deadline");
        answer.assert_merge_of(&[&sample(1), &sample(3)]);
    }
}

#[test]
fn a_status_that_few_know_is_told_as_it_was_sent() {
    let matrix = String::from_utf8(sound_body()).unwrap();
    for status in ["299 Odd", "520 Web Server Returned an Unknown Error"] {
        let (reason, error) = fault(response(status, matrix.clone()));
        assert_eq!(reason, "status");
        assert!(error.starts_with(&format!("status {}: ", &status[..3])), "{error}");
    }
}

#[test]
fn a_local_node_fails_as_a_peer_does() {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{{", sound_body().len());
    let faults = [
        (vec![Act::Send(head.into()), Act::Stall], "deadline", "deadline of 1s passed while reading the body"),
        (vec![], "io", "closed before an answer"),
        (ok_json(body_of(CAP + 1)), "too_large", "fanout.body_cap"),
        (ok_json("{}"), "decode", "missing"),
        (response("500 Internal Server Error", "oh"), "status", "status 500: oh"),
    ];
    for (script, reason, says) in faults {
        let (local, sound) = (Stub::serving("n1", script), Stub::node("n3", &sample(3)));
        let answer = Daemon::start(&config(Some(&local.name()), &[&sound.name()], LIMITS)).matrix("");
        answer.assert_responded(1, 2);
        answer.assert_merge_of(&[&sample(3)]);
        let (found, error) = answer.failure(&local.name());
        assert_eq!(found, reason, "{error}");
        assert!(error.contains(says), "{error}");
        assert_eq!(answer.report(&local.name())["role"], "self");
    }
}
