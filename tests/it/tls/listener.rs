//! The daemon behind `server.tls_cert_file`.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use async_std::task;
use keyviz_fanout::{
    fanout::MATRIX_PATH,
    http::{
        HyperClient, Trust,
        rustls::{
            ClientConfig, ClientConnection, RootCertStore, StreamOwned,
            pki_types::{CertificateDer, pem::PemObject},
        },
    },
};
use surf::http::{Request, Url};
use tempfile::TempDir;

use super::authority::{Authority, Pair};
use crate::{
    daemon::sample,
    running::{Running, keyviz, whole},
    stub::Stub,
    support::eventually,
};

const PAIR: &str = "server.tls_cert_file = 'cert.pem'\nserver.tls_key_file = 'key.pem'\ntls.ca_file = 'roots.pem'\n";

/// A daemon over a node that is well, with these files beside its own.
struct Scene {
    authority: Authority,
    node: Stub,
    daemon: Running,
}

impl Scene {
    fn new(keys: &str) -> Self {
        let (authority, node) = (Authority::new("roots"), Stub::node("n1", &sample(1)));
        let folder = folder(&authority, &authority.pair(&["localhost"]));
        let file = folder.path().join("config.toml");
        fs::write(&file, whole(&format!("{keys}fanout.peers = ['{}']\n", node.name()))).unwrap();
        Self { daemon: Running::over(folder, &file), authority, node }
    }

    /// Sooner or later.
    fn is_answered(&self) {
        let asked = async || (self.ask(&self.authority) == Ok(200)).then_some(());
        task::block_on(eventually("an answer", asked));
    }

    fn edit(&self, keys: &str) {
        self.daemon.edit(&format!("{keys}fanout.peers = ['{}']\n", self.node.name()));
        let reload = self.daemon.command(&["reload"]);
        assert!(reload.status.success(), "{}", String::from_utf8_lossy(&reload.stderr));
    }

    fn show(&self, pair: &Pair) {
        pair.write(self.daemon.file.parent().unwrap());
        assert!(self.daemon.command(&["reload"]).status.success());
    }

    fn url(&self) -> String {
        format!("https://localhost:{}", self.daemon.address.port())
    }

    fn ask(&self, authority: &Authority) -> Result<u16, String> {
        ask(self.daemon.address, &trust(authority))
    }
}

fn folder(authority: &Authority, pair: &Pair) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("roots.pem"), &authority.pem).unwrap();
    pair.write(folder.path());
    folder
}

fn trust(authority: &Authority) -> Trust {
    Trust::with_roots(authority.pem.as_bytes()).unwrap()
}

/// A connection that stays open from one request to the next.
struct Open(StreamOwned<ClientConnection, TcpStream>);

impl Open {
    fn new(address: SocketAddr, authority: &Authority) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        Self(StreamOwned::new(client, TcpStream::connect(address).unwrap()))
    }

    fn assert_answers(&mut self) {
        self.0.write_all(b"GET /admin/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\nok\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 "));
    }
}

/// The status of the matrix, asked over TLS by one who believes `trust`.
fn ask(address: SocketAddr, trust: &Trust) -> Result<u16, String> {
    let url = format!("https://localhost:{}{MATRIX_PATH}", address.port());
    let mut request = Request::get(Url::parse(&url).unwrap());
    request.ext_mut().insert(trust.clone());
    let answer = async {
        let mut response = surf::Client::with_http_client(HyperClient).send(request).await?;
        response.body_bytes().await?;
        Ok::<_, surf::Error>(response.status().into())
    };
    task::block_on(answer).map_err(|error| error.to_string())
}

#[test]
fn callers_and_commands_that_believe_the_certificate_are_answered() {
    let scene = Scene::new(PAIR);
    assert!(scene.daemon.log().contains("listening on https://"));
    assert_eq!(scene.ask(&scene.authority), Ok(200));
    let refused = scene.ask(&Authority::new("others")).unwrap_err();
    assert!(refused.contains("issued by none of the roots"), "{refused}");
    let query = scene.daemon.command(&["query", "--format", "json", "--url", &scene.url()]);
    assert!(query.status.success(), "{}", String::from_utf8_lossy(&query.stderr));
    let by_address = format!("https://{}", scene.daemon.address);
    for (arguments, told) in [
        (["query", "--url", &by_address].as_slice(), "the certificate is for localhost, not 127.0.0.1"),
        (&["query"], "ask https://127.0.0.1:0"),
    ] {
        let query = scene.daemon.command(arguments);
        let said = String::from_utf8_lossy(&query.stderr);
        assert!(!query.status.success() && said.contains(told), "{said}");
    }
}

