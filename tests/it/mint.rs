//! `auth.mode = "mint"` (SPEC §7, WIRE §4): sessions are verified here, and nodes see one of the daemon's own.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use keyviz_fanout::{
    api::{Candidate, Service},
    config::open,
    fanout::MATRIX_PATH,
    session::{Keys, SigningKey},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    daemon::{Answer, Daemon, get, sample},
    network::{A, B, Network, Said},
    running::{self, Running, keyviz},
    stub::Stub,
};

fn key_text(fill: u8) -> String {
    BASE64_STANDARD.encode([fill; 64])
}

fn keys(fill: u8) -> Keys {
    Keys::new(SigningKey::parse(key_text(fill).as_bytes()).unwrap(), None)
}

/// A session that is good now, made with the key of this fill.
fn session(fill: u8) -> String {
    keys(fill).mint(Timestamp::now().as_second()).0
}

fn write_key(path: &Path, fill: u8) {
    fs::write(path, key_text(fill) + "\n").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// A folder with the keys `key` and `previous`, of fill 1 and 2, and a file that begins with `head`.
fn folder(head: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    write_key(&folder.path().join("key"), 1);
    write_key(&folder.path().join("previous"), 2);
    let file = folder.path().join("config.toml");
    fs::write(&file, head).unwrap();
    (folder, file)
}

const MINT: &str = "auth.mode = 'mint'\nauth.signing_key_file = 'key'\nauth.previous_key_file = 'previous'\n";

/// A daemon over in-memory nodes at A and B, with these lines in its file.
fn daemon(network: &Network, lines: &str) -> Daemon {
    let (_folder, file) = folder(&format!("{lines}fanout.peers = ['{A}', '{B}']\n"));
    let opened = open(Some(&file), &|_| None).unwrap();
    let client = surf::Client::with_http_client(network.clone());
    Daemon { service: Service::builder(Candidate::build(opened).unwrap()).client(client).build() }
}

fn ask(daemon: &Daemon, path: &str, session: &str) -> Answer {
    daemon.send(get(path, &[("Cookie", &format!("admin_session={session}; admin_csrf=csrf-of-the-caller"))]))
}

/// The sessions that the nodes were shown; each must be one of the daemon's own.
fn assert_own_sessions(network: &Network) {
    let calls = network.all_calls();
    assert!(!calls.is_empty());
    for (_, call) in calls {
        let cookie = call.cookie.expect("a session");
        let shown = cookie.strip_prefix("admin_session=").expect("no other cookie");
        assert_eq!(keys(1).verify(shown, Timestamp::now().as_second()), Ok(()), "{cookie}");
        let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(shown.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!((&claims["role"], &claims["sub"]), (&json!("read_only"), &json!("keyviz-fanout")));
        assert!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() == 60);
    }
}

#[test]
fn a_good_session_reads_and_the_nodes_see_another() {
    let network = Network::of(&[A, B]);
    let daemon = daemon(&network, MINT);
    for caller in [session(1), session(2)] {
        let answer = ask(&daemon, MATRIX_PATH, &caller);
        answer.assert_merge_of(&[&sample(1), &sample(2)]);
        assert_eq!(ask(&daemon, "/admin/api/v1/keyviz/config", &caller).status, 200);
        assert!(network.all_calls().iter().all(|(_, call)| !call.cookie.as_ref().unwrap().contains(&caller)));
    }
    assert_own_sessions(&network);
}

#[test]
fn whatever_is_wrong_with_a_session_the_answer_is_the_same_and_nobody_is_asked() {
    let network = Network::of(&[A, B]);
    let daemon = daemon(&network, MINT);
    let now = Timestamp::now().as_second();
    let (late, early, good) = (keys(1).mint(now - 61).0, keys(1).mint(now + 40).0, session(1));
    let without_signature = good.rsplit_once('.').unwrap().0.to_owned();
    let none = daemon.send(get(MATRIX_PATH, &[]));
    assert_eq!((none.status, none.code()), (401, "unauthenticated".into()));
    for bad in [late, early, session(3), without_signature, good[1..].to_owned(), format!("{good}x"), "x".into()] {
        for path in [MATRIX_PATH, "/admin/api/v1/cluster", "/admin/api/v1/keyviz/config"] {
            let answer = ask(&daemon, path, &bad);
            assert_eq!((answer.status, answer.text()), (401, none.text()), "{path}: {bad}");
        }
    }
    assert_eq!(network.all_calls(), []);
}

/// The nodes' verdict is on the daemon's session then, not on the caller's.
#[test]
fn nodes_that_refuse_our_session_are_told_as_such() {
    let network = Network::of(&[A, B]);
    network.say(B, MATRIX_PATH, Said::error(401, "unauthenticated"));
    let daemon = daemon(&network, MINT);
    let answer = ask(&daemon, MATRIX_PATH, &session(1));
    assert_eq!((answer.status, answer.failure(B).0.as_str()), (200, "auth"));
}

#[test]
fn without_authorization_but_with_a_key_nodes_still_see_a_session() {
    let network = Network::of(&[A, B]);
    let daemon = daemon(&network, "auth.mode = 'none'\nauth.signing_key_file = 'key'\n");
    let answer = daemon.send(get(MATRIX_PATH, &[("Cookie", "admin_session=of-the-caller")]));
    answer.assert_merge_of(&[&sample(1), &sample(2)]);
    assert_own_sessions(&network);
}

#[test]
fn a_key_that_others_may_read_or_that_is_none_is_refused_with_the_mend() {
    let (folder, file) = folder(&format!("{MINT}fanout.peers = ['a:1']\n"));
    let check = || {
        let check = keyviz(&["check", file.to_str().unwrap()]).output().unwrap();
        (check.status.code(), String::from_utf8(check.stdout).unwrap())
    };
    assert_eq!(check().0, Some(0));
    let key = folder.path().join("key");
    for (mode, valid) in [(0o644, false), (0o660, false), (0o750, false), (0o640, true), (0o400, true)] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let (code, told) = check();
        assert_eq!(code, Some(i32::from(!valid)), "{told}");
        let mend = format!("run `chmod 0640 {}`", key.display());
        assert!(valid || told.contains(":2:25: auth.signing_key_file: ") && told.contains(&mend), "{told}");
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    for (text, told) in [("AAAA", "has 3 bytes, not 64"), ("no key", "as base64")] {
        fs::write(&key, text).unwrap();
        let (code, out) = check();
        assert!(code == Some(1) && out.contains(told), "{out}");
    }
}

#[test]
fn keys_are_changed_while_it_runs_and_the_commands_make_sessions_with_them() {
    let node = Stub::node("n1", &sample(1));
    let head = format!("{MINT}{}fanout.peers = ['{}']\n", running::HEAD, node.name());
    let (folder, file) = folder(&head);
    let key = folder.path().join("key");
    let daemon = Running::over(folder, &file);
    let status = |fill: u8| {
        let cookie = format!("Cookie: admin_session={}\r\n", session(fill));
        running::get(daemon.address, MATRIX_PATH, &cookie).unwrap().status
    };
    assert_eq!([1, 2, 3].map(status), [200, 200, 401]);
    write_key(&key, 3);
    assert!(daemon.command(&["reload"]).status.success());
    assert_eq!([1, 2, 3].map(status), [401, 200, 200]);

    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(daemon.command(&["reload"]).status.code(), Some(1));
    assert_eq!(status(3), 200, "what ran goes on");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();

    let url = format!("http://{}", daemon.address);
    let query = daemon.command(&["query", "--format", "json", "--url", &url]);
    let answer: Value = serde_json::from_slice(&query.stdout).unwrap();
    assert_eq!(answer["fanout"]["responded"], 1, "{}", String::from_utf8_lossy(&query.stderr));
    let peers = daemon.command(&["peers"]);
    assert!(peers.status.success(), "{}", String::from_utf8_lossy(&peers.stderr));
    let shown: Vec<_> = node.asked(MATRIX_PATH).iter().map(|seen| seen.header("Cookie").unwrap().to_owned()).collect();
    let now = Timestamp::now().as_second();
    let good = |cookie: &&String| keys(3).verify(&cookie["admin_session=".len()..], now).is_ok();
    assert!(shown.iter().filter(good).count() >= 3, "{}", shown.len());
}
