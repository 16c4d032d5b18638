//! Requests without end while files are edited, and what their answers say of the configuration they were made under.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use keyviz_fanout::fanout::MATRIX_PATH;
use serde_json::Value;

use crate::{
    running::{Answer, get},
    stub::Stub,
};

pub(super) const CONFIG_PATH: &str = "/admin/api/v1/keyviz/config";
/// For the scenes that ask for a session; the others don't look at it.
pub(super) const SESSION: &str = "Cookie: admin_session=session-of-the-tests\r\n";

/// Between two requests of a thread, so that there is time for the daemon of another test too.
const PAUSE: Duration = Duration::from_millis(5);

/// A request is found again at the nodes by its `from_unix_ms`, of which each has its own. What the daemon widens the bound
/// by is less than a half of this, and all of them lie before the nodes' windows.
const APART_MS: u64 = 10_000_000;

/// The marks of each generation: what they are of, and every value that was seen.
pub(super) type Marks = BTreeMap<u64, BTreeMap<&'static str, BTreeSet<String>>>;

/// Two threads that ask for the matrix and one that asks for introspection, each request on a connection of its own.
///
/// A request that fails, or whose answer is not complete, fails the test at [`Load::end`].
pub(super) struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    address: SocketAddr,
    over: AtomicBool,
    numbers: AtomicU64,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    marks: Marks,
    /// The generations of the requests that have a number.
    numbered: BTreeMap<u64, u64>,
}

impl Load {
    pub(super) fn on(address: SocketAddr) -> Self {
        let (over, numbers, seen) = Default::default();
        let shared = Arc::new(Shared { address, over, numbers, seen });
        let asks: [fn(&Shared); 3] =
            [Shared::ask_for_matrices, Shared::ask_for_matrices, Shared::ask_for_configuration];
        let threads = asks.map(|ask| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                while !shared.over.load(Ordering::SeqCst) {
                    ask(&shared);
                    thread::sleep(PAUSE);
                }
            })
        });
        Self { shared, threads: threads.into() }
    }

    /// Whether requests of every kind were answered under this generation; also once one has failed.
    pub(super) fn has_seen(&self, generation: u64) -> bool {
        let failed = self.threads.iter().any(JoinHandle::is_finished);
        let seen = self.shared.seen.lock();
        failed || seen.is_ok_and(|seen| seen.has(generation))
    }

    /// Ends it; gives the marks of the answers, and of the calls that the `nodes` got for them.
    pub(super) fn end(mut self, nodes: &[Stub]) -> Marks {
        self.shared.over.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            thread.join().expect("no request fails");
        }
        let Seen { mut marks, numbered } = std::mem::take(&mut *self.shared.seen.lock().unwrap());
        for call in nodes.iter().flat_map(|node| node.asked(MATRIX_PATH)) {
            if let Some(generation) = number_of(&call.query).and_then(|number| numbered.get(&number)) {
                let rows = parameter(&call.query, "rows").unwrap_or_default();
                marks.entry(*generation).or_default().entry("rows").or_default().insert(rows.to_owned());
            }
        }
        marks
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Once like everybody, so that requests are shared; once under a number of its own.
    fn ask_for_matrices(&self) {
        self.take_matrix(&self.ask(MATRIX_PATH));
        let number = self.numbers.fetch_add(1, Ordering::SeqCst) + 1;
        let from = number * APART_MS + APART_MS / 2;
        let answer = self.ask(&format!("{MATRIX_PATH}?from_unix_ms={from}"));
        self.take_matrix(&answer);
        self.seen.lock().unwrap().numbered.insert(number, answer.generation());
    }

    fn ask_for_configuration(&self) {
        let answer = self.ask(CONFIG_PATH);
        let config = answer.json();
        assert_eq!(config["generation"], answer.generation(), "{}", answer.body);
        self.take(&answer, "first entry", &config["peers"][0]["entry"]);
        self.take(&answer, "merge.step", &config["effective"]["merge"]["step"]);
        self.take(&answer, "fanout.row_limit", &config["effective"]["fanout"]["row_limit"]);
    }

    fn ask(&self, target: &str) -> Answer {
        let answer = get(self.address, target, SESSION).expect("an answer");
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        answer
    }

    fn take_matrix(&self, answer: &Answer) {
        let matrix = answer.json();
        let fanout = &matrix["fanout"];
        assert!(fanout["complete"] == true && fanout["responded"] == 2, "{fanout}");
        assert_eq!(answer.header("X-Keyviz-Responded"), Some("2/2"));
        self.take(answer, "first node", &fanout["nodes"][0]["node"]);
        self.take(answer, "step_ms", &matrix["step_ms"]);
    }

    fn take(&self, answer: &Answer, mark: &'static str, value: &Value) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut seen = self.seen.lock().unwrap();
        seen.marks.entry(answer.generation()).or_default().entry(mark).or_default().insert(value);
    }
}

impl Seen {
    fn has(&self, generation: u64) -> bool {
        let introspected = self.marks.get(&generation).is_some_and(|marks| marks.contains_key("fanout.row_limit"));
        introspected && self.numbered.values().any(|answered| *answered == generation)
    }
}

fn number_of(query: &str) -> Option<u64> {
    Some(parameter(query, "from_unix_ms")?.parse::<u64>().ok()? / APART_MS)
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}
