//! `fanout.body_cap`, to the byte.

use super::{CAP, ask_with, assert_fault, body_of};
use crate::{
    daemon::{Daemon, SLACK, config, sample},
    stub::{Act, CHUNKED, Stub, chunks, ok_json},
};

#[test]
fn a_body_declared_over_the_cap_is_too_large_and_not_read() {
    let head = Act::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n".into());
    let bad = Stub::serving("n2", vec![head, Act::Endless(vec![b' '; 64 << 10])]);
    let answer = ask_with(&bad.name());
    let (reason, error) = answer.failure(&bad.name());
    assert_eq!(reason, "too_large");
    assert!(error.contains("fanout.body_cap") && error.contains("64.0 KiB"), "{error}");
    assert_eq!(answer.report(&bad.name())["bytes"], 0);
    assert!(bad.sent() < 64 << 20, "{} bytes, more than buffers hold", bad.sent());
}

#[test]
fn a_body_one_byte_over_the_cap_is_too_large() {
    assert_fault(ok_json(body_of(CAP + 1)), "too_large", "64.0 KiB");
    let chunked = [CHUNKED.as_bytes(), &chunks(&body_of(CAP + 1), 1000), b"0\r\n\r\n"].concat();
    assert_fault(vec![Act::Send(chunked)], "too_large", "64.0 KiB");
}

#[test]
fn a_body_of_exactly_the_cap_is_fine() {
    let chunked = [CHUNKED.as_bytes(), &chunks(&body_of(CAP), 1000), b"0\r\n\r\n"].concat();
    for script in [ok_json(body_of(CAP)), vec![Act::Send(chunked)]] {
        let peer = Stub::serving("n2", script);
        let answer = ask_with(&peer.name());
        answer.assert_responded(3, 3);
        answer.assert_merge_of(&[&sample(1), &sample(2), &sample(3)]);
        assert_eq!(answer.report(&peer.name())["bytes"], CAP);
    }
}

#[test]
fn an_endless_body_is_too_large_at_the_cap() {
    for head in [CHUNKED, "HTTP/1.1 200 OK\r\n\r\n"] {
        let bad = Stub::serving("n2", vec![Act::Send(head.into()), Act::Endless(chunks(&[b' '; 60_000], 60_000))]);
        let answer = ask_with(&bad.name());
        assert_eq!(answer.failure(&bad.name()).0, "too_large");
        answer.assert_merge_of(&[&sample(1), &sample(3)]);
        assert!(answer.report(&bad.name())["bytes"].as_u64().unwrap() <= CAP as u64);
        assert!(bad.sent() < 64 << 20, "{} bytes, more than buffers hold", bad.sent());
    }
}

#[test]
fn a_body_that_comes_faster_than_it_can_be_kept_is_cut_at_the_deadline_too() {
    let head = Act::Send(b"HTTP/1.1 200 OK\r\n\r\n".into());
    let bad = Stub::serving("n2", vec![head, Act::Endless(vec![b' '; 1 << 20])]);
    let limits = "fanout.timeout = \"100ms\"\nfanout.body_cap = \"2GiB\"\nfanout.memory_budget = \"4GiB\"\n";
    let answer = Daemon::start(&config(None, &[&bad.name()], limits)).matrix("");
    let (reason, error) = answer.failure(&bad.name());
    assert_eq!(reason, "deadline", "{error}");
    assert!(answer.took < SLACK, "{:?}", answer.took);
}
