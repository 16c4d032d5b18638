//! A node that mounts the extension into its own tide app and hands it its matrix in process.
//!
//! The node counts the requests it answers, per first segment of their path, in windows of 1 s. Start it, with or
//! without peers (`keyviz-fanout demo` prints the addresses of some):
//!
//! ```text
//! cargo run --example embedded -- 127.0.0.1:40001 127.0.0.1:40002
//! curl http://127.0.0.1:8095/hello
//! curl --cookie admin_session=open-sesame 'http://127.0.0.1:8095/admin/api/v1/keyviz/matrix?series=reads'
//! curl --cookie admin_session=open-sesame http://127.0.0.1:8095/admin/api/v1/keyviz/config
//! KEYVIZ_SESSION=open-sesame keyviz-fanout query --url http://127.0.0.1:8095 --series reads
//! ```
//!
//! A window is there once it is over; the rows `path:/hello` are this node's own.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_std::{net::TcpListener, stream::StreamExt, task};
use async_trait::async_trait;
use keyviz_fanout::{
    Config, LocalMatrix, LocalSource, Service,
    config::PeerEntry,
    fanout::{Caller, Deadline, Failure, NodeQuery},
    http::{ServeOptions, serve},
    matrix::{Identities, Matrix, Row, RowMeta, Series},
    mount,
};
use serde_json::{Value, json};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook_async_std::Signals;

/// Length of a window, and how many are kept.
const STEP_MS: i64 = 1000;
const WINDOWS: usize = 600;
/// The one session this node knows. A real node verifies a signed one.
const SESSION: &str = "open-sesame";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let peers = std::env::args().skip(1).map(|peer| peer.parse()).collect::<Result<_, _>>()?;
    task::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:8095").await?;
        let mut signals = Signals::new([SIGTERM, SIGINT])?;
        let told_to_end = async move {
            signals.next().await;
        };
        serve(listener, node("127.0.0.1:8095", peers), ServeOptions::default, told_to_end).await;
        Ok(())
    })
}

/// The node's app, its own routes and the extension's.
pub(crate) fn node(name: &str, peers: Vec<PeerEntry>) -> tide::Server<()> {
    let sampler = Sampler::default();
    let mut node = tide::new();
    node.with(count(sampler.clone()));
    node.at("/").get(async |_| Ok("this is the node\n"));
    node.at("/hello").get(async |_| Ok("hello\n"));
    node.at("/echo").post(async |mut request: tide::Request<()>| request.body_string().await);

    let mut config = Config::default();
    config.fanout.peers = peers;
    let service = Service::builder(config).local(OwnMatrix { name: name.to_owned(), sampler }).build();
    mount(&mut node, service);
    node
}

/// Middleware that samples what the node answers.
fn count(sampler: Sampler) -> impl tide::Middleware<()> {
    tide::utils::Before(move |request: tide::Request<()>| {
        let series = if request.method().is_safe() { Series::Reads } else { Series::Writes };
        sampler.record(series, request.url().path(), jiff::Timestamp::now().as_millisecond());
        std::future::ready(request)
    })
}

/// A toy sampler: per window (its end, Unix milliseconds) the number of requests per series and path prefix.
#[derive(Clone, Default)]
struct Sampler(Arc<Mutex<BTreeMap<i64, Window>>>);

type Window = BTreeMap<(&'static str, String), u64>;

impl Sampler {
    fn record(&self, series: Series, path: &str, now: i64) {
        let prefix = path.split('/').nth(1).unwrap_or_default();
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry((now / STEP_MS + 1) * STEP_MS).or_default();
        *window.entry((series.as_str(), format!("/{prefix}"))).or_default() += 1;
        while windows.len() > WINDOWS {
            windows.pop_first();
        }
    }

    /// The windows that were over at `now`, the quiet ones too, as `query` asks for them.
    fn matrix(&self, query: &NodeQuery, now: i64) -> Matrix {
        let windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = windows.keys().next().copied().unwrap_or(now).max(query.from_unix_ms.unwrap_or(0));
        let last = query.to_unix_ms.map_or(now, |to| now.min(to.saturating_sub(1))) / STEP_MS;
        let ends = (1..=last).rev().take(WINDOWS).map(|window| window * STEP_MS);
        let mut ends: Vec<i64> = ends.take_while(|end| *end >= first).collect();
        ends.reverse();

        let mut counts: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for (column, window) in ends.iter().enumerate().filter_map(|(column, end)| Some((column, windows.get(end)?))) {
            for ((_, prefix), count) in window.iter().filter(|((series, _), _)| *series == query.series.as_str()) {
                counts.entry(prefix).or_insert_with(|| vec![0; ends.len()])[column] = *count;
            }
        }
        let mut rows: Vec<Row> = counts.into_iter().map(|(prefix, values)| row(prefix, values)).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.values.iter().sum::<u64>()));
        rows.truncate(query.rows);
        let generated_at = Some(jiff::Timestamp::now().to_string());
        Matrix { series: query.series, column_unix_ms: ends, rows, generated_at, fanout_expected: None }
    }
}

fn row(prefix: &str, values: Vec<u64>) -> Row {
    // The node is its only replica, so one group and one term hold for all of its windows.
    let identities = Some(Identities::constant(1, values.len()));
    let meta = RowMeta {
        bucket_id: format!("path:{prefix}"),
        start: Some(prefix.into()),
        end: Some(format!("{prefix}\u{7f}").into()),
        route_count: 1,
        ..RowMeta::default()
    };
    Row { meta, values, raft_group_ids: identities.clone(), leader_terms: identities }
}

/// What the extension asks for the node's own share.
struct OwnMatrix {
    name: String,
    sampler: Sampler,
}

impl OwnMatrix {
    /// With `auth.mode = "forward"`, the default, the node decides who may read; peers are shown the same session.
    fn admit(caller: &Caller) -> Result<(), Failure> {
        let known = caller.credentials.admin_session() == Some(SESSION);
        known.then_some(()).ok_or_else(|| Failure::status(401, "unauthenticated", "unknown session"))
    }
}

#[async_trait]
impl LocalSource for OwnMatrix {
    fn name(&self) -> &str {
        &self.name
    }

    async fn matrix(&self, query: &NodeQuery, caller: &Caller, _: Deadline) -> Result<LocalMatrix, Failure> {
        Self::admit(caller)?;
        Ok(LocalMatrix::Decoded(self.sampler.matrix(query, jiff::Timestamp::now().as_millisecond())))
    }

    async fn cluster(&self, caller: &Caller, _: Deadline) -> Result<Value, Failure> {
        Self::admit(caller)?;
        Ok(json!({ "node_id": self.name, "version": "embedded", "timestamp": jiff::Timestamp::now(), "groups": [] }))
    }
}
