//! Many different requests at once: what they take together is bounded, and each is answered.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use async_std::task;
use futures_util::future::join_all;
use keyviz_fanout::{
    Service, config,
    fanout::{MATRIX_PATH, MAX_ROWS},
    matrix::{self, Matrix},
};
use serde_json::Value;

use crate::{
    daemon::{Answer, Daemon, config as file, get, sample},
    merge_support::{node, row},
    network::{A, B, C, D, Network, Said},
    running::Running,
    stub::{Act, Stub, ok_json},
    support::eventually,
};

const ALL: [&str; 4] = [A, B, C, D];

/// A daemon over nodes that all take a moment, with so many calls at once.
fn daemon(network: &Network, calls: usize, limits: &str) -> Daemon {
    let loaded = config::load(&file(None, &ALL, limits), None).unwrap();
    let client = surf::Client::with_http_client(network.clone());
    Daemon { service: Service::builder(loaded).client(client).calls_at_once(calls).build() }
}

fn slow_nodes(moment: Duration) -> Network {
    let network = Network::of(&ALL);
    for (address, number) in ALL.into_iter().zip(1..) {
        network.say(address, MATRIX_PATH, Said::matrix(&sample(number)).after(moment));
    }
    network
}

/// So many requests at once, each with a session of its own.
fn storm(daemon: &Daemon, requests: usize) -> Vec<Answer> {
    let request = |session| get(MATRIX_PATH, &[("Cookie", &format!("admin_session=made-up-{session}"))]);
    task::block_on(join_all((0..requests).map(|session| daemon.respond(request(session)))))
}

/// The value of a metric with these labels.
fn metric(daemon: &Daemon, series: &str) -> u64 {
    let text = daemon.ask("/metrics").text();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("keyviz_fanout_{series} ")).map(str::to_owned));
    line.unwrap_or_else(|| panic!("{series}: {text}")).parse().unwrap()
}

/// Nothing is in use when nobody asks.
fn assert_nothing_left(daemon: &Daemon) {
    let series = [
        "memory_bytes{kind=\"bodies\"}",
        "memory_bytes{kind=\"decoded\"}",
        "memory_bytes{kind=\"answers\"}",
        "calls_in_flight",
        "calls_waiting",
        "fanouts_in_flight",
        "fanouts_waiting",
    ];
    let idle = async || series.iter().all(|series| metric(daemon, series) == 0).then_some(());
    task::block_on(eventually("everything is given back", idle));
}

#[test]
fn different_requests_share_the_calls_and_all_are_answered() {
    let network = slow_nodes(Duration::from_millis(2));
    let daemon = daemon(&network, 5, "fanout.timeout = \"30s\"\nfanout.connect_timeout = \"10s\"\n");
    for answer in storm(&daemon, 200) {
        answer.assert_responded(4, 4);
        answer.assert_merge_of(&[&sample(1), &sample(2), &sample(3), &sample(4)]);
    }
    assert!((2..=5).contains(&network.most_open()), "{} calls were open at once", network.most_open());
    assert_nothing_left(&daemon);
}

#[test]
fn what_gets_no_turn_in_time_is_overload_and_no_failure_of_the_node() {
    let network = slow_nodes(Duration::from_millis(20));
    let daemon = daemon(&network, 1, "fanout.timeout = \"1s\"\nfanout.breaker_failures = 1\n");
    let mut overloaded = 0;
    for answer in storm(&daemon, 300) {
        for node in answer.nodes().iter().filter(|node| node["ok"] == false) {
            assert_eq!(node["reason"], "overload", "{node}");
            assert!(node["error"].as_str().unwrap().contains("turn"), "{node}");
            overloaded += 1;
        }
        assert!(answer.status == 200 || answer.code() == "no_node_answered", "{}", answer.text());
    }
    assert!(overloaded > 0, "the machine is too fast for this test");
    assert_eq!(network.most_open(), 1);
    assert_nothing_left(&daemon);
    daemon.matrix("").assert_responded(4, 4);
    let config = daemon.ask("/admin/api/v1/keyviz/config").json();
    let peers = config["peers"].as_array().unwrap();
    assert!(peers.iter().all(|peer| peer["breaker"] == "closed"), "{config}");
}

