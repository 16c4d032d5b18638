//! Where the file, its path or the moment is odd.

use std::{
    ffi::OsStr,
    fs,
    io::Write,
    net::TcpListener,
    os::unix::{ffi::OsStrExt, process::ExitStatusExt},
    process::Command,
    thread,
    time::Duration,
};

use async_std::task;
use serde_json::{Value, json};

use crate::{
    running::{Running, get, keyviz, whole},
    support::eventually,
};

const PEERS: &str = "fanout.peers = ['127.0.0.1:1']\n";

/// A drain may take long; nothing is applied in it, and nothing is done over and over.
#[test]
fn while_it_drains_a_daemon_keeps_what_it_runs_and_rests() {
    let peer = TcpListener::bind("127.0.0.1:0").unwrap();
    let text = format!("fanout.peers = ['{}']\nfanout.timeout = '1m'", peer.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, format!("server.listen = '127.0.0.1:0'\nauth.mode = 'none'\n{text}\n")).unwrap();
    let mut daemon = Running::over(folder, &file);
    let address = daemon.address;
    let in_flight = thread::spawn(move || get(address, "/admin/api/v1/keyviz/matrix", ""));
    let called = peer.accept().unwrap();
    daemon.signal("-TERM");
    let reloads = || {
        let metrics = daemon.get("/metrics").body;
        let counts = metrics.lines().filter(|line| line.contains("config_reloads_total{"));
        counts.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum::<u64>()
    };
    let drains = async || get(address, "/admin/readyz", "").filter(|answer| answer.status == 503).map(drop);
    task::block_on(eventually("the drain", drains));
    let before = reloads();
    fs::write(&file, whole("fanout.peers = ['127.0.0.1:2']")).unwrap();
    thread::sleep(Duration::from_secs(1));
    assert_eq!(reloads(), before);
    drop((called, peer));
    assert_eq!(in_flight.join().unwrap().unwrap().generation(), 1);
    assert_eq!(daemon.ended().code(), Some(0));
}

/// The first half is a valid file of its own, and must not run even where somebody asks in the middle of the writing.
#[test]
fn whoever_asks_in_the_middle_of_a_write_gets_the_whole() {
    let daemon = Running::start(PEERS);
    let text = whole(&format!("{PEERS}fanout.timeout = '3s'\nfanout.row_limit = 7"));
    let (half, rest) = text.split_at(text.find("fanout.row_limit").unwrap());
    let mut file = fs::File::create(&daemon.file).unwrap();
    file.write_all(half.as_bytes()).unwrap();
    daemon.signal("-HUP");
    thread::scope(|scope| {
        let reload = scope.spawn(|| daemon.command(&["reload"]));
        thread::sleep(Duration::from_millis(150));
        file.write_all(rest.as_bytes()).unwrap();
        drop(file);
        assert!(reload.join().unwrap().status.success());
    });
    let config = daemon.runs_timeout("3s");
    assert_eq!((&config["generation"], &config["effective"]["fanout"]["row_limit"]), (&json!(2), &json!(7)));
}

#[test]
fn what_waits_for_a_restart_is_told_with_every_verdict() {
    let daemon = Running::start(PEERS);
    fs::write(&daemon.file, whole(PEERS).replace("127.0.0.1:0", "127.0.0.1:7")).unwrap();
    daemon.config_when("the edit", |config| config["pending_restart"] != json!([]));
    let reload = daemon.command(&["reload", "--json"]);
    let told: Value = serde_json::from_slice(&reload.stdout).unwrap();
    assert_eq!((&told["result"], &told["pending_restart"][0]["key"]), (&json!("unchanged"), &json!("server.listen")));
    let reload = String::from_utf8(daemon.command(&["reload"]).stdout).unwrap();
    assert!(reload.contains("127.0.0.1:7"), "{reload}");
}

#[test]
fn a_path_that_is_no_text_is_shown_as_well_as_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join(OsStr::from_bytes(b"odd\xff"));
    fs::create_dir(&odd).unwrap();
    let file = odd.join("config.toml");
    fs::write(&file, whole(PEERS)).unwrap();
    let mut command = keyviz(&["run", "--config"]);
    command.arg(&file);
    let daemon = Running::launched(folder, &file, command);
    let path = file.to_string_lossy().into_owned();
    let config = daemon.config_when("what is watched", |config| config["watch"]["paths"] == json!([path]));
    assert_eq!((&config["source"]["path"], &config["source"]["searched"]), (&json!(path), &json!([path])));
    let mut status = keyviz(&["status", "--config"]);
    let status = status.arg(&file).output().unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
}

#[test]
fn a_pipe_is_refused_at_start_and_a_file_in_its_place_later_is_taken() {
    let daemon = Running::start(PEERS);
    let mkfifo = || {
        fs::remove_file(&daemon.file).unwrap();
        assert!(Command::new("mkfifo").arg(&daemon.file).status().unwrap().success());
    };
    mkfifo();
    let start = daemon.command(&["run"]);
    let err = String::from_utf8_lossy(&start.stderr).into_owned();
    assert_eq!((start.status.code(), start.status.signal()), (Some(2), None), "{err}");
    assert!(err.contains("is a pipe"), "{err}");
    daemon.config_when("its refusal", |config| config["last_attempt"]["ok"] == false);
    fs::remove_file(&daemon.file).unwrap();
    daemon.edit(&format!("{PEERS}fanout.timeout = '3s'"));
    assert_eq!(daemon.runs_timeout("3s")["last_attempt"]["trigger"], "watch");
}

#[test]
fn a_socket_that_the_configuration_can_not_have_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    for (socket, code) in [("none/control.sock", 78), ("config.toml", 78)] {
        fs::write(&file, whole(PEERS).replace("control.sock", socket)).unwrap();
        let started = keyviz(&["run", "--config", file.to_str().unwrap()]).output().unwrap();
        let err = String::from_utf8_lossy(&started.stderr);
        assert_eq!(started.status.code(), Some(code), "{socket}: {err}");
        assert!(err.contains("server.control_socket"), "{err}");
    }
}

/// Few will read them all, and each look at the daemon's state would carry them.
#[test]
fn of_very_many_problems_the_first_are_kept() {
    let daemon = Running::start(PEERS);
    let many: String = (0..500).map(|i| format!("fanout.unknown_{i} = 1\n")).collect();
    daemon.edit(&format!("{PEERS}{many}"));
    let reload = daemon.command(&["reload", "--json"]);
    let told: Value = serde_json::from_slice(&reload.stdout).unwrap();
    let errors = told["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 101);
    assert_eq!(errors[100]["message"], "and 400 more, which `keyviz-fanout check` prints");
    let check = daemon.command(&["check"]);
    assert_eq!(String::from_utf8(check.stdout).unwrap().lines().count(), 500);
}
