//! Nodes over real sockets that answer by script, byte by byte, and say what they were asked.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use keyviz_fanout::{
    fanout::{CLUSTER_PATH, MATRIX_PATH},
    matrix::{self, Matrix},
};

pub(crate) const HEALTH_PATH: &str = "/admin/healthz";

/// One step of an answer. After the last one the connection is closed.
#[derive(Clone)]
pub(crate) enum Act {
    Send(Vec<u8>),
    /// Sends byte by byte, with a pause after each.
    Trickle(Vec<u8>, Duration),
    Pause(Duration),
    /// Holds the connection open until the stub stops.
    Stall,
    /// Sends this over and over, as long as somebody reads.
    Endless(Vec<u8>),
    /// Aborts the connection.
    Reset,
}

pub(crate) type Script = Vec<Act>;

/// Makes the script for a request.
type Answering = Arc<dyn Fn(&Seen) -> Script + Send + Sync>;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) head: String,
}

impl Seen {
    fn read(stream: &mut TcpStream) -> Option<Self> {
        let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
        // Peeked, not read: a socket that is closed with bytes unread is reset, which is how `Act::Reset` is done.
        while !head.ends_with(b"\r\n\r\n") {
            let read = stream.peek(&mut buffer).ok().filter(|&read| read > 0)?;
            head = buffer[..read].to_vec();
        }
        let head = String::from_utf8(head).ok()?;
        let target = head.split(' ').nth(1)?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Some(Self { path: path.into(), query: query.into(), head: head.clone() })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// A node on a port of its own; it stops, and its connections close, when it is dropped.
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    scripts: Mutex<HashMap<String, Answering>>,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    sent: AtomicUsize,
    stopped: AtomicBool,
}

impl Stub {
    /// A healthy node: this id, this matrix.
    pub(crate) fn node(id: &str, matrix: &Matrix) -> Self {
        Self::serving(id, ok_json(matrix::encode(matrix)))
    }

    /// A node whose matrix path answers by `script`, while the rest of it is healthy.
    pub(crate) fn serving(id: &str, script: Script) -> Self {
        Self::listening(TcpListener::bind("127.0.0.1:0").unwrap(), id, script)
    }

    /// The same at an address that was reserved before.
    pub(crate) fn listening(listener: TcpListener, id: &str, script: Script) -> Self {
        let stub = Self { address: listener.local_addr().unwrap(), shared: Arc::default() };
        stub.answer(MATRIX_PATH, script);
        stub.answer(CLUSTER_PATH, ok_json(format!("{{\"node_id\":\"{id}\"}}")));
        stub.answer(HEALTH_PATH, response("200 OK", "ok\n"));
        let shared = Arc::clone(&stub.shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.stopped.load(Ordering::SeqCst) {
                    return;
                }
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.connection(stream));
            }
        });
        stub
    }

    /// Answers `path` by `script` from now on.
    pub(crate) fn answer(&self, path: &str, script: Script) {
        self.answer_by(path, move |_| script.clone());
    }

    /// Answers `path` by a script of its own for each request.
    pub(crate) fn answer_by(&self, path: &str, script: impl Fn(&Seen) -> Script + Send + Sync + 'static) {
        self.shared.scripts.lock().unwrap().insert(path.to_owned(), Arc::new(script));
    }

    pub(crate) fn name(&self) -> String {
        self.address.to_string()
    }

    /// The requests of `path` so far.
    pub(crate) fn asked(&self, path: &str) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().iter().filter(|seen| seen.path == path).cloned().collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Bytes that the network took.
    pub(crate) fn sent(&self) -> usize {
        self.shared.sent.load(Ordering::SeqCst)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the accept, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn connection(&self, mut stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        if let Some(seen) = Seen::read(&mut stream) {
            let answering = self.scripts.lock().unwrap().get(&seen.path).cloned();
            let script = answering.map_or_else(|| response("404 Not Found", ""), |script| script(&seen));
            let read = seen.head.len();
            self.seen.lock().unwrap().push(seen);
            if !script.iter().any(|act| matches!(act, Act::Reset)) {
                let _ = stream.read_exact(&mut vec![0; read]);
            }
            self.play(&mut stream, &script);
        }
    }

    fn play(&self, stream: &mut TcpStream, script: &[Act]) {
        for act in script {
            let alive = match act {
                Act::Send(bytes) => self.send(stream, bytes),
                Act::Trickle(bytes, pause) => bytes.iter().all(|&byte| self.send(stream, &[byte]) && self.wait(*pause)),
                Act::Pause(pause) => self.wait(*pause),
                Act::Stall => self.wait(Duration::from_mins(1)),
                Act::Endless(bytes) => {
                    while self.send(stream, bytes) && !self.stopped.load(Ordering::SeqCst) {}
                    false
                }
                Act::Reset => return,
            };
            if !alive {
                return;
            }
        }
        let _ = stream.shutdown(Shutdown::Write);
    }

    fn send(&self, stream: &mut TcpStream, bytes: &[u8]) -> bool {
        bytes.chunks(64 << 10).all(|chunk| {
            self.sent.fetch_add(chunk.len(), Ordering::SeqCst);
            stream.write_all(chunk).is_ok()
        })
    }

    /// False when the stub was stopped meanwhile.
    fn wait(&self, pause: Duration) -> bool {
        let end = Instant::now() + pause;
        while Instant::now() < end && !self.stopped.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(5).min(end.saturating_duration_since(Instant::now())));
        }
        !self.stopped.load(Ordering::SeqCst)
    }
}

/// A whole answer with a length.
pub(crate) fn response(status: &str, body: impl AsRef<[u8]>) -> Script {
    with_header(status, "X-Nothing: to see", body)
}

pub(crate) fn with_header(status: &str, header: &str, body: impl AsRef<[u8]>) -> Script {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\n{header}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    vec![Act::Send(bytes)]
}

pub(crate) fn ok_json(body: impl AsRef<[u8]>) -> Script {
    with_header("200 OK", "Content-Type: application/json", body)
}

/// The head of a chunked 200.
pub(crate) const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// `body` in chunks of `size` bytes, without the last, empty one.
pub(crate) fn chunks(body: &[u8], size: usize) -> Vec<u8> {
    body.chunks(size).flat_map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat()).collect()
}
