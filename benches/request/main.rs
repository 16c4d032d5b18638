//! Whole requests over sockets: static nodes in this process, the daemon in one of its own, all ratios from one run.
//!
//! With `RIVAL_URL=http://…` and `PEERS=host:port,…` another aggregator at that URL is raced over the same nodes.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench stops at a wrong answer and prints its table")]

mod daemon;
mod nodes;
mod plain;

use std::{
    env,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    time::{Duration, Instant},
};

use async_std::task;
use daemon::Daemon;
use futures_util::future::join_all;
use keyviz_fanout::{fanout::MATRIX_PATH, http::HyperClient};
use nodes::Nodes;

fn main() {
    if let Ok(peers) = env::var(daemon::PEERS) {
        return daemon::run(&peers);
    }
    println!("| what | ms | relative to | ratio |\n|---|---:|---|---:|");
    if let (Ok(url), Ok(peers)) = (env::var("RIVAL_URL"), env::var("PEERS")) {
        return race(&url, &peers);
    }
    // `cargo test` runs benches without the argument: the answers are checked then, and nothing is worth timing.
    if !env::args().any(|argument| argument == "--bench") {
        return request(60, 1);
    }
    for (columns, rounds) in [(1440, 12), (60, 60)] {
        request(columns, rounds);
    }
    scaling();
    dead_peer();
}

/// One line of the table.
fn line(what: &str, took: Duration, base: &str, relative_to: Duration) {
    let ratio = took.as_secs_f64() / relative_to.as_secs_f64();
    println!("| {what} | {:.1} | {base} | {ratio:.2} |", took.as_secs_f64() * 1000.0);
}

/// A request, against the bodies alone and against a plain implementation, and the daemon's memory after it.
fn request(columns: usize, rounds: usize) {
    let nodes = Nodes::start(3, columns);
    let daemon = Daemon::start(&nodes.addresses);
    plain::assert_same(&nodes.bodies, &daemon.matrix());
    let mut plainly = || drop(plain::aggregate(&nodes.bodies));
    let works: [&mut dyn FnMut(); 3] =
        [&mut || drop(daemon.matrix()), &mut || fetch_all(&nodes.addresses), &mut plainly];
    let [whole, bodies, plain] = medians(rounds, works);
    let what = format!("3 × 1024 × {columns}");
    line(&what, whole, "the three bodies fetched", bodies);
    line(&what, whole, "typed serde_json and a map, no sockets", plain);
    (rounds..20).for_each(|_| drop(daemon.matrix()));
    let requests = rounds.max(20);
    println!("| peak memory after {requests} requests, MB | {} | | |", daemon.peak_memory_kb() / 1024);
}

/// The time per node must not grow with the number of nodes.
fn scaling() {
    let nodes = Nodes::start(100, 60);
    let mut base = None;
    for count in [3, 10, 30, 100] {
        let daemon = Daemon::start(&nodes.addresses[..count]);
        plain::assert_same(&nodes.bodies[..count], &daemon.matrix());
        let [took] = medians(15, [&mut || drop(daemon.matrix())]);
        let per_node = took / u32::try_from(count).unwrap();
        line(&format!("{count} × 1024 × 60, per node"), per_node, "per node of 3", *base.get_or_insert(per_node));
    }
}

/// A node that is down, its breaker open, must cost next to nothing.
fn dead_peer() {
    let nodes = Nodes::start(3, 60);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let with_dead = [nodes.addresses.clone(), vec![closed]].concat();
    let [alive, dead] = [&nodes.addresses, &with_dead].map(|addresses| Daemon::start(addresses));
    for _ in 0..4 {
        drop((alive.matrix(), dead.matrix()));
    }
    let [without, with] = medians(40, [&mut || drop(alive.matrix()), &mut || drop(dead.matrix())]);
    line("with one more node, down", with, "without", without);
    assert!(with < without + Duration::from_millis(10), "a node known to be down holds up requests");
}

fn race(url: &str, peers: &str) {
    let peers: Vec<SocketAddr> = peers.split(',').map(|peer| peer.parse().unwrap()).collect();
    let rival = url.trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
    let daemon = Daemon::start(&peers);
    drop((daemon.matrix(), get(rival)));
    let [ours, theirs] = medians(10, [&mut || drop(daemon.matrix()), &mut || drop(get(rival))]);
    line("ours", ours, url, theirs);
}

/// The median of each, taken in turns, so that what else the machine does befalls all alike.
fn medians<const N: usize>(rounds: usize, mut work: [&mut dyn FnMut(); N]) -> [Duration; N] {
    let mut took = [(); N].map(|()| Vec::new());
    for _ in 0..rounds {
        for (work, took) in work.iter_mut().zip(&mut took) {
            let started = Instant::now();
            work();
            took.push(started.elapsed());
        }
    }
    took.map(|mut took| {
        took.sort_unstable();
        took[rounds / 2]
    })
}

/// The whole response to a request for the matrix, its head included.
fn get(address: SocketAddr) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {MATRIX_PATH}?series=writes HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    assert!(response.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&response[..response.len().min(500)]));
    response
}

/// Fetches the nodes' bodies as the daemon does, at once and with its client.
fn fetch_all(addresses: &[SocketAddr]) {
    let client = surf::Client::with_http_client(HyperClient);
    let fetch = |address: &SocketAddr| {
        let sent = client.get(format!("http://{address}{MATRIX_PATH}")).send();
        task::spawn(async move { sent.await.unwrap().body_bytes().await.unwrap() })
    };
    task::block_on(join_all(addresses.iter().map(fetch)));
}
