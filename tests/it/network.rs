//! Nodes in memory behind surf's client trait: whatever needs neither time nor bytes is tested through them.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_std::task;
use keyviz_fanout::{
    fanout::{CLUSTER_PATH, GUARD_HEADER, MATRIX_PATH},
    matrix::{self, Matrix},
};
use surf::{
    HttpClient,
    http::{Error, Request, Response, StatusCode},
};

/// Addresses that no machine has (RFC 5737), so that none of them is this host.
pub(crate) const A: &str = "192.0.2.1:8080";
pub(crate) const B: &str = "192.0.2.2:8080";
pub(crate) const C: &str = "192.0.2.3:8080";
pub(crate) const D: &str = "192.0.2.4:8080";

/// What a node says on a path.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    status: u16,
    body: Vec<u8>,
    headers: Vec<(String, String)>,
    after: Duration,
}

impl Said {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: body.into(), headers: Vec::new(), after: Duration::ZERO }
    }

    pub(crate) fn matrix(matrix: &Matrix) -> Self {
        Self::new(200, matrix::encode(matrix))
    }

    pub(crate) fn error(status: u16, code: &str) -> Self {
        Self::new(status, format!(r#"{{"error":"{code}","message":"a sentence"}}"#))
    }

    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }

    /// An answer that nobody waits for.
    pub(crate) fn never() -> Self {
        Self::new(200, "").after(Duration::from_mins(10))
    }
}

/// A call as a node saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) cookie: Option<String>,
    pub(crate) guard: Option<String>,
}

/// All nodes; an address that is none of them can't be reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    said: Arc<Mutex<HashMap<(String, String), Said>>>,
    calls: Arc<Mutex<Vec<(String, Call)>>>,
    open: Arc<AtomicUsize>,
    most_open: Arc<AtomicUsize>,
}

impl Network {
    /// Nodes n1, n2 … at these addresses, with the samples 1, 2 …
    pub(crate) fn of(addresses: &[&str]) -> Self {
        let network = Self::default();
        for (number, address) in (1..).zip(addresses) {
            network.node(address, &format!("n{number}"), &crate::daemon::sample(number));
        }
        network
    }

    /// A healthy node.
    pub(crate) fn node(&self, address: &str, id: &str, matrix: &Matrix) {
        self.say(address, MATRIX_PATH, Said::matrix(matrix));
        self.say(address, CLUSTER_PATH, Said::new(200, format!(r#"{{"node_id":"{id}","groups":[]}}"#)));
    }

    pub(crate) fn say(&self, address: &str, path: &str, said: Said) {
        self.said.lock().unwrap().insert((address.to_owned(), path.to_owned()), said);
    }

    /// Nothing is at `address` any more.
    pub(crate) fn leave(&self, address: &str) {
        self.said.lock().unwrap().retain(|(at, _), _| at != address);
    }

    /// The calls that the node at `address` got on `path`.
    pub(crate) fn calls(&self, address: &str, path: &str) -> Vec<Call> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|(at, call)| at == address && call.path == path).map(|(_, call)| call.clone()).collect()
    }

    /// All calls, with the address that got them.
    pub(crate) fn all_calls(&self) -> Vec<(String, Call)> {
        self.calls.lock().unwrap().clone()
    }

    /// Most calls that waited for their answer at once.
    pub(crate) fn most_open(&self) -> usize {
        self.most_open.load(Ordering::SeqCst)
    }

    /// The query parameters of the last matrix call at `address`, sorted.
    pub(crate) fn last_query(&self, address: &str) -> Vec<String> {
        let calls = self.calls(address, MATRIX_PATH);
        let mut query: Vec<_> = calls.last().unwrap().query.split('&').map(str::to_owned).collect();
        query.sort_unstable();
        query
    }
}

/// A call that waits for its answer, until it is dropped, which its caller may do first.
struct Open<'a> {
    count: &'a AtomicUsize,
    now: usize,
}

impl<'a> Open<'a> {
    fn count(count: &'a AtomicUsize) -> Self {
        Self { count, now: count.fetch_add(1, Ordering::SeqCst) + 1 }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait::async_trait]
impl HttpClient for Network {
    async fn send(&self, request: Request) -> Result<Response, Error> {
        let url = request.url();
        let address = format!("{}:{}", url.host_str().unwrap(), url.port_or_known_default().unwrap());
        let field = |name: &str| request.header(name).map(|values| values.as_str().to_owned());
        let call = Call {
            path: url.path().to_owned(),
            query: url.query().unwrap_or_default().to_owned(),
            cookie: field("Cookie"),
            guard: field(GUARD_HEADER),
        };
        let said = self.said.lock().unwrap().get(&(address.clone(), call.path.clone())).cloned();
        self.calls.lock().unwrap().push((address, call));
        let said = said.ok_or_else(|| Error::from_str(StatusCode::BadGateway, "nothing is there"))?;
        if said.after > Duration::ZERO {
            let open = Open::count(&self.open);
            self.most_open.fetch_max(open.now, Ordering::SeqCst);
            task::sleep(said.after).await;
        }
        let mut response = Response::new(said.status);
        response.set_body(said.body);
        for (name, value) in &said.headers {
            response.insert_header(name.as_str(), value.as_str());
        }
        Ok(response)
    }
}
