//! The control socket over its daemon's life (SPEC §5, `server.control_socket`; §8).

use std::{
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Output,
    thread,
    time::Duration,
};

use keyviz_fanout::fanout::MATRIX_PATH;
use serde_json::{Value, json};

use crate::{
    daemon::sample,
    running::{HEAD, Running, get, keyviz, whole},
    stub::{Act, Script, Stub, ok_json},
};

const PEERS: &str = "fanout.peers = ['127.0.0.1:1']\n";

fn socket_of(daemon: &Running) -> PathBuf {
    daemon.file.with_file_name("control.sock")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A file in a folder of its own for a daemon whose socket is at `socket`.
fn file_for(socket: &Path) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, whole(PEERS).replace("'control.sock'", &format!("'{}'", socket.display()))).unwrap();
    (folder, file)
}

#[test]
fn it_is_open_to_the_daemons_user_and_group_alone() {
    let daemon = Running::start(PEERS);
    let socket = fs::metadata(socket_of(&daemon)).unwrap();
    let process = fs::metadata(format!("/proc/{}", daemon.child.id())).unwrap();
    assert!(socket.file_type().is_socket());
    assert_eq!(format!("{:o}", socket.permissions().mode() & 0o7777), "660");
    assert_eq!((socket.uid(), socket.gid()), (process.uid(), process.gid()));
}

#[test]
fn a_second_daemon_at_the_same_socket_does_not_start_and_leaves_the_first_alone() {
    let first = Running::start(PEERS);
    let before = fs::metadata(socket_of(&first)).unwrap().ino();
    let (_folder, file) = file_for(&socket_of(&first));
    let second = keyviz(&["run", "--config", file.to_str().unwrap()]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let told = format!(
        "keyviz-fanout: open the control socket {} (server.control_socket): in use: another daemon answers there; end \
         that one, or name another path\n",
        socket_of(&first).display()
    );
    assert_eq!(err(&second), told);
    assert_eq!(fs::metadata(socket_of(&first)).unwrap().ino(), before);
    assert_eq!(first.asked("status")["pid"], first.child.id());
}

#[test]
fn what_a_killed_daemon_left_behind_is_taken_over() {
    let mut killed = Running::start(PEERS);
    killed.child.kill().unwrap();
    killed.child.wait().unwrap();
    assert!(socket_of(&killed).exists(), "nobody removed it");
    let asked = killed.command(&["status"]);
    assert_eq!(asked.status.code(), Some(1));
    assert!(err(&asked).contains("nobody listens there; the daemon that made it has ended"), "{}", err(&asked));

    let (folder, file) = file_for(&socket_of(&killed));
    let next = Running::over(folder, &file);
    assert_eq!(killed.asked("status")["pid"], next.child.id());
}

#[test]
fn an_end_in_order_removes_it() {
    for signal in ["-TERM", "-INT"] {
        let mut daemon = Running::start(PEERS);
        assert!(socket_of(&daemon).exists());
        daemon.signal(signal);
        assert!(daemon.ended().success());
        assert!(!socket_of(&daemon).exists(), "{signal}");
        let asked = daemon.command(&["status"]);
        assert!(err(&asked).contains("there is no such socket"), "{}", err(&asked));
    }
}

#[test]
fn the_commands_find_it_through_a_file_that_is_broken_elsewhere() {
    let daemon = Running::start(PEERS);
    for broken in ["fanout.timeuot = 3\n", "fanout.timeout = \n", "[merge\nstep = 'off'\n", "fanout.peers = ['a:1'\n"] {
        fs::write(&daemon.file, format!("{HEAD}{broken}")).unwrap();
        let reload = daemon.command(&["reload"]);
        assert_eq!(reload.status.code(), Some(1), "{broken}");
        assert!(err(&reload).ends_with("refused; generation 1 still runs\n"), "{}", err(&reload));
        let status = daemon.command(&["status", "--json"]);
        assert_eq!(status.status.code(), Some(0), "{broken}: {}", err(&status));
        let status: Value = serde_json::from_slice(&status.stdout).unwrap();
        assert_eq!((&status["pid"], &status["last_attempt"]["ok"]), (&json!(daemon.child.id()), &json!(false)));
    }
}

#[test]
fn a_daemon_that_is_ending_still_says_so_and_finishes_what_was_begun() {
    let slow: Script =
        [vec![Act::Pause(Duration::from_secs(4))], ok_json(keyviz_fanout::matrix::encode(&sample(1)))].concat();
    let node = Stub::serving("n1", slow);
    let text = format!("fanout.peers = ['{}']\nfanout.timeout = '20s'\nserver.shutdown_grace = '20s'", node.name());
    let mut daemon = Running::start(&text);
    let address = daemon.address;
    let in_flight = thread::spawn(move || get(address, MATRIX_PATH, ""));
    while node.asked(MATRIX_PATH).is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    daemon.signal("-TERM");
    let draining = std::iter::repeat_with(|| daemon.asked("status")).find(|status| status["draining"] == true);
    assert_eq!(draining.unwrap()["generation"], 1);
    let status = daemon.command(&["status"]);
    assert!(status.status.success(), "{}", err(&status));
    let shown = String::from_utf8(status.stdout).unwrap();
    assert!(shown.contains("ending") || shown.contains("draining"), "{shown}");
    assert_eq!(in_flight.join().unwrap().expect("an answer").status, 200);
    assert!(daemon.ended().success());
}
