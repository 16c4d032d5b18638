//! `reload` and `status` as a shell sees them, before a daemon that answers what it is told to (SPEC §8).

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::{fs::MetadataExt, net::UnixListener},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Where the package's daemon has its socket: on a machine with one, the tests for none don't hold.
const PACKAGED: &str = "/run/keyviz-fanout/control.sock";

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyviz-fanout"));
    command.args(arguments).env_clear().env("HOME", "/nonexistent").stdin(Stdio::null());
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: status.code(), out: text(stdout), err: text(stderr) }
}

/// A folder with a socket whose daemon gives `answer` once, and what it was asked.
fn daemon(answer: &Value) -> (TempDir, PathBuf, thread::JoinHandle<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let answer = answer.to_string();
    let asked = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut line = String::new();
        BufReader::new(&client).read_line(&mut line).unwrap();
        client.write_all(answer.as_bytes()).unwrap();
        serde_json::from_str(&line).unwrap()
    });
    (folder, path, asked)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn verdict(result: &str) -> Value {
    json!({
        "result": result, "generation": 4, "path": "/etc/x.toml", "changes": ["fanout.timeout \"2s\" → \"3s\""],
        "pending_restart": [], "errors": [{"line": 7, "column": 11, "key": "fanout.timeout", "message": "too short"}],
    })
}

fn status() -> Value {
    json!({
        "version": "0.1.0", "pid": 4711, "uptime_s": 90, "listen": "127.0.0.1:8090", "draining": false, "generation": 1,
        "source": null, "loaded_at": "2026-11-23T09:00:00Z", "watch": null, "pending_restart": [], "peers": [],
        "last_attempt": {"at": "2026-11-23T09:00:00Z", "trigger": "start", "ok": true, "errors": []},
        "counts": {"applied": 1, "rejected": 0, "unchanged": 0},
    })
}

#[test]
fn reload_exits_by_the_verdict_and_refusals_go_to_standard_error() {
    for (result, code, told) in [
        ("applied", 0, "applied, generation 4\n  fanout.timeout \"2s\" → \"3s\"\n"),
        ("unchanged", 0, "unchanged: /etc/x.toml holds what runs, generation 4\n"),
        ("rejected", 1, "/etc/x.toml:7:11: fanout.timeout: too short\nrefused; generation 4 still runs\n"),
    ] {
        let (_folder, path, asked) = daemon(&verdict(result));
        let said = run(&["reload", "--socket", text(&path)]);
        let (told, silent) = if code == 0 { ((&said.out, told), &said.err) } else { ((&said.err, told), &said.out) };
        assert_eq!(said.code, Some(code), "{result}: {}", said.err);
        assert_eq!((told.0.as_str(), silent.as_str()), (told.1, ""), "{result}");
        assert_eq!(asked.join().unwrap(), json!({"command": "reload"}));
    }
}

#[test]
fn to_the_journal_a_refusal_is_an_error_line_by_line() {
    let journal = tempfile::NamedTempFile::new().unwrap();
    let told = |arguments: &[&str], is_inherited: bool| {
        journal.as_file().set_len(0).unwrap();
        let file = journal.as_file().metadata().unwrap();
        let number = if is_inherited { file.ino() + 1 } else { file.ino() };
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyviz-fanout"));
        command.args(arguments).env_clear().env("JOURNAL_STREAM", format!("{}:{number}", file.dev()));
        let written = fs::File::options().append(true).open(journal.path()).unwrap();
        assert!(!command.stdin(Stdio::null()).stderr(written).status().unwrap().success());
        fs::read_to_string(journal.path()).unwrap()
    };
    let (_folder, path, _asked) = daemon(&verdict("rejected"));
    let refused = told(&["reload", "--socket", text(&path)], false);
    assert_eq!(refused, "<3>/etc/x.toml:7:11: fanout.timeout: too short\n<3>refused; generation 4 still runs\n");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, "fanout.peers = 7\n").unwrap();
    let run = ["run", "--config", text(&file)];
    let bad = told(&run, false);
    assert!(bad.starts_with(&format!("<3>{} is not valid\n<3>{}:1:16: ", text(&file), text(&file))), "{bad}");
    let elsewhere = told(&run, true);
    assert!(elsewhere.starts_with(&format!("keyviz-fanout: {} is not valid\n{}:1:16: ", text(&file), text(&file))));
}

