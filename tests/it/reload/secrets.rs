//! No secret is ever shown, wherever it was written by mistake and whoever asks (SPEC §6).

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Output,
};

use keyviz_fanout::fanout::{CLUSTER_PATH, MATRIX_PATH};

use super::manager::Manager;
use crate::{
    daemon::sample,
    fanout_redaction::assert_hidden,
    running::{Running, get, keyviz},
    stub::{Script, Stub, ok_json, response, with_header},
    support::PATIENCE,
};

/// No piece of it is part of anything that is meant to be shown.
const CANARY: &str = "qz7vkx2mwp9ltr4s";
const OTHER: &str = "j5hnw8bgxc3yfd6k";

const BASE: &str = "server.listen = '127.0.0.1:0'\nserver.control_socket = 'control.sock'\nlog.level = 'trace'\n";
const PEERS: &str = "fanout.peers = ['127.0.0.1:1']\n";

/// A daemon that tells all it can, to everybody who listens.
struct Talker {
    daemon: Running,
    manager: Manager,
}

impl Talker {
    fn start(text: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, format!("{BASE}{text}")).unwrap();
        prepare(folder.path());
        let manager = Manager::beside(folder.path());
        let mut command = keyviz(&["run", "--config", file.to_str().unwrap()]);
        manager.watch(&mut command);
        Self { daemon: Running::launched(folder, &file, command), manager }
    }

    /// Everything that is said on request: the commands with their exit codes, and HTTP.
    fn asked(&self, headers: &str) -> Vec<(String, Option<i32>, String)> {
        let file = self.daemon.file.to_str().unwrap();
        let socket = self.daemon.file.with_file_name("control.sock");
        let socket = socket.to_str().unwrap();
        let commands = [
            vec!["check", file],
            vec!["check", file, "--json"],
            vec!["check", file, "--print"],
            vec!["reload", "--socket", socket],
            vec!["reload", "--socket", socket, "--json"],
            vec!["status", "--socket", socket],
            vec!["status", "--socket", socket, "--json"],
        ];
        let commands = commands.map(|arguments| {
            let output = keyviz(&arguments).output().unwrap();
            (arguments.join(" "), output.status.code(), both(&output))
        });
        let paths = ["/admin/api/v1/keyviz/config", MATRIX_PATH, CLUSTER_PATH, "/metrics", "/nowhere"];
        let answers = paths.map(|path| {
            let answer = get(self.daemon.address, path, headers).unwrap();
            (path.to_owned(), None, format!("{}\n{}", answer.head, answer.body))
        });
        commands.into_iter().chain(answers).collect()
    }

    fn assert_silent_about(&self, what: &str, headers: &str, secrets: &[&str]) {
        for (asked, _, told) in self.asked(headers) {
            // The local node's own answer is passed on as it is (SPEC §2).
            if asked == CLUSTER_PATH && told.starts_with("HTTP/1.1 200 ") {
                continue;
            }
            for secret in secrets {
                assert_hidden(&format!("{what}: {asked}"), &told, secret);
            }
        }
        self.assert_nothing_leaked(secrets);
    }

    /// The log and what systemd was told.
    fn assert_nothing_leaked(&self, secrets: &[&str]) {
        let log = self.daemon.log();
        assert!(log.contains(" TRACE "), "it logs all it can:\n{log}");
        for secret in secrets {
            assert_hidden("the log", &log, secret);
            assert_hidden("systemd's status", &self.manager.told().concat(), secret);
        }
    }
}

