//! Nodes that give the same answer to every request, as fast as a socket goes.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use fastrand::Rng;
use keyviz_fanout::fanout::MATRIX_PATH;

const ROWS: usize = 1024;

pub(crate) struct Nodes {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) bodies: Vec<Arc<[u8]>>,
}

impl Nodes {
    /// Starts nodes whose columns coincide; they run to the end of the process.
    pub(crate) fn start(count: u64, columns: usize) -> Self {
        let bodies: Vec<Arc<[u8]>> = (0..count).map(|seed| body(seed, columns).into()).collect();
        let addresses = bodies.iter().map(|body| {
            let (listener, body) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::clone(body));
            let address = listener.local_addr().unwrap();
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let body = Arc::clone(&body);
                    thread::spawn(move || serve(&stream, &body));
                }
            });
            address
        });
        Self { addresses: addresses.collect(), bodies }
    }
}

/// Answers one request; the client going away is its own affair.
fn serve(stream: &TcpStream, body: &[u8]) {
    let _ = stream.set_nodelay(true);
    let mut request = Vec::new();
    let mut reader = BufReader::new(stream);
    while !request.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut request).unwrap_or(0) == 0 {
            return;
        }
    }
    let is_matrix = request.starts_with(format!("GET {MATRIX_PATH}").as_bytes());
    let (status, body) = if is_matrix { ("200 OK", body) } else { ("404 Not Found", &b"{}"[..]) };
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut stream = stream;
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}

/// A few hot rows, many quiet ones, some cells idle.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the count is below a million")]
fn body(seed: u64, columns: usize) -> Vec<u8> {
    let mut rng = Rng::with_seed(seed);
    let mut text = String::from("{\"column_unix_ms\":");
    array(&mut text, (0..columns as u64).map(|column| 1_700_000_000_000 + column * 60_000));
    text.push_str(",\"rows\":[");
    for row in 0..ROWS {
        let top = 10f64.powf(1.0 + 5.0 * rng.f64().powi(6));
        let comma = if row > 0 { "," } else { "" };
        let meta = r#""start":null,"end":null,"aggregate":false"#;
        write!(text, r#"{comma}{{"bucket_id":"route:{row}",{meta},"route_ids":[{row}],"route_count":1,"values":"#)
            .unwrap();
        array(&mut text, (0..columns).map(|_| if rng.f64() < 0.85 { (rng.f64() * top) as u64 } else { 0 }));
        text.push_str(",\"raft_group_ids\":");
        array(&mut text, (0..columns).map(|_| 1 + row as u64 % 3));
        text.push_str(",\"leader_terms\":");
        array(&mut text, (0..columns).map(|_| 7));
        text.push('}');
    }
    text.push_str(r#"],"series":"writes","generated_at":"2026-11-23T00:00:00Z"}"#);
    text.into_bytes()
}

fn array(text: &mut String, numbers: impl Iterator<Item = u64>) {
    let mut separator = '[';
    for number in numbers {
        write!(text, "{separator}{number}").unwrap();
        separator = ',';
    }
    text.push(']');
}