#[test]
fn json_is_the_answer_as_it_came_and_the_exit_code_stays() {
    for (command, answer, code) in
        [("reload", verdict("rejected"), 1), ("reload", verdict("applied"), 0), ("status", status(), 0)]
    {
        let (_folder, path, _asked) = daemon(&answer);
        let said = run(&[command, "--json", "--socket", text(&path)]);
        assert_eq!(said.code, Some(code), "{}", said.err);
        assert_eq!(serde_json::from_str::<Value>(&said.out).unwrap(), answer);
    }
}

#[test]
fn status_shows_what_the_daemon_says_of_itself() {
    let (_folder, path, asked) = daemon(&status());
    let said = run(&["status", "--socket", text(&path)]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.starts_with("all well: generation 1 runs"), "{}", said.out);
    assert!(said.out.contains("keyviz-fanout 0.1.0, up 1m 30s, pid 4711, listening on 127.0.0.1:8090"), "{}", said.out);
    assert_eq!(asked.join().unwrap(), json!({"command": "status"}));
}

#[test]
fn the_socket_is_found_in_a_file_with_problems_elsewhere() {
    let (folder, path, asked) = daemon(&verdict("rejected"));
    let file = folder.path().join("config.toml");
    fs::write(&file, format!("[server]\ncontrol_socket = '{}'\n[fanout]\ntimeuot = 3\npeers = ['a'\n", text(&path)))
        .unwrap();
    let said = run(&["reload", "--config", text(&file)]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.ends_with("refused; generation 4 still runs\n"), "{}", said.err);
    asked.join().unwrap();
}

#[test]
fn a_daemon_that_is_not_there_exits_1_and_a_socket_from_the_file_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("none.sock");
    let file = folder.path().join("config.toml");
    fs::write(&file, format!("server.control_socket = '{}'\n", text(&socket))).unwrap();
    for command in ["reload", "status"] {
        let flagged = run(&[command, "--socket", text(&socket)]);
        assert_eq!(flagged.code, Some(1));
        assert!(flagged.err.contains(&format!("ask the daemon at {}: ", text(&socket))), "{}", flagged.err);
        assert!(!flagged.err.contains("restart"), "{}", flagged.err);

        let from_file = run(&[command, "--config", text(&file)]);
        assert_eq!((from_file.code, from_file.out.as_str()), (Some(1), ""));
        for part in [text(&socket), text(&file), "does not run", "takes a restart"] {
            assert!(from_file.err.contains(part), "{part}: {}", from_file.err);
        }
    }
}

#[test]
fn without_a_socket_to_ask_it_is_wrong_usage() {
    if Path::new(PACKAGED).exists() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, "fanout.peers = ['a:1']\n").unwrap();
    for command in ["reload", "status"] {
        let said = run(&[command, "--config", text(&file)]);
        assert_eq!(said.code, Some(2));
        for part in ["--socket", "server.control_socket", text(&file)] {
            assert!(said.err.contains(part), "{part}: {}", said.err);
        }
        assert_eq!(run(&[command, "--config", "/nonexistent/x.toml"]).code, Some(2));
    }
}

#[test]
fn an_answer_of_another_kind_is_a_failure() {
    for (command, answer) in [("reload", status()), ("status", verdict("applied")), ("status", json!({"error": "no"}))]
    {
        let (_folder, path, _asked) = daemon(&answer);
        let said = run(&[command, "--socket", text(&path)]);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
        assert!(said.err.starts_with("keyviz-fanout: "), "{}", said.err);
    }
}