fn both(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes);
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// Files with a password where none belongs; `SECRET` stands for it.
const MISTAKES: &[&str] = &[
    "fanout.peers = ['http://user:SECRET@host']",
    "fanout.peers = ['http://user:SECRET@host:8080/path?query']",
    "fanout.peers = ['a:1', 'SECRET@host:8080', 'b:1']",
    "fanout.peers = ['user:SECRET@host:8080']",
    "fanout.peers = ['user:SECRET']",
    "fanout.peers = ['user:SECRET:8080']",
    "fanout.peers = ['user:SECRET/path@host']",
    "fanout.peers = ['user:SECRET/path']",
    "fanout.peers = ['user:SECRET host']",
    "fanout.peers = ['user:SECRET://host']",
    "fanout.peers = [':SECRET']",
    "fanout.peers = ['http//user:SECRET@host:80']",
    "fanout.peers = ['http://user:SECRET%40host:80']",
    "fanout.peers = ['http://user:SECRET@[::1']",
    "fanout.peers = ['http://user:\\u0000SECRET@host']",
    "fanout.peers = [\"http://user:\\u0000SECRET\"]",
    "fanout.peers = 'http://user:SECRET@host'",
    "fanout.peers = 'SECRET@host:8080, SECRET@host:8081'",
    "fanout.peers = [['http://user:SECRET@host']]",
    "fanout.peers = [{ url = 'http://user:SECRET@host' }]",
    "fanout.peers = { 'http://user:SECRET@host' = 1 }",
    "fanout = 'http://user:SECRET@host'",
    "fanout = ['http://user:SECRET@host']",
    "fanout.peers = ['http://user:SECRET@host",
    "fanout.peers = [http://user:SECRET@host]",
    "fanout.peers = [\n  http://user:SECRET@host,\n  SECRET@host:8080\n]",
    "fanout.peers =\n  SECRET@host:8080",
    "fanout.peers = ['a:1']\nhttp://user:SECRET@host",
    "fanout.peers = ['a:1'] SECRET@host",
    "fanout.peers = ['a:1']SECRET@host",
    "fanout.peers = ['http://user:it's SECRET@host']",
    "fanout.peers = ['a:1']\nfanout.peer = ['http://user:SECRET@host']",
    "fanout.peers = ['a:1']\nfanout.password = 'SECRET'",
    "fanout.peers = ['a:1']\nfanout.'http://user:SECRET@host' = 1",
    "fanout.peers = ['a:1']\n'http://user:SECRET@host' = 1",
    "fanout.peers = ['a:1']\n[fanout.'SECRET@host']\ntimeout = '2s'",
    "fanout.peers = ['a:1']\n['SECRET@host:8080']\ntimeout = '2s'",
    "fanout.peers = ['a:1']\n[SECRET@host]",
    "fanout.peers = ['http://user:SECRET@host']\nfanout.peers = ['http://user:SECRET@other']",
    "fanout.peers = ['a:1']\nfanout.'SECRET@host' = 1\nfanout.'SECRET@host' = 2",
    "fanout.peers = ['a:1']\nfanout.timeout = 3 # http://user:SECRET@host",
    "fanout.peers = ['a:1']\nfanout.timeout = # http://user:SECRET@host",
    "fanout.peers = ['a:1'\n# http://user:SECRET@host\nfanout.timeout = '2s'",
    "fanout.peers = ['a:1']\nfanout.timeout = 'http://user:SECRET@host'",
    "fanout.peers = ['a:1']\nmerge.step = 'http://user:SECRET@host'",
    "fanout.peers = ['a:1']\nserver.allowed_hosts = ['http://user:SECRET@host']",
    "local.source = 'http'\nlocal.url = 'http://user:SECRET@host'",
    "local.source = 'http'\nlocal.url = 'SECRET@host'",
    "local.source = 'http'\nlocal.url = 'http://user:SECRET'",
    "local.source = 'http'\nlocal.url = 'user:SECRET'",
    "local.source = 'http'\nlocal.url = ['http://user:SECRET@host']",
    "local.source = 'http'\nlocal.url = http://user:SECRET@host",
    "local.source = 'http'\nlocal.url = \"http://user:\\xSECRET@host\"",
    "local.source = 'http://user:SECRET@host'",
    "SECRET",
    "SECRET@host",
];

#[test]
fn a_password_in_the_file_is_refused_without_being_repeated() {
    let talker = Talker::start(&format!("{PEERS}auth.mode = 'none'"), |_| ());
    for mistake in MISTAKES {
        let text = mistake.replace("SECRET", CANARY);
        fs::write(&talker.daemon.file, format!("{BASE}auth.mode = 'none'\n{text}\n")).unwrap();
        for (asked, code, told) in talker.asked("") {
            assert_hidden(&format!("{mistake}: {asked}"), &told, CANARY);
            let refuses = asked.starts_with("check") || asked.starts_with("reload");
            assert!(!refuses || code == Some(1), "{mistake}: {asked}: {told}");
        }
        let start = keyviz(&["run", "--config", talker.daemon.file.to_str().unwrap()]).output().unwrap();
        assert_eq!(start.status.code(), Some(78), "{mistake}");
        assert_hidden(&format!("{mistake}: run"), &both(&start), CANARY);
    }
    talker.assert_nothing_leaked(&[CANARY]);
    assert!(talker.manager.told().concat().contains("REFUSED"), "systemd was told of them");
}

