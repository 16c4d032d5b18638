//! The binary as a shell sees it: what it prints, what it exits with, what a signal does (SPEC §8).

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use async_std::task;
use keyviz_fanout::demo::{Cluster, Options};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    running::{get, keyviz},
    support::{PATIENCE, eventually},
};

/// What a command that ends by itself says.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn said(mut command: Command) -> Said {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: status.code(), out: text(stdout), err: text(stderr) }
}

fn run(arguments: &[&str]) -> Said {
    said(keyviz(arguments))
}

/// A folder with a `config.toml` of this text; the path lasts as long as the folder.
fn config(text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

fn peers(addresses: &[SocketAddr]) -> String {
    let quoted: Vec<_> = addresses.iter().map(|address| format!("\"{address}\"")).collect();
    format!("auth.mode = \"none\"\nfanout.peers = [{}]\n", quoted.join(", "))
}

/// An address where nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A command that serves; killed when dropped.
struct Serving {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Serving {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// The exit code; fails the test where there is none in time.
    fn ended(&mut self) -> Option<i32> {
        task::block_on(eventually("its end", async || self.child.try_wait().unwrap())).code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A demo with its address and those of its nodes, as it prints them.
fn demo() -> (Serving, String, Vec<SocketAddr>) {
    let mut demo = Serving::start(keyviz(&["demo", "--nodes", "2", "--listen", "127.0.0.1:0"]));
    let mut lines = demo.out.by_ref().lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    let nodes = first.strip_prefix("A simulated cluster of 2 nodes: ").unwrap();
    let nodes = nodes.split(' ').map(|node| node.parse().unwrap()).collect();
    let open = lines.find(|line| line.starts_with("Open")).unwrap();
    let url = open.split_whitespace().nth(1).unwrap().strip_suffix("/admin/keyviz/").unwrap().to_owned();
    drop(lines);
    (demo, url, nodes)
}

/// A daemon over `peer`, whose address is found in its log.
fn daemon(peer: SocketAddr) -> (Serving, SocketAddr, TempDir) {
    let text = format!("server.listen = '127.0.0.1:0'\nfanout.timeout = '1m'\n{}", peers(&[peer]));
    let (folder, path) = config(&text);
    let log = folder.path().join("log");
    let mut command = keyviz(&["run", "--config", &path]);
    command.stderr(fs::File::create(&log).unwrap());
    let daemon = Serving::start(command);
    let address = task::block_on(eventually("an address in its log", async || {
        let log = fs::read_to_string(&log).unwrap();
        let (_, rest) = log.split_once("listening on http://")?;
        Some(rest.split_once(',')?.0.parse().unwrap())
    }));
    (daemon, address, folder)
}

#[test]
fn version_and_help_are_no_failures() {
    let version = run(&["--version"]);
    assert_eq!(
        (version.code, version.out.as_str()),
        (Some(0), concat!("keyviz-fanout ", env!("CARGO_PKG_VERSION"), "\n"))
    );
    let help = run(&["--help"]);
    assert_eq!(help.code, Some(0));
    for command in ["run", "check", "demo", "query", "peers", "reload", "status"] {
        assert!(help.out.contains(&format!("\n  {command} ")), "{}", help.out);
        assert_eq!(run(&[command, "--help"]).code, Some(0));
    }
}

#[test]
fn wrong_usage_exits_2_and_says_what_is_wrong() {
    for (arguments, told) in [
        (&["serve"][..], "unrecognized subcommand 'serve'"),
        (&["query", "--rows", "0"], "0 is not in 1..=1024"),
        (&["query", "--series", "hits"], "series must be one of"),
        (&["query", "--from", "soon"], "is no moment"),
        (&["query", "--url", "localhost:8090"], "write http://host:port"),
        (&["demo", "--nodes", "0"], "0 is not in 1..=64"),
        (&["demo", "--config", "x.toml"], "the demo reads no file"),
        (&["check", "--config", "x.toml", "y.toml"], "check takes one file"),
        (&["query", "--session", "value"], "--session takes @FILE"),
        (&["query", "--session", "@/nonexistent/session"], "read the session from /nonexistent/session"),
    ] {
        let said = run(arguments);
        assert_eq!(said.code, Some(2), "{arguments:?}: {}", said.err);
        assert!(said.err.contains(told), "{arguments:?}: {}", said.err);
    }
}

#[test]
fn check_tells_valid_invalid_and_unreadable_apart() {
    let (_folder, good) = config("fanout.peers = ['a:1']");
    assert_eq!(run(&["check", &good]).code, Some(0));
    let (_folder, bad) = config("fanout.peers = ['a:1']\nfanout.timeout = 3\n");
    let said = run(&["check", &bad]);
    assert_eq!(said.code, Some(1));
    assert!(said.out.starts_with(&format!("{bad}:2:18: fanout.timeout: ")), "{}", said.out);
    assert_eq!(run(&["check", "/nonexistent/config.toml"]).code, Some(2));
}

#[test]
fn a_configuration_that_does_not_start_exits_78_with_the_place() {
    let (_folder, path) = config("fanout.peers = ['a:1']\nfanout.timeuot = '3s'\n");
    for arguments in [&["--config", &path][..], &["run", "--config", &path]] {
        let said = run(arguments);
        assert_eq!(said.code, Some(78));
        assert!(said.err.contains(&format!("{path}:2:8: fanout.timeuot: ")), "{}", said.err);
        assert!(said.err.contains("fanout.timeout"), "{}", said.err);
    }
}

#[test]
fn a_named_file_must_exist_and_without_one_every_place_is_told() {
    let named = run(&["--config", "/nonexistent/one.toml"]);
    assert_eq!(named.code, Some(2));
    assert!(named.err.contains("/nonexistent/one.toml"), "{}", named.err);

    for command in ["run", "query", "peers"] {
        let mut by_variable = keyviz(&[command]);
        by_variable.env("KEYVIZ_FANOUT_CONFIG", "/nonexistent/two.toml");
        let by_variable = said(by_variable);
        assert_eq!(by_variable.code, Some(2), "{command}");
        assert!(by_variable.err.contains("/nonexistent/two.toml"), "{command}: {}", by_variable.err);
    }

    if !Path::new("/etc/keyviz-fanout/config.toml").exists() {
        let none = run(&[]);
        assert_eq!(none.code, Some(2));
        for place in ["/nonexistent/.config/keyviz-fanout/config.toml", "/etc/keyviz-fanout/config.toml"] {
            assert!(none.err.contains(place), "{}", none.err);
        }
    }
}

#[test]
fn a_port_in_use_exits_1_and_names_the_key() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let (_folder, path) = config(&format!("server.listen = '{address}'\nfanout.peers = ['a:1']\n"));
    let said = run(&["run", "--config", &path]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains(&format!("listen on {address} (server.listen): ")), "{}", said.err);
}

/// What the daemon says of its readiness, on a connection of its own; nothing where that is cut, as one may be that was
/// opened at the moment of the signal.
fn ready(address: SocketAddr) -> Option<u16> {
    get(address, "/admin/readyz", "").map(|answer| answer.status)
}

/// The peer takes the call and hangs up only once the daemon is no longer ready: the request is in flight meanwhile.
#[test]
fn a_signal_lets_a_request_in_flight_finish_and_exits_0() {
    for signal in ["-TERM", "-INT"] {
        let peer = TcpListener::bind("127.0.0.1:0").unwrap();
        let (mut daemon, address, _folder) = daemon(peer.local_addr().unwrap());
        let mut client = TcpStream::connect(address).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client.write_all(b"GET /admin/api/v1/keyviz/matrix HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let called = peer.accept().unwrap();
        daemon.signal(signal);
        let drains = async || ready(address).filter(|status| *status == 503).map(drop);
        task::block_on(eventually("the end of its readiness", drains));
        drop((called, peer));
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 503"), "{signal}: {answer}");
        assert!(answer.contains("no_node_answered"), "{signal}: {answer}");
        assert_eq!(daemon.ended(), Some(0), "{signal}");
    }
}

#[test]
fn query_shows_the_demo_in_every_format() {
    let (mut demo, url, _) = demo();
    let query = |format| {
        let said = run(&["query", "--url", &url, "--series", "reads", "--rows", "5", "--format", format]);
        assert_eq!(said.code, Some(0), "{format}: {}", said.err);
        said.out
    };
    let answer: Value = serde_json::from_str(&query("json")).unwrap();
    assert_eq!(answer["rows"].as_array().unwrap().len(), 5);
    assert_eq!(answer["fanout"]["expected"], 2);
    assert!(query("table").contains("of 2 nodes)"));
    assert!(query("heatmap").starts_with("5 rows × "));
    let csv = query("csv");
    let columns: Vec<_> = csv.lines().map(|line| line.split(',').count()).collect();
    assert!(columns.len() > 5 && columns.iter().all(|count| *count >= columns[0]), "{csv}");
    demo.signal("-INT");
    assert_eq!(demo.ended(), Some(0));
}

#[test]
fn query_says_whom_it_could_not_reach() {
    let url = format!("http://{}", nobody());
    let said = run(&["query", "--url", &url]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains(&format!("ask {url}: ")), "{}", said.err);
}

#[test]
fn peers_says_who_answers_and_exits_1_when_one_does_not() {
    let cluster = Cluster::start(Options { nodes: 2, outages: None, ..Options::default() }).unwrap();
    let [one, other] = cluster.addresses()[..] else { panic!("two nodes") };
    let (_folder, path) = config(&peers(&[one, other]));
    let all = run(&["peers", "--config", &path]);
    assert_eq!(all.code, Some(0), "{}{}", all.out, all.err);
    assert!(all.out.ends_with("2 of 2 nodes answered\n"), "{}", all.out);

    let dead = nobody();
    let (_folder, path) = config(&peers(&[one, dead]));
    let some = run(&["peers", "--config", &path]);
    assert_eq!(some.code, Some(1), "{}{}", some.out, some.err);
    let line = some.out.lines().find(|line| line.contains(&dead.to_string())).unwrap();
    assert!(line.contains("refused"), "{line}");
    assert!(some.out.ends_with("1 of 2 nodes answered\n"), "{}", some.out);

    let (_folder, path) = config(&format!("fanout.peers = ['{one}']"));
    let without_session = run(&["peers", "--config", &path]);
    assert_eq!(without_session.code, Some(2));
    assert!(without_session.err.contains("--session @FILE"), "{}", without_session.err);
}
