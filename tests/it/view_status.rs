//! What `status` shows of a daemon's answer.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use insta::assert_snapshot;
use jiff::{Timestamp, ToSpan};
use keyviz_fanout::cli::view::{
    Status,
    status::{self, Options},
};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: &str = "2026-11-23T09:10:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// A moment `seconds` ago, as the daemon writes it.
fn ago(seconds: i64) -> String {
    (now() - seconds.seconds()).to_string()
}

fn peer(entry: &str) -> Value {
    json!({
        "entry": entry, "url": format!("http://{entry}"), "role": "peer", "why": "no address of this host",
        "addresses": ["10.0.0.2"], "breaker": "closed", "consecutive_failures": 0, "last_success": ago(2),
        "last_error": null,
    })
}

/// A peer that has failed `failures` times in a row; from three on its breaker is open.
fn down(entry: &str, failures: u32, reason: &str, message: &str) -> Value {
    let mut peer = peer(entry);
    peer["breaker"] = json!(if failures < 3 { "closed" } else { "open" });
    peer["consecutive_failures"] = json!(failures);
    peer["last_success"] = json!(ago(7500));
    peer["last_error"] = json!({"at": ago(12), "reason": reason, "message": message});
    peer
}

fn own(entry: &str) -> Value {
    let mut own = peer(entry);
    own["role"] = json!("self");
    own
}