#[test]
fn plain_http_is_told_to_use_https() {
    let scene = Scene::new(PAIR);
    let answer = scene.daemon.get(MATRIX_PATH);
    assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some("invalid_query")));
    assert!(answer.body.contains("https://"), "{}", answer.body);
}

#[test]
fn a_client_of_tls_1_1_is_refused_by_an_alert() {
    const ALERT: u8 = 0x15;
    const FATAL: u8 = 2;
    const PROTOCOL_VERSION: u8 = 70;
    let scene = Scene::new(PAIR);
    let (suites, signatures) = ([0, 2, 0xc0, 0x13, 1, 0], [0, 8, 0, 13, 0, 4, 0, 2, 4, 3]);
    let hello = [[3, 2].as_slice(), &[7; 32], &[0], &suites, &signatures].concat();
    let message = [&[1, 0, 0, u8::try_from(hello.len()).unwrap()], hello.as_slice()].concat();
    let record = [&[0x16, 3, 1, 0, u8::try_from(message.len()).unwrap()], message.as_slice()].concat();
    let mut client = TcpStream::connect(scene.daemon.address).unwrap();
    client.write_all(&record).unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    assert_eq!((answer[0], &answer[5..]), (ALERT, [FATAL, PROTOCOL_VERSION].as_slice()));
}

