//! The daemon's listener under thousands of connections, and short of file descriptors.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use async_std::task;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit};

use crate::{
    daemon::sample,
    running::{Running, get, keyviz, whole},
    stub::Stub,
    support::{PATIENCE, eventually},
};

const READY: &str = "/admin/readyz";
/// Beyond the connections of a daemon: its listener, its event loop, what it reads, those that are being refused.
const OTHER_FILES: usize = 128;

/// A daemon over two nodes that are well.
struct Scene {
    nodes: [Stub; 2],
    daemon: Running,
}

impl Scene {
    /// With these keys, by the command that `command` makes of its own.
    fn start(keys: &str, command: impl FnOnce(Command, &Path) -> Command) -> Self {
        let nodes = [1, 2].map(|number| Stub::node(&format!("n{number}"), &sample(number)));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, whole(&with_peers(keys, &nodes))).unwrap();
        let run = keyviz(&["run", "--config", file.to_str().unwrap()]);
        let daemon = Running::launched(folder, &file, command(run, &file));
        Self { nodes, daemon }
    }

    /// One whose process may open `limit` files and no more.
    fn with_files(limit: u32, keys: &str) -> Self {
        Self::start(keys, |_, file| {
            let mut shell = Command::new("/bin/sh");
            shell.env_clear().env("HOME", "/nonexistent").stdin(Stdio::null());
            shell.args(["-c", &format!("ulimit -n {limit}; exec \"$0\" run --config \"$1\"")]);
            shell.arg(env!("CARGO_BIN_EXE_keyviz-fanout")).arg(file);
            shell
        })
    }

    fn edit(&self, keys: &str) {
        self.daemon.edit(&with_peers(keys, &self.nodes));
    }

    fn crowd(&self, size: usize) -> Vec<TcpStream> {
        (0..size).map(|_| TcpStream::connect(self.daemon.address).unwrap()).collect()
    }

    /// The matrix, merged of both nodes, is had sooner or later.
    fn serves_the_matrix(&self) {
        let asked = async || {
            let answer = get(self.daemon.address, keyviz_fanout::fanout::MATRIX_PATH, "")?;
            (answer.status == 200).then(|| assert_eq!(answer.header("X-Keyviz-Responded"), Some("2/2")))
        };
        task::block_on(eventually("a merged matrix", asked));
    }

    /// The value of a series, from an answer that is had sooner or later.
    fn metric(&self, series: &str) -> u64 {
        let asked = async || {
            let answer = get(self.daemon.address, "/metrics", "").filter(|answer| answer.status == 200)?;
            let value = answer.body.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
            Some(value.unwrap_or_else(|| panic!("no {series} in {}", answer.body)).parse().unwrap())
        };
        task::block_on(eventually("metrics", asked))
    }

    fn limit_files(&self, files: u64) {
        let pid = Pid::from_raw(i32::try_from(self.daemon.child.id()).unwrap()).unwrap();
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(files), maximum }).unwrap();
    }
}

fn with_peers(keys: &str, [one, two]: &[Stub; 2]) -> String {
    format!("{keys}\nfanout.peers = ['{}', '{}']\n", one.name(), two.name())
}

#[test]
fn ten_thousand_half_open_connections_keep_nobody_out() {
    const CROWD: usize = 10_000;
    let needed = CROWD as u64 + 2000;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if maximum.is_some_and(|maximum| maximum < needed) {
        println!("skipped: the hard limit on open files is {maximum:?}, and this takes {needed}");
        return;
    }
    if current.is_some_and(|current| current < needed) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum }).unwrap();
    }
    let scene = Scene::start("", |command, _| command);
    let mut held = scene.crowd(CROWD / 2);
    for client in held.iter_mut().step_by(2) {
        // One that was refused already may have been closed.
        let _ = client.write_all(b"GET /admin/healthz HTTP/1.1\r\nHost: local");
    }
    held.extend(scene.crowd(CROWD / 2));
    for _ in 0..10 {
        scene.serves_the_matrix();
        assert_eq!(scene.daemon.get(READY).status, 200);
    }
    assert!(scene.daemon.usage().files <= 1024 + OTHER_FILES, "{:?}", scene.daemon.usage());
    assert!(scene.metric("keyviz_fanout_connections") <= 1024);
    let over = |reason: &str| scene.metric(&format!("keyviz_fanout_connections_refused_total{{reason=\"{reason}\"}}"));
    let others = over("limit") + over("crowd") + scene.metric("keyviz_fanout_connections_evicted_total");
    assert!(others > 0);
    drop(held);
    scene.serves_the_matrix();
}