fn healthy() -> Value {
    json!({
        "version": "0.1.0", "pid": 4711, "instance": "6a1f", "started_at": ago(273_600), "uptime_s": 273_600,
        "listen": "127.0.0.1:8090", "draining": false, "generation": 3,
        "source": {"path": "/etc/keyviz-fanout/config.toml", "found_by": "etc",
                   "searched": ["/etc/keyviz-fanout/config.toml"],
                   "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
        "loaded_at": ago(7200),
        "last_attempt": {"at": ago(7200), "trigger": "watch", "ok": true, "sha256": "9f86", "errors": []},
        "counts": {"applied": 3, "rejected": 0, "unchanged": 9},
        "effective": {}, "origins": {}, "pending_restart": [],
        "watch": {"mode": "inotify", "paths": ["/etc/keyviz-fanout"]},
        "peers": [own("10.0.0.1:8080"), peer("10.0.0.2:8080"), peer("10.0.0.3:8080")],
    })
}

fn troubled() -> Value {
    let mut answer = healthy();
    answer["last_attempt"] = json!({
        "at": ago(95), "trigger": "poll", "ok": false, "sha256": "77aa", "errors": [
            {"line": 7, "column": 11, "key": "fanout.timeout", "message": "\"2 parsecs\" is not a duration, such as \"500ms\" or \"1m 30s\""},
            {"line": null, "column": null, "key": "server.listen", "message": "with the running auth.mode = \"none\" this must stay on loopback"},
            {"line": 9, "column": 1, "key": "", "message": "invalid key"},
        ],
    });
    answer["counts"] = json!({"applied": 3, "rejected": 1, "unchanged": 9});
    answer["pending_restart"] =
        json!([{"key": "server.listen", "running": "127.0.0.1:8090", "on_disk": "127.0.0.1:8091"}]);
    answer["watch"] = json!({"mode": "poll", "paths": ["/etc/keyviz-fanout", "/etc/ssl/keyviz"]});
    let mut recovered = peer("10.0.0.4:8080");
    recovered["last_error"] = json!({"at": ago(11_000), "reason": "refused", "message": "connection refused"});
    let mut unasked = peer("10.0.0.5:8080");
    unasked["last_success"] = Value::Null;
    let mut twice = peer("node4:8080");
    twice["role"] = json!("duplicate");
    let mut probed = down("10.0.0.6:8080", 4, "dns", "no address for node6");
    probed["breaker"] = json!("half_open");
    answer["peers"] = json!([
        own("10.0.0.1:8080"),
        down("10.0.0.2:8080", 12, "deadline", "deadline of 2s passed while reading the body"),
        down(
            "10.0.0.3:8080",
            0,
            "auth",
            "status 401: {\"error\":\"unauthenticated\",\"message\":\"missing session cookie\"}"
        ),
        recovered,
        unasked,
        twice,
        probed,
    ]);
    answer
}

fn shown(answer: &Value, width: u16) -> String {
    let mut out = Vec::new();
    status::render(&Status::parse(answer).unwrap(), &Options { width, now: now() }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn headline(answer: &Value) -> String {
    shown(answer, 80).lines().next().unwrap().to_owned()
}

#[test]
fn a_daemon_that_is_well() {
    assert_snapshot!(shown(&healthy(), 80));
}

#[test]
fn a_daemon_in_trouble_on_a_narrow_terminal() {
    assert_snapshot!(shown(&troubled(), 80));
}

#[test]
fn a_daemon_in_trouble_on_a_wide_terminal() {
    assert_snapshot!(shown(&troubled(), 160));
}

#[test]
fn the_first_line_says_what_is_wrong() {
    let change = |change: &dyn Fn(&mut Value)| {
        let mut answer = healthy();
        change(&mut answer);
        headline(&answer)
    };
    assert_eq!(change(&|_| {}), "all well: generation 3 runs, 2 of 2 peers ok");
    assert_eq!(change(&|answer| answer["peers"] = json!([])), "all well: generation 3 runs, there are no peers");
    let unasked = |answer: &mut Value| {
        for index in [1, 2] {
            answer["peers"][index]["last_success"] = Value::Null;
        }
    };
    assert_eq!(change(&unasked), "all well: generation 3 runs, no peer asked yet");
    let half_asked = |answer: &mut Value| answer["peers"][1]["last_success"] = Value::Null;
    assert_eq!(change(&half_asked), "all well: generation 3 runs, 1 of 2 peers ok, 1 not asked yet");
    assert_eq!(change(&|answer| answer["draining"] = json!(true)), "ATTENTION: the daemon is ending");
    assert_eq!(
        change(&|answer| answer["last_attempt"]["ok"] = json!(false)),
        "ATTENTION: the last edit was REFUSED, generation 3 still runs"
    );
    assert_eq!(
        change(&|answer| answer["peers"][1] = down("a:1", 1, "refused", "connection refused")),
        "ATTENTION: 1 of 2 peers fails"
    );
    assert_eq!(
        change(&|answer| answer["peers"][1] = down("a:1", 3, "refused", "connection refused")),
        "ATTENTION: 1 of 2 peers fails (1 with an open breaker)"
    );
    let own_down = |answer: &mut Value| {
        answer["peers"][0] = down("a:1", 3, "refused", "connection refused");
        answer["peers"][0]["role"] = json!("self");
    };
    assert_eq!(change(&own_down), "ATTENTION: the node on this host fails");
    let unlisted_down = |answer: &mut Value| {
        own_down(answer);
        answer["local"] = answer["peers"].as_array_mut().unwrap().remove(0);
    };
    assert_eq!(change(&unlisted_down), "ATTENTION: the node on this host fails");
    let pending = |keys: &[&str]| {
        let pending: Vec<_> = keys.iter().map(|key| json!({"key": key, "running": "a", "on_disk": "b"})).collect();
        change(&|answer| answer["pending_restart"] = json!(pending))
    };
    assert_eq!(pending(&["server.listen"]), "ATTENTION: server.listen waits for a restart");
    assert_eq!(pending(&["server.listen", "server.control_socket"]), "ATTENTION: 2 keys wait for a restart");
}

#[test]
fn a_node_on_this_host_that_no_entry_lists_stands_before_the_peers() {
    let mut answer = healthy();
    answer["local"] = own("127.0.0.1:8080");
    answer["peers"] = json!([]);
    let alone = shown(&answer, 80);
    assert!(alone.contains("\nno peers: the local node is shown alone\nENTRY"), "{alone}");
    assert!(alone.contains("\n127.0.0.1:8080  self  self "), "{alone}");
    answer["peers"] = json!([peer("10.0.0.2:8080")]);
    answer["local"]["why"] = json!("no entry of fanout.peers is it");
    let both = shown(&answer, 80);
    let why = "\nthe first of these is the node on this host: no entry of fanout.peers is it\nENTRY";
    assert!(both.contains(why), "{both}");
    assert!(both.contains("\n127.0.0.1:8080  self  self ") && both.contains("\n10.0.0.2:8080   peer  ok "), "{both}");
}

#[test]
fn the_state_of_a_peer_is_told_by_its_last_call() {
    let mut failed_since = peer("a:1");
    failed_since["last_error"] = json!({"at": ago(1), "reason": "auth", "message": "status 401"});
    let mut failed_before = peer("a:1");
    failed_before["last_error"] = json!({"at": ago(3), "reason": "auth", "message": "status 401"});
    let mut never = peer("a:1");
    never["last_success"] = Value::Null;
    let mut never_well = failed_since.clone();
    never_well["last_success"] = Value::Null;
    let mut twice = down("a:1", 5, "refused", "connection refused");
    twice["role"] = json!("duplicate");
    for (peer, state) in [
        (peer("a:1"), " peer  ok "),
        (failed_since, " peer  failing "),
        (failed_before, " peer  ok "),
        (never, " peer  not asked yet "),
        (never_well, " peer  failing "),
        (down("a:1", 2, "refused", "connection refused"), " peer  failing "),
        (down("a:1", 3, "refused", "connection refused"), " peer  breaker open "),
        (own("a:1"), " self  self "),
        (twice, " duplicate  duplicate "),
    ] {
        let mut answer = healthy();
        answer["peers"] = json!([peer]);
        let shown = shown(&answer, 80);
        assert!(shown.lines().any(|line| line.starts_with("a:1 ") && line.contains(state)), "{state}: {shown}");
    }
}

#[test]
fn a_daemon_without_a_file_and_without_a_watch() {
    let mut answer = healthy();
    answer["source"] = Value::Null;
    answer["watch"] = Value::Null;
    let shown = shown(&answer, 80);
    assert!(shown.contains("none: made in the process"), "{shown}");
    assert!(shown.contains("nothing: there is no file to follow"), "{shown}");
}

#[test]
fn fields_of_a_newer_daemon_are_skipped_and_another_answer_is_refused() {
    let mut answer = healthy();
    answer["weather"] = json!("fine");
    answer["peers"][0]["mood"] = json!(3);
    assert!(shown(&answer, 80).starts_with("all well"));
    assert!(Status::parse(&json!({"result": "applied", "generation": 3})).is_err());
}

/// Replaces every string of `value` but times.
fn poisoned(value: &mut Value, text: &str) {
    match value {
        Value::String(string) if string.parse::<Timestamp>().is_err() => {
            text.clone_into(string);
        }
        Value::Array(values) => values.iter_mut().for_each(|value| poisoned(value, text)),
        Value::Object(fields) => fields.values_mut().for_each(|value| poisoned(value, text)),
        _ => {}
    }
}

#[test]
fn nothing_in_an_answer_commands_the_terminal() {
    let text = "\u{1b}]0;pwned\u{7}\u{9b}31m\u{202e}\r\n";
    let mut status = troubled();
    poisoned(&mut status, text);
    for view in [shown(&status, 80), shown(&status, 400)] {
        let command = view.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(command, None, "{}", view.escape_debug());
        assert!(view.contains("pwned"), "{view}");
    }
}

proptest! {
    #[test]
    fn words_below_a_peer_fit_and_none_is_lost(width in 80_u16..200, words in prop::collection::vec("[a-z]{1,30}", 1..60)) {
        let message = words.join(" ");
        let mut answer = healthy();
        answer["peers"] = json!([down("10.0.0.2:8080", 3, "status", &message)]);
        let shown = shown(&answer, width);
        let (_, peers) = shown.split_once("ENTRY").unwrap();
        prop_assert!(peers.lines().all(|line| line.chars().count() <= usize::from(width)), "{shown}");
        let told = peers.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert!(told.ends_with(&message), "{shown}");
    }
}
