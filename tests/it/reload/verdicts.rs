//! What comes of an edit, and who is told.

use std::fs;

use serde_json::{Value, json};

use crate::running::{Running, whole};

const PEERS: &str = "fanout.peers = ['127.0.0.1:1']\n";

fn counts(config: &Value) -> [u64; 3] {
    ["applied", "rejected", "unchanged"].map(|count| config["counts"][count].as_u64().unwrap())
}

#[test]
fn a_good_edit_is_live_and_says_what_it_changed() {
    let daemon = Running::start(PEERS);
    let before = daemon.config();
    assert_eq!((&before["generation"], &before["last_attempt"]["trigger"]), (&json!(1), &json!("start")));
    daemon.edit("fanout.peers = ['127.0.0.1:1', '127.0.0.1:2']\nfanout.timeout = '3s'");
    let after = daemon.runs_timeout("3s");
    assert_eq!(after["generation"], 2);
    assert_eq!(after["origins"]["fanout.timeout"], "file:5");
    assert_eq!(after["peers"].as_array().unwrap().len(), 2);
    assert_ne!(after["source"]["sha256"], before["source"]["sha256"]);
    assert_eq!(after["source"]["sha256"], after["last_attempt"]["sha256"]);
    assert_eq!(daemon.matrix().generation(), 2);
    let log = daemon.log();
    let told: Vec<_> = log.lines().filter(|line| line.contains("configuration applied")).collect();
    assert_eq!(told.len(), 1, "{log}");
    for change in ["generation 2", "fanout.timeout \"2s\" → \"3s\"", "fanout.peers +\"127.0.0.1:2\""] {
        assert!(told[0].contains(change), "{}", told[0]);
    }
}

#[test]
fn a_bad_edit_changes_nothing_is_told_once_with_its_place_and_the_next_good_one_is_taken() {
    let daemon = Running::start(PEERS);
    let before = daemon.config();
    daemon.edit(&format!("{PEERS}fanout.timeout = 3\nfanout.timeuot = '3s'"));
    let refused = daemon.config_when("its refusal", |config| config["last_attempt"]["ok"] == false);
    assert_eq!(refused["generation"], 1);
    for kept in ["effective", "origins", "source", "loaded_at", "pending_restart"] {
        assert_eq!(refused[kept], before[kept], "{kept}");
    }
    let errors = &refused["last_attempt"]["errors"];
    assert_eq!(
        (&errors[0]["line"], &errors[0]["column"], &errors[0]["key"]),
        (&json!(5), &json!(18), &json!("fanout.timeout"))
    );
    assert_eq!(errors[1]["key"], "fanout.timeuot");
    // A look at the file that finds the same is no news.
    let again = daemon.command(&["status", "--json"]);
    assert!(again.status.success());
    std::thread::sleep(std::time::Duration::from_secs(6));
    let log = daemon.log();
    let told: Vec<_> = log.lines().filter(|line| line.contains("configuration refused")).collect();
    assert_eq!(told.len(), 1, "{log}");
    let place = format!("{}:5:18: fanout.timeout: ", daemon.file.display());
    assert!(told[0].contains(&place) && told[0].contains("generation 1 still runs"), "{}", told[0]);
    daemon.edit(&format!("{PEERS}fanout.timeout = '3s'"));
    let after = daemon.runs_timeout("3s");
    assert_eq!((after["generation"].as_u64(), &after["last_attempt"]["ok"]), (Some(2), &json!(true)));
    assert_eq!(counts(&after)[..2], [2, 1]);
}

#[test]
fn a_file_that_is_gone_empty_or_unreadable_leaves_what_runs() {
    let daemon = Running::start(PEERS);
    let refused = |what: &str, told: &str| {
        let holds = |config: &Value| {
            config["last_attempt"]["errors"][0]["message"].as_str().is_some_and(|message| message.contains(told))
        };
        let config = daemon.config_when(what, holds);
        assert_eq!(config["generation"], 1, "{what}");
        config
    };
    fs::remove_file(&daemon.file).unwrap();
    let gone = refused("gone", "No such file");
    assert_eq!(
        (&gone["last_attempt"]["sha256"], &gone["last_attempt"]["errors"][0]["line"]),
        (&Value::Null, &Value::Null)
    );
    fs::write(&daemon.file, "").unwrap();
    refused("empty", "nobody to ask");
    fs::remove_file(&daemon.file).unwrap();
    fs::create_dir(&daemon.file).unwrap();
    refused("a folder", "is a directory");
    fs::remove_dir(&daemon.file).unwrap();
    daemon.edit(PEERS);
    let back = daemon.config_when("what it was", |config| config["last_attempt"]["ok"] == true);
    assert_eq!(back["generation"], 1, "the same bytes again are no change");
    assert_eq!(counts(&back)[..2], [1, 3]);
}

#[test]
fn a_reload_after_the_watch_has_taken_the_edit_shows_that_it_is_in() {
    let daemon = Running::start(PEERS);
    assert_eq!(daemon.asked("reload").get("taken"), None, "nothing was edited yet");
    daemon.edit(&format!("{PEERS}fanout.timeout = '3s'"));
    daemon.runs_timeout("3s");
    let again = daemon.asked("reload");
    assert_eq!((&again["result"], &again["generation"]), (&json!("unchanged"), &json!(2)));
    assert_eq!(again["taken"]["changes"], json!(["fanout.timeout \"2s\" → \"3s\""]));
    assert!(again["taken"]["trigger"] == "watch" && again["taken"]["ago_ms"].is_u64(), "{again}");
}

