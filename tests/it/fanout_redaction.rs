//! Credentials never come back, whatever a peer does with them (SPEC §3).

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use keyviz_fanout::fanout::MATRIX_PATH;

use crate::{
    daemon::{Answer, Daemon, config, get, sample},
    logs::{capture, logged},
    stub::{Script, Stub, ok_json, response, with_header},
};

/// In the form of a session's token, and longer than what an error quotes.
const CANARY: &str =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJjYW5hcnkiLCJyb2xlIjoiZnVsbCJ9.c2lnbmF0dXJlLW9mLWNhbmFyeQ";
/// A plain word, as an error code is.
const WORD: &str = "canarycanarycanary";
/// With characters that errors escape.
const QUOTED: &str = "can'ary=\\\"with\"quotes";
/// The bytes of a secret that must not be seen in a row.
const PIECE: usize = 8;

/// Whether any `PIECE` bytes of `secret` in a row are in `text`.
pub(crate) fn shows(text: &str, secret: &str) -> Option<String> {
    let pieces = secret.as_bytes().windows(PIECE).map(|piece| std::str::from_utf8(piece).unwrap());
    pieces.into_iter().find(|piece| text.contains(piece)).map(str::to_owned)
}

pub(crate) fn assert_hidden(what: &str, text: &str, secret: &str) {
    let text = text.replace("\\\\", "\\");
    assert_eq!(shows(&text, secret), None, "{what} shows a piece of {secret}:\n{text}");
}

/// Asks with `secret` as session and as CSRF token for everything there is, while one peer answers by `script`.
fn echo(secret: &str, script: Script) -> Answer {
    capture();
    let (local, bad) = (Stub::node("n1", &sample(1)), Stub::serving("n2", script.clone()));
    bad.answer(keyviz_fanout::fanout::CLUSTER_PATH, script);
    let daemon = Daemon::start(&config(Some(&local.name()), &[&bad.name()], ""));
    let cookie = format!("admin_session={secret}; admin_csrf={secret}");
    let ask = |path: &str| daemon.send(get(path, &[("Cookie", &cookie)]));
    let answer = ask(MATRIX_PATH);
    answer.assert_responded(1, 2);
    for (what, answer) in [
        ("introspection", ask("/admin/api/v1/keyviz/config")),
        ("the metrics", ask("/metrics")),
        ("an incomplete answer", ask(&format!("{MATRIX_PATH}?require=all"))),
    ] {
        assert_hidden(what, &answer.text(), secret);
        assert_hidden(what, &answer.head(), secret);
    }
    assert_hidden("the answer", &answer.text(), secret);
    assert_hidden("the log", &logged(), secret);
    assert!(logged().contains(&bad.name()), "the log tells of the peer");
    let (_, error) = answer.failure(&bad.name());
    assert!(error.contains("[redacted]") || !error.contains("echo") || secret == QUOTED, "{error}");
    answer
}

#[test]
fn an_error_body_that_echoes_the_session_does_not_show_it() {
    for secret in [CANARY, WORD, QUOTED] {
        let body = format!("echo {secret} and again {secret}");
        let answer = echo(secret, response("500 Internal Server Error", body));
        assert!(answer.text().contains("[redacted] and again [redacted]"), "{}", answer.text());
        echo(secret, response("401 Unauthorized", format!("{{\"error\":\"{secret}\"}}")));
    }
}

#[test]
fn a_session_across_the_cut_does_not_show_its_head() {
    for before in [512 - CANARY.len() - 1, 512 - CANARY.len() + 1, 500, 511, 512] {
        let body = format!("{}{CANARY}", "x".repeat(before));
        echo(CANARY, response("500 Internal Server Error", body));
        let blank = format!("{}{CANARY}", " ".repeat(4096 - before / 8));
        echo(CANARY, response("500 Internal Server Error", blank));
    }
}

#[test]
fn a_session_in_a_header_does_not_show() {
    for secret in [CANARY, WORD, QUOTED] {
        echo(secret, with_header("200 OK", &format!("Content-Encoding: echo-{secret}"), "{}"));
        echo(secret, with_header("302 Found", &format!("Location: http://127.0.0.1:1/{secret}"), ""));
    }
}

#[test]
fn a_session_in_an_invalid_matrix_does_not_show() {
    for secret in [CANARY, WORD, QUOTED] {
        let escaped = serde_json::to_string(secret).unwrap();
        let bare = secret.trim_matches('"');
        for body in [
            format!(r#"{{"column_unix_ms":[1],"rows":[{{"bucket_id":{escaped},"values":[]}}],"series":"writes"}}"#),
            format!(r#"{{"column_unix_ms":[1],"rows":[{{"bucket_id":"a","start":{escaped}}}],"series":"writes"}}"#),
            format!(r#"{{"column_unix_ms":[1],"rows":[{{"bucket_id":"a","values":[1{bare}]}}],"series":"writes"}}"#),
            format!(r#"{{"column_unix_ms":[1],"rows":[],"series":{escaped}}}"#),
            format!("echo{bare}"),
            bare.to_owned(),
        ] {
            echo(secret, ok_json(body));
        }
    }
}

#[test]
fn what_is_no_secret_is_left_as_it_is() {
    let answer = echo(CANARY, response("500 Internal Server Error", "echo eyJhbGc [redacted]"));
    assert!(answer.text().contains("echo eyJhbGc [redacted]"));
}

#[test]
fn a_local_node_that_echoes_the_session_does_not_show_it_either() {
    capture();
    for (secret, status) in [(CANARY, "401 Unauthorized"), (WORD, "401 Unauthorized"), (WORD, "503 No")] {
        let body = format!(r#"{{"error":"{secret}","message":"{secret}"}}"#);
        let local = Stub::serving("n1", response(status, body));
        let daemon = Daemon::start(&config(Some(&local.name()), &["127.0.0.1:1"], ""));
        let cookie = format!("admin_session={secret}");
        let answer = daemon.send(get(MATRIX_PATH, &[("Cookie", &cookie), ("X-Admin-Fanout-Peer", "1")]));
        assert_hidden("the answer", &answer.text(), secret);
        assert_hidden("the log", &logged(), secret);
    }
}

#[test]
fn an_id_that_echoes_the_session_is_none() {
    let local = Stub::node("n1", &sample(1));
    let bad = Stub::node("n2", &sample(2));
    let echo = format!(r#"{{"node_id":"n2 admin_session={CANARY}"}}"#);
    bad.answer(keyviz_fanout::fanout::CLUSTER_PATH, ok_json(echo));
    let daemon = Daemon::start(&config(Some(&local.name()), &[&bad.name()], ""));
    let ask = |path: &str| daemon.send(get(path, &[("Cookie", &format!("admin_session={CANARY}"))]));
    ask(MATRIX_PATH).assert_responded(2, 2);
    assert_hidden("introspection", &ask("/admin/api/v1/keyviz/config").text(), CANARY);
    bad.answer(keyviz_fanout::fanout::CLUSTER_PATH, ok_json(r#"{"node_id":"n2"}"#));
    ask(MATRIX_PATH).assert_responded(2, 2);
    let why = ask("/admin/api/v1/keyviz/config").json()["peers"][0]["why"].clone();
    assert_eq!(why, "node_id n2", "it was asked again");
}
