//! What `reload` shows of a daemon's answer.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use insta::assert_snapshot;
use keyviz_fanout::cli::view::Verdict;
use serde_json::{Value, json};

fn verdict(answer: &Value) -> String {
    let mut out = Vec::new();
    Verdict::parse(answer).unwrap().render(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_verdict_that_was_applied_lists_changes_and_what_waits() {
    let answer = json!({
        "result": "applied", "generation": 4, "path": "/etc/keyviz-fanout/config.toml",
        "changes": ["fanout.timeout \"2s\" → \"3s\"", "fanout.peers + \"10.0.0.4:8080\""],
        "pending_restart": [{"key": "server.listen", "running": "127.0.0.1:8090", "on_disk": "127.0.0.1:8091"}],
        "errors": [],
    });
    assert!(!Verdict::parse(&answer).unwrap().is_refused());
    assert_snapshot!(verdict(&answer));
}

#[test]
fn a_verdict_without_a_change_says_that_the_file_is_what_runs() {
    let mut answer = json!({"result": "unchanged", "generation": 4, "path": "/etc/keyviz-fanout/config.toml"});
    assert_eq!(verdict(&answer), "unchanged: /etc/keyviz-fanout/config.toml holds what runs, generation 4\n");
    answer["pending_restart"] = json!([{"key": "server.listen", "running": "a:1", "on_disk": "a:2"}]);
    let waiting = verdict(&answer);
    assert!(!waiting.contains("holds what runs"), "{waiting}");
    assert!(waiting.ends_with("waits for a restart: server.listen running \"a:1\", on disk \"a:2\"\n"), "{waiting}");
}

#[test]
fn a_verdict_without_a_change_shows_the_edit_that_was_taken_before() {
    let mut answer = json!({
        "result": "unchanged", "generation": 2, "path": "/etc/x.toml",
        "taken": {"ago_ms": 140, "trigger": "watch", "changes": ["fanout.peers +\"10.0.0.4:8080\""]},
    });
    let runs = "unchanged: /etc/x.toml holds what runs, generation 2\n";
    let taken = "the edit that runs was taken 0.1s ago, by a change of the file";
    assert_eq!(verdict(&answer), format!("{runs}{taken}:\n  fanout.peers +\"10.0.0.4:8080\"\n"));
    answer["taken"]["changes"] = json!([]);
    assert_eq!(verdict(&answer), format!("{runs}{taken}; no key has another value\n"));
}

#[test]
fn a_verdict_that_refuses_places_every_problem() {
    let answer = json!({
        "result": "rejected", "generation": 3, "path": "/etc/x.toml", "changes": [], "pending_restart": [],
        "errors": [
            {"line": 7, "column": 11, "key": "fanout.timeout", "message": "\"2\": a duration needs a unit"},
            {"line": 9, "column": 1, "key": "", "message": "invalid key"},
            {"line": null, "column": null, "key": "tls.ca_file", "message": "read /etc/ca.pem: permission denied"},
            {"line": null, "column": null, "key": "", "message": "no such file"},
        ],
    });
    assert!(Verdict::parse(&answer).unwrap().is_refused());
    assert_eq!(
        verdict(&answer),
        "/etc/x.toml:7:11: fanout.timeout: \"2\": a duration needs a unit\n\
         /etc/x.toml:9:1: syntax: invalid key\n\
         /etc/x.toml: tls.ca_file: read /etc/ca.pem: permission denied\n\
         /etc/x.toml: no such file\n\
         refused; generation 3 still runs\n"
    );
}

#[test]
fn an_answer_without_a_verdict_is_refused() {
    for answer in [json!({"generation": 3}), json!({"result": "perhaps", "generation": 3}), json!("applied")] {
        assert!(Verdict::parse(&answer).is_err(), "{answer}");
    }
}

#[test]
fn nothing_in_a_verdict_commands_the_terminal() {
    let text = "\u{1b}]0;pwned\u{7}\u{9b}31m\u{202e}\r\n";
    for result in ["applied", "unchanged", "rejected"] {
        let shown = verdict(&json!({
            "result": result, "generation": 3, "path": text, "changes": [text],
            "pending_restart": [{"key": text, "running": text, "on_disk": text}],
            "errors": [{"line": 1, "column": 2, "key": text, "message": text}],
        }));
        let command = shown.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(command, None, "{}", shown.escape_debug());
        assert!(shown.contains("pwned"), "{shown}");
    }
}