#[test]
fn a_renewed_certificate_is_shown_without_a_failed_request_and_open_connections_go_on() {
    let scene = Scene::new(PAIR);
    let renewed = Authority::new("renewed roots");
    let both = Trust::with_roots((scene.authority.pem.clone() + &renewed.pem).as_bytes()).unwrap();
    let (over, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load = {
        let (over, answered, address) = (Arc::clone(&over), Arc::clone(&answered), scene.daemon.address);
        thread::spawn(move || {
            while !over.load(Ordering::SeqCst) {
                assert_eq!(ask(address, &both), Ok(200));
                answered.fetch_add(1, Ordering::SeqCst);
            }
        })
    };
    let some_more = || {
        let before = answered.load(Ordering::SeqCst);
        let enough = async || (load.is_finished() || answered.load(Ordering::SeqCst) > before + 3).then_some(());
        task::block_on(eventually("further answers", enough));
    };
    let mut open = Open::new(scene.daemon.address, &scene.authority);
    open.assert_answers();
    some_more();
    scene.show(&renewed.pair(&["localhost"]));
    some_more();
    open.assert_answers();
    assert_eq!(scene.ask(&renewed), Ok(200));
    assert!(scene.ask(&scene.authority).is_err());
    over.store(true, Ordering::SeqCst);
    load.join().unwrap();
}

#[test]
fn a_broken_pair_is_refused_with_its_place_and_the_old_one_is_shown() {
    let scene = Scene::new(PAIR);
    let folder = scene.daemon.file.parent().unwrap();
    let other = scene.authority.pair(&["localhost"]);
    fs::write(folder.join("key.pem"), &other.key).unwrap();
    let reload = scene.daemon.command(&["reload"]);
    let told = String::from_utf8_lossy(&reload.stderr).into_owned() + &String::from_utf8_lossy(&reload.stdout);
    assert_eq!(reload.status.code(), Some(1), "{told}");
    assert!(told.contains("server.tls_key_file: the key is not that of the certificate"), "{told}");
    assert_eq!(scene.ask(&scene.authority), Ok(200));
    assert_no_key(&scene.daemon.log(), &other);
    assert_no_key(&told, &other);
}

/// Nothing of the key's text is in `text`.
fn assert_no_key(text: &str, Pair { key, .. }: &Pair) {
    let mut lines = key.lines().filter(|line| !line.starts_with("-----"));
    assert!(lines.all(|line| !line.is_empty() && !text.contains(line)));
}

#[test]
fn tls_is_turned_on_and_off_while_it_runs() {
    let scene = Scene::new("");
    let in_the_clear = || scene.daemon.get(MATRIX_PATH).status;
    assert_eq!(in_the_clear(), 200);
    assert!(scene.ask(&scene.authority).is_err());
    scene.edit(PAIR);
    assert_eq!(in_the_clear(), 400);
    assert_eq!(scene.ask(&scene.authority), Ok(200));
    scene.edit("");
    assert_eq!(in_the_clear(), 200);
}

#[test]
fn an_expired_certificate_and_an_open_key_are_used_with_a_warning() {
    let scene = Scene::new("");
    let pair = scene.authority.pair_for_years(&["localhost"], 2000, 2001);
    let folder = scene.daemon.file.parent().unwrap();
    pair.write(folder);
    fs::set_permissions(folder.join("key.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    scene.edit(PAIR);
    assert!(scene.ask(&scene.authority).unwrap_err().contains("the certificate expired at 2001-01-01"));
    let log = scene.daemon.log();
    let warned = |what: &str| log.lines().any(|line| line.contains("WARN") && line.contains(what));
    assert!(warned("server.tls_cert_file: the certificate expired at 2001-01-01"), "{log}");
    assert!(warned("server.tls_key_file: everybody on this host may read"), "{log}");
    assert_no_key(&log, &pair);
}

#[test]
fn a_connection_over_the_limit_is_refused_in_tls() {
    let scene = Scene::new(&format!("server.max_connections = 1\n{PAIR}"));
    // A newcomer is safe for a second; on a busy machine that may be over before the other has asked.
    let refused = async || {
        let held = TcpStream::connect(scene.daemon.address).unwrap();
        let answer = scene.ask(&scene.authority);
        drop(held);
        Some(answer).filter(|answer| *answer == Ok(503))
    };
    assert_eq!(task::block_on(eventually("a refusal", refused)), Ok(503));
    scene.is_answered();
}

#[test]
fn handshakes_that_never_end_keep_nobody_out() {
    let scene = Scene::new(&format!("server.max_connections = 10\n{PAIR}"));
    let crowd = |start: &[u8]| {
        let one = |_| {
            let mut client = TcpStream::connect(scene.daemon.address).unwrap();
            client.write_all(start).unwrap();
            client
        };
        (0..100).map(one).collect::<Vec<_>>()
    };
    let _silent = crowd(b"");
    let _begun = crowd(b"\x16\x03\x01\x02\x00\x01");
    for _ in 0..20 {
        scene.is_answered();
    }
}

#[test]
fn files_that_hold_something_else_are_refused_at_their_key() {
    let authority = Authority::new("roots");
    let pair = authority.pair(&["localhost"]);
    let garbled = pair.chain.replace("-----END", "-----AND");
    for (file, text, told) in [
        ("cert.pem", pair.key.as_str(), ":4:24: server.tls_cert_file: there is no certificate in the file"),
        ("cert.pem", &garbled, ":4:24: server.tls_cert_file: the file is not PEM"),
        ("key.pem", &pair.chain, ":5:23: server.tls_key_file: there is no private key in the file"),
        ("roots.pem", "", ":6:15: tls.ca_file: there is no certificate in the file"),
    ] {
        let folder = folder(&authority, &pair);
        let config = folder.path().join("config.toml");
        fs::write(&config, whole(&format!("{PAIR}fanout.peers = ['a:1']\n"))).unwrap();
        let check = || keyviz(&["check", config.to_str().unwrap()]).output().unwrap();
        assert!(check().status.success());
        fs::write(folder.path().join(file), text).unwrap();
        let out = check();
        let out = (out.status.code(), String::from_utf8(out.stdout).unwrap());
        assert!(out.0 == Some(1) && out.1.contains(told), "{out:?}");
        assert_no_key(&out.1, &pair);
    }
}

#[test]
fn a_client_that_never_begins_its_handshake_holds_up_no_end() {
    let mut scene = Scene::new(&format!("server.shutdown_grace = '1h'\n{PAIR}"));
    let _silent = TcpStream::connect(scene.daemon.address).unwrap();
    assert_eq!(scene.ask(&scene.authority), Ok(200), "the silent one was accepted before");
    let began = Instant::now();
    scene.daemon.signal("-TERM");
    assert!(scene.daemon.child.wait().unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(8), "below the time for a handshake");
}

/// With a certificate it is safe to listen beyond loopback, where `forward` would send cookies in the clear.
#[test]
fn beyond_loopback_a_certificate_is_enough() {
    let authority = Authority::new("roots");
    let folder = folder(&authority, &authority.pair(&["localhost"]));
    let config = folder.path().join("config.toml");
    for (keys, valid) in [(PAIR, true), ("", false)] {
        fs::write(&config, format!("server.listen = '0.0.0.0:0'\nfanout.peers = ['https://a:1']\n{keys}")).unwrap();
        let out = keyviz(&["check", config.to_str().unwrap()]).output().unwrap();
        assert_eq!(out.status.success(), valid, "{}", String::from_utf8_lossy(&out.stdout));
    }
}