#[test]
fn a_token_is_not_shown_old_or_new_or_where_it_is_none() {
    let text = format!("{PEERS}auth.mode = 'none'\nserver.metrics_token_file = 'token'");
    let talker = Talker::start(&text, |folder| fs::write(folder.join("token"), CANARY).unwrap());
    let token = talker.daemon.file.with_file_name("token");
    let bearers = [CANARY, OTHER].map(|bearer| format!("Authorization: Bearer {bearer}\r\n"));
    talker.assert_silent_about("the first", &bearers[0], &[CANARY, OTHER]);
    fs::write(&token, format!("{OTHER}\n")).unwrap();
    talker.assert_silent_about("the second", &bearers[0], &[CANARY, OTHER]);
    assert_eq!(talker.daemon.config()["generation"], 2, "it was taken");

    for contents in [
        format!("{CANARY} {OTHER}"),
        format!("{CANARY}\n{OTHER}\n"),
        format!("{CANARY}\0"),
        CANARY.repeat(1000),
        CANARY.repeat(1 << 17),
    ] {
        fs::write(&token, contents).unwrap();
        assert_eq!(talker.daemon.asked("reload")["result"], "rejected");
        talker.assert_silent_about("no token", &bearers[1], &[CANARY, OTHER]);
    }
    fs::write(&token, [CANARY.as_bytes(), b"\xff"].concat()).unwrap();
    talker.assert_silent_about("no text", &bearers[1], &[CANARY, OTHER]);
}

/// What a node may do with the session that it was shown.
fn echoes() -> [Script; 6] {
    let node = format!(r#"{{"node_id":"{CANARY}","error":"{CANARY}","message":"{OTHER}"}}"#);
    [
        response("500 Internal Server Error", format!("admin_session={CANARY}; admin_csrf={OTHER}")),
        response("401 Unauthorized", &node),
        with_header("200 OK", &format!("Content-Encoding: {CANARY}"), "{}"),
        with_header("302 Found", &format!("Location: http://{OTHER}@127.0.0.1:1/{CANARY}"), ""),
        ok_json(&node),
        ok_json(format!(
            r#"{{"column_unix_ms":[1],"rows":[{{"bucket_id":"{CANARY}","values":[]}}],"series":"writes"}}"#
        )),
    ]
}

#[test]
fn a_callers_session_is_not_shown_whatever_the_nodes_do_with_it() {
    let (local, peer) = (Stub::node("n1", &sample(1)), Stub::node("n2", &sample(2)));
    let local_too = format!("local.source = 'http'\nlocal.url = 'http://{}'", local.name());
    let talker = Talker::start(&format!("{local_too}\nfanout.peers = ['{}']", peer.name()), |_| ());
    let cookie = format!("Cookie: admin_session={CANARY}; admin_csrf={OTHER}; other={OTHER}\r\n");
    talker.assert_silent_about("healthy nodes", &cookie, &[CANARY, OTHER]);
    assert!(!peer.asked(MATRIX_PATH).is_empty(), "the session opens the matrix");
    for node in [&peer, &local] {
        for script in echoes() {
            node.answer(MATRIX_PATH, script.clone());
            node.answer(CLUSTER_PATH, script);
            talker.assert_silent_about("an echo", &cookie, &[CANARY, OTHER]);
        }
    }
}

#[test]
fn a_request_that_is_none_does_not_bring_its_secrets_into_the_log() {
    let talker = Talker::start(PEERS, |_| ());
    let last = |head: &str| format!("{head}\r\nConnection: close\r\n\r\n");
    let long = last(&format!("GET / HTTP/1.1\r\nHost: localhost\r\nCookie: admin_session={}", CANARY.repeat(1 << 14)));
    for request in [
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nCookie: admin_session={CANARY}\u{1}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nCookie admin_session={CANARY}\r\n\r\n"),
        last(&format!("GET / HTTP/1.1\r\nHost: user:{CANARY}@localhost")),
        last(&format!("GET http://user:{CANARY}@localhost/metrics HTTP/1.1\r\nHost: localhost")),
        last(&format!("GET http://user:{CANARY}@localhost:65536/metrics HTTP/1.1\r\nHost: localhost")),
        last(&format!("GET {MATRIX_PATH} HTTP/1.1\r\nHost: elsewhere\r\nCookie: admin_session={CANARY}")),
        last(&format!("POST {MATRIX_PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {CANARY}")),
        last(&format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {CANARY}")),
        format!("{CANARY}\r\n\r\n"),
        long,
    ] {
        let mut client = TcpStream::connect(talker.daemon.address).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        // A server that has seen enough closes before it has read all.
        let _ = client.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer);
        let (asked, answer) = (&request[..60.min(request.len())], String::from_utf8_lossy(&answer));
        // Closed with so much unread, the connection may be reset before the answer is read.
        assert!(answer.starts_with("HTTP/1.1 ") || request.len() > CANARY.len() << 14, "{asked}: {answer}");
        assert_hidden(asked, &answer, CANARY);
    }
    talker.assert_nothing_leaked(&[CANARY]);
}