#[test]
fn a_refused_session_leaves_no_calls_to_the_peers_behind() {
    let network = Network::of(&[A]);
    network.say(A, MATRIX_PATH, Said::error(401, "unauthenticated"));
    network.say(B, MATRIX_PATH, Said::never());
    let daemon =
        Daemon::over(network, &file(Some(A), &[B], "fanout.timeout = \"5m\"\nfanout.connect_timeout = \"10ms\"\n"));
    assert_eq!(daemon.matrix("").status, 401);
    let text = || metric_without_session(&daemon, "calls_in_flight");
    task::block_on(eventually("no call is left", async || (text() == 0).then_some(())));
}

/// Where no node lets anybody read, the machine itself still may.
fn metric_without_session(daemon: &Daemon, series: &str) -> u64 {
    let mut request = get("/metrics", &[]);
    request.set_peer_addr(Some("127.0.0.1:1"));
    let text = daemon.send(request).text();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("keyviz_fanout_{series} ")).map(str::to_owned));
    line.unwrap().parse().unwrap()
}

/// Many cells in few bytes: what it is decoded to is several times as large.
fn dense(number: u8, rows: u64, columns: usize) -> Matrix {
    let times: Vec<i64> = (1..).take(columns).map(|minute| 1_700_000_000_000 + minute * 60_000).collect();
    let cells =
        |row: u64| (0..).take(columns).map(|column| (column + row + u64::from(number)) % 10).collect::<Vec<_>>();
    node(&times, (0..rows).map(|number| row(&format!("route:{number}"), &cells(number))))
}

#[test]
fn a_budget_of_one_body_serves_different_requests_one_after_the_other() {
    let addresses: Vec<_> = (1..=20).map(|n| format!("192.0.2.{n}:8080")).collect();
    let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
    let network = Network::default();
    let matrices: Vec<_> = (1..=20).map(|number| dense(number, 4, 500)).collect();
    for ((address, matrix), number) in addresses.iter().zip(&matrices).zip(1..) {
        network.node(address, &format!("n{number}"), matrix);
    }
    let body = matrix::encode(&matrices[0]).len();
    assert!(4 * 500 * 8 > body / 3, "one body decodes to a good part of the budget, and all to many times as much");
    let cap = body + 1000;
    let limits = format!(
        "fanout.timeout = \"30s\"\nfanout.body_cap = \"{cap}B\"\nfanout.memory_budget = \"{cap}B\"\nmerge.step = \"off\"\n"
    );
    let daemon = Daemon::over(network, &file(None, &addresses, &limits));
    for answer in storm(&daemon, 5) {
        answer.assert_responded(20, 20);
        assert_eq!(answer.status, 200);
    }
    assert_nothing_left(&daemon);
}