#[test]
fn an_edit_that_a_reload_took_is_told_once() {
    let daemon = Running::start(PEERS);
    // In between, the watch may have been the first.
    let applied = (3..20).any(|seconds| {
        daemon.edit(&format!("{PEERS}fanout.timeout = '{seconds}s'"));
        daemon.asked("reload")["result"] == "applied"
    });
    assert!(applied);
    assert_eq!(daemon.asked("reload").get("taken"), None);
}

#[test]
fn what_is_wrong_with_an_edit_is_logged_once_however_often_it_is_asked_for() {
    let daemon = Running::start(PEERS);
    daemon.edit(&format!("{PEERS}fanout.timeout = 3"));
    for _ in 0..2 {
        let refused = daemon.asked("reload");
        assert_eq!((&refused["result"], &refused["errors"][0]["key"]), (&json!("rejected"), &json!("fanout.timeout")));
    }
    let log = daemon.log();
    let told = |what: &str| log.lines().filter(|line| line.contains(what)).count();
    assert_eq!(told("fanout.timeout"), 1, "{log}");
    // Twice where the watch was the first to see it.
    assert!((1..=2).contains(&told("refused (control) as before, generation 1 still runs")), "{log}");
}

#[test]
fn the_same_bytes_are_no_reload_whoever_asks() {
    let daemon = Running::start(PEERS);
    let text = fs::read(&daemon.file).unwrap();
    fs::write(&daemon.file, &text).unwrap();
    let reload = daemon.command(&["reload"]);
    assert!(reload.status.success());
    daemon.signal("-HUP");
    let config = daemon.config_when("both", |config| config["last_attempt"]["trigger"] == "signal");
    assert_eq!((config["generation"].as_u64(), &config["last_attempt"]["ok"]), (Some(1), &json!(true)));
    let [applied, rejected, unchanged] = counts(&config);
    assert!((applied, rejected) == (1, 0) && unchanged >= 2, "{}", config["counts"]);
}

#[test]
fn reload_waits_for_the_verdict_and_tells_it() {
    let daemon = Running::start(PEERS);
    daemon.edit(&format!("{PEERS}fanout.timeout = '3s'"));
    let reload = daemon.command(&["reload"]);
    let out = String::from_utf8(reload.stdout).unwrap();
    assert_eq!(reload.status.code(), Some(0), "{out}");
    assert_eq!(daemon.config()["effective"]["fanout"]["timeout"], "3s", "it was live when the command ended");

    daemon.edit(&format!("{PEERS}fanout.timeout = '3'"));
    let reload = daemon.command(&["reload"]);
    let err = String::from_utf8(reload.stderr).unwrap();
    assert_eq!(reload.status.code(), Some(1), "{err}");
    let place = format!("{}:5:18: fanout.timeout: ", daemon.file.display());
    assert!(err.contains(&place) && err.contains("generation 2"), "{err}");
    assert_eq!(daemon.config()["generation"], 2);
}

#[test]
fn keys_that_need_a_restart_wait_for_it_and_the_others_do_not() {
    let daemon = Running::start(PEERS);
    let text = whole(&format!("{PEERS}fanout.timeout = '3s'"));
    fs::write(&daemon.file, text.replace("127.0.0.1:0", "127.0.0.1:7").replace("control.sock", "other.sock")).unwrap();
    let config = daemon.runs_timeout("3s");
    let expected = json!([
        {"key": "server.listen", "running": "127.0.0.1:0", "on_disk": "127.0.0.1:7"},
        {"key": "server.control_socket", "running": "control.sock", "on_disk": "other.sock"},
    ]);
    assert_eq!(config["pending_restart"], expected);
    assert_eq!(config["effective"]["server"]["listen"], "127.0.0.1:0", "what runs");
    assert!(
        daemon.log().contains("server.listen waits for a restart, running \"127.0.0.1:0\", on disk \"127.0.0.1:7\"")
    );
    daemon.edit(PEERS);
    let config = daemon.runs_timeout("2s");
    assert_eq!(config["pending_restart"], json!([]));
}

/// Or the socket that still listens beyond loopback would be open to anybody.
#[test]
fn live_keys_that_are_unsafe_until_a_restart_are_refused_whole() {
    let public = "server.listen = '0.0.0.0:0'\nserver.allow_insecure = true\nauth.mode = 'forward'\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, format!("{public}server.control_socket = 'control.sock'\n{PEERS}")).unwrap();
    let daemon = Running::over(folder, &file);
    let safe_alone = "server.listen = '127.0.0.1:0'\nauth.mode = 'none'\n";
    fs::write(&file, format!("{safe_alone}server.control_socket = 'control.sock'\n{PEERS}")).unwrap();
    assert!(daemon.command(&["check"]).status.success(), "the file alone is valid");
    let reload = daemon.command(&["reload"]);
    let err = String::from_utf8(reload.stderr).unwrap();
    assert_eq!(reload.status.code(), Some(1), "{err}");
    assert!(
        err.contains(":2:13: auth.mode: ") && err.contains("server.listen stays \"0.0.0.0:0\" until a restart"),
        "{err}"
    );
    assert_eq!(daemon.get("/admin/api/v1/keyviz/config").status, 401, "sessions are still asked for");
}