#[test]
fn short_of_descriptors_it_takes_fewer_connections_and_does_all_it_did() {
    let scene = Scene::with_files(64, "");
    let log = scene.daemon.log();
    let warned =
        "server.max_connections is 1024, but only 14 connections are taken at once: this process may open 64 files";
    assert!(log.contains(warned) && log.contains("LimitNOFILE="), "{log}");
    assert_eq!(scene.metric("keyviz_fanout_connections_max"), 14);
    assert_eq!(scene.metric("process_max_fds"), 64);
    let held = scene.crowd(200);
    scene.serves_the_matrix();
    // What it reads, and who asks on its control socket, take descriptors too.
    scene.edit("fanout.timeout = '3s'");
    let reload = scene.daemon.command(&["reload"]);
    assert!(reload.status.success(), "{}", String::from_utf8_lossy(&reload.stderr));
    assert_eq!(scene.daemon.get(READY).generation(), 2);
    for _ in 0..3 {
        let _more = scene.crowd(50);
        // While all of them are young: it is over the limit, and gets its answer all the same.
        assert_eq!(scene.daemon.get(READY).status, 200);
        scene.serves_the_matrix();
    }
    assert!(scene.metric("process_open_fds") <= 64);
    drop(held);
    scene.serves_the_matrix();
    let log = scene.daemon.log();
    assert!(!log.contains("accept a connection"), "{log}");
    assert_eq!(log.matches("server.max_connections is").count(), 1, "{log}");
}

#[test]
fn an_edit_of_the_limit_shares_the_descriptors_anew() {
    let scene = Scene::with_files(200, "server.max_connections = 10");
    assert!(!scene.daemon.log().contains("server.max_connections is"));
    assert_eq!(scene.metric("keyviz_fanout_connections_max"), 10);
    scene.edit("server.max_connections = 5000");
    assert!(scene.daemon.command(&["reload"]).status.success());
    let shown = scene.metric("keyviz_fanout_connections_max");
    assert!((11..200).contains(&shown), "{shown}");
    let warned = format!("server.max_connections is 5000, but only {shown} connections are taken at once");
    assert!(scene.daemon.log().contains(&warned), "{}", scene.daemon.log());
    scene.edit("server.max_connections = 12");
    assert!(scene.daemon.command(&["reload"]).status.success());
    assert_eq!(scene.metric("keyviz_fanout_connections_max"), 12);
}

#[test]
fn without_any_descriptor_left_it_waits_and_goes_on() {
    let scene = Scene::start("", |command, _| command);
    scene.serves_the_matrix();
    // Fewer than it has open already.
    scene.limit_files(4);
    let mut waiting = TcpStream::connect(scene.daemon.address).unwrap();
    waiting.write_all(b"GET /admin/readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let complained = async || scene.daemon.log().contains("accept a connection: Too many open files").then_some(());
    task::block_on(eventually("a complaint", complained));
    thread::sleep(Duration::from_secs(3));
    let complaints = scene.daemon.log().matches("accept a connection").count();
    assert!(complaints <= 5, "once a second at most: {complaints}");
    scene.limit_files(1000);
    waiting.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    scene.serves_the_matrix();
    let failures = scene.metric("keyviz_fanout_accept_errors_total");
    assert!((1..1000).contains(&failures), "it pauses between two attempts: {failures}");
}