#[test]
fn more_columns_or_rows_than_any_node_has_are_too_large() {
    let columns = vec!["0"; 300_000].join(",");
    let rows: Vec<_> = (0..300_000).map(|id| format!(r#"{{"bucket_id":"{id}","values":[]}}"#)).collect();
    for (columns, rows, what) in [(columns, String::new(), "columns"), (String::new(), rows.join(","), "rows")] {
        let network = Network::of(&[A]);
        let body = format!(r#"{{"column_unix_ms":[{columns}],"rows":[{rows}],"series":"writes"}}"#);
        network.say(B, MATRIX_PATH, Said::new(200, body));
        let answer = Daemon::over(network, &file(None, &[A, B], "")).matrix("");
        answer.assert_merge_of(&[&sample(1)]);
        let (reason, error) = answer.failure(B);
        assert_eq!(reason, "too_large");
        assert!(error.contains(&format!("300000 {what}")), "{error}");
    }
}

/// A valid answer that is hard on memory: about so many bytes of rows of zeros.
fn zeros(bytes: usize) -> String {
    const COLUMNS: usize = 1000;
    let cells = vec!["0"; COLUMNS].join(",");
    let row = |number: usize| format!(r#"{{"bucket_id":"route:{number}","values":[{cells}]}}"#);
    let rows: Vec<_> = (0..bytes / (2 * COLUMNS)).map(row).collect();
    format!(r#"{{"column_unix_ms":[{cells}],"rows":[{}],"series":"writes"}}"#, rows.join(","))
}

#[test]
fn hostile_bodies_keep_the_process_within_a_multiple_of_its_budget() {
    const BUDGET: usize = 6 << 20;
    const REQUESTS: usize = 4;
    let hostile = [1, 2].map(|number| Stub::serving(&format!("hostile{number}"), ok_json(zeros(BUDGET - 200_000))));
    // What the others sent is held until it answers.
    let script = [vec![Act::Pause(Duration::from_millis(1500))], ok_json(matrix::encode(&sample(1)))].concat();
    let honest = Stub::serving("honest", script);
    let peers = [&honest, &hostile[0], &hostile[1]].map(Stub::name);
    let running = Running::start(&format!(
        "fanout.peers = {peers:?}\nfanout.timeout = '2m'\nfanout.max_cells = 1024\nfanout.body_cap = '6MiB'\nfanout.memory_budget = '6MiB'"
    ));
    let asked: Vec<_> = (1..=REQUESTS).map(|rows| request(running.address, rows)).collect();
    for client in asked {
        let answer: Value = serde_json::from_slice(&read(client).0).unwrap();
        let nodes = answer["fanout"]["nodes"].as_array().unwrap();
        let reasons: Vec<_> = nodes.iter().map(|node| node["reason"].as_str().unwrap_or("ok").to_owned()).collect();
        assert_eq!(reasons, ["ok", "too_large", "too_large"], "{answer}");
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.child.id())).unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let most: usize = most.trim().strip_suffix(" kB").unwrap().parse().unwrap();
    // One body, the cells of one request, four bytes for each byte of its bodies, and the process itself.
    assert!(most < 24 * BUDGET / 1024, "{most} KiB at its peak");
}

/// A request on a socket of its own.
fn request(address: SocketAddr, rows: usize) -> TcpStream {
    let mut client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
    let head = format!("GET {MATRIX_PATH}?rows={rows} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    client.write_all(head.as_bytes()).unwrap();
    client
}

/// The body as far as it comes, and how many bytes of it were promised.
fn read(mut client: TcpStream) -> (Vec<u8>, usize) {
    let mut answer = Vec::new();
    // A connection that is cut may be reset.
    let _ = client.read_to_end(&mut answer);
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let promised = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    (answer.split_off((end + 4).min(answer.len())), promised)
}

#[test]
fn answers_that_nobody_reads_are_given_up_and_newcomers_are_served() {
    const BUDGET: u64 = 26 << 20;
    const STALLED: usize = 5;
    let network = Network::default();
    // More than the buffers of sockets take.
    let large = dense(1, 64, 30_000);
    network.node(A, "n1", &large);
    let limits = format!(
        "auth.mode = \"none\"\nfanout.timeout = \"2m\"\nfanout.body_cap = \"16MiB\"\nfanout.memory_budget = \"{BUDGET}B\"\n"
    );
    let daemon = Daemon::over(network, &file(None, &[A], &limits));
    let address = daemon.listen();
    let stalled: Vec<_> = (0..STALLED)
        .map(|number| {
            let mut client = request(address, MAX_ROWS - number);
            client.read_exact(&mut [0]).unwrap();
            client
        })
        .collect();
    let held = metric(&daemon, "memory_bytes{kind=\"answers\"}");
    assert!(held > 0 && held <= BUDGET, "{held} bytes are held");
    let (body, promised) = read(request(address, 64));
    assert_eq!(body.len(), promised, "who reads is served");
    assert!(metric(&daemon, "answers_given_up_total") >= 3, "two of them are held at most");
    let stalled: Vec<_> = stalled.into_iter().map(read).collect();
    let (body, promised) = &stalled[0];
    assert!(body.len() < *promised, "{} of {promised} bytes of what was given up", body.len());
    assert_nothing_left(&daemon);
}
