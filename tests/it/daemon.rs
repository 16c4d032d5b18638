//! A daemon in this process, asked through its app or over its socket, and the small matrices its nodes have.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as the tests do"
)]

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use async_std::{net::TcpListener, task};
use keyviz_fanout::{
    api::{self, Service},
    config,
    fanout::MATRIX_PATH,
    http::{HyperClient, ServeOptions, serve},
    matrix::{Matrix, Series},
    merge::{self, Extras, Options, merge},
};
use serde_json::Value;
use surf::{
    HttpClient,
    http::{Method, Request, Response, Url},
};

use crate::merge_support::{WINDOW, node, row};

/// The session that [`Daemon::ask`] shows.
pub(crate) const SESSION: &str = "session-of-the-tests";
/// On top of a deadline, for machines that are busy with the other tests.
pub(crate) const SLACK: Duration = Duration::from_secs(4);

pub(crate) struct Daemon {
    pub(crate) service: Arc<Service>,
}

impl Daemon {
    /// Calls its nodes over sockets.
    pub(crate) fn start(toml: &str) -> Self {
        Self::over(HyperClient, toml)
    }

    pub(crate) fn over(client: impl HttpClient, toml: &str) -> Self {
        let loaded = config::load(toml, None).unwrap_or_else(|problems| panic!("{toml}\n{problems:?}"));
        let client = surf::Client::with_http_client(client);
        Self { service: Service::builder(loaded).client(client).build() }
    }

    /// A GET with the session of the tests.
    pub(crate) fn ask(&self, target: &str) -> Answer {
        self.send(get(target, &[("Cookie", &format!("admin_session={SESSION}"))]))
    }

    /// The matrix, with this query.
    pub(crate) fn matrix(&self, query: &str) -> Answer {
        self.ask(&format!("{MATRIX_PATH}?{query}"))
    }

    pub(crate) fn send(&self, request: Request) -> Answer {
        task::block_on(self.respond(request))
    }

    pub(crate) async fn respond(&self, request: Request) -> Answer {
        let started = Instant::now();
        let app = api::app(Arc::clone(&self.service));
        let mut response: Response = async_std::future::timeout(Duration::from_secs(30), app.respond(request))
            .await
            .expect("the daemon hangs")
            .expect("the app never fails");
        let body = response.body_bytes().await.unwrap();
        Answer { status: response.status().into(), body, took: started.elapsed(), response }
    }

    /// Serves on a socket of its own until the end of the tests.
    pub(crate) fn listen(&self) -> SocketAddr {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        self.listen_on(listener);
        address
    }

    pub(crate) fn listen_on(&self, listener: std::net::TcpListener) {
        let app = api::app(Arc::clone(&self.service));
        task::spawn(serve(TcpListener::from(listener), app, ServeOptions::default, std::future::pending()));
    }
}

pub(crate) fn get(target: &str, headers: &[(&str, &str)]) -> Request {
    let mut request = Request::new(Method::Get, Url::parse(&format!("http://localhost{target}")).unwrap());
    for (name, value) in headers {
        request.insert_header(*name, *value);
    }
    request
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) took: Duration,
    response: Response,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.header(name).map(|values| values.last().as_str())
    }

    /// All header fields as text.
    pub(crate) fn head(&self) -> String {
        self.response.iter().fold(String::new(), |head, (name, values)| head + &format!("{name}: {values}\n"))
    }

    /// The error's code.
    pub(crate) fn code(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// The nodes of the fanout block.
    pub(crate) fn nodes(&self) -> Vec<Value> {
        self.json()["fanout"]["nodes"].as_array().cloned().unwrap_or_default()
    }

    /// The report on one node, which must be listed exactly once.
    pub(crate) fn report(&self, name: &str) -> Value {
        let reports: Vec<_> = self.nodes().into_iter().filter(|report| report["node"] == name).collect();
        assert_eq!(reports.len(), 1, "{name}: {reports:?}");
        reports[0].clone()
    }

    /// The reason of one node that is not ok, and its error.
    pub(crate) fn failure(&self, name: &str) -> (String, String) {
        let report = self.report(name);
        assert_eq!(report["ok"], false, "{report}");
        let text = |field: &str| report[field].as_str().unwrap_or_else(|| panic!("{field}: {report}")).to_owned();
        (text("reason"), text("error"))
    }

    /// The codes of the warnings about one node.
    pub(crate) fn warnings(&self, name: &str) -> Vec<String> {
        let warnings = self.report(name)["warnings"].as_array().unwrap().clone();
        warnings.iter().map(|warning| warning["code"].as_str().unwrap().to_owned()).collect()
    }

    /// Checks the numbers, in the body and in the header.
    pub(crate) fn assert_responded(&self, responded: usize, expected: usize) {
        let fanout = &self.json()["fanout"];
        assert_eq!(fanout["responded"], responded, "{fanout}");
        assert_eq!(fanout["expected"], expected, "{fanout}");
        assert_eq!(fanout["complete"], responded == expected, "{fanout}");
        assert_eq!(self.header("X-Keyviz-Responded"), Some(&*format!("{responded}/{expected}")));
    }

    /// Checks the data to be exactly the merge of these matrices.
    pub(crate) fn assert_merge_of(&self, matrices: &[&Matrix]) {
        self.assert_merge(matrices, &WINDOW);
    }

    pub(crate) fn assert_merge(&self, matrices: &[&Matrix], options: &Options) {
        assert_eq!(self.status, 200, "{}", self.text());
        let extras = Extras { generated_at: "", identity: true, fanout: b"null" };
        let expected = merge::encode(&merge(Series::Writes, matrices, options), &extras);
        let expected: Value = serde_json::from_slice(&expected).unwrap();
        let answer = self.json();
        for field in ["rows", "column_unix_ms", "column_nodes", "step_ms", "rows_dropped", "series"] {
            assert_eq!(answer[field], expected[field], "{field}");
        }
    }
}

/// A configuration with a local node, if there is one, and peers; `more` is further lines.
pub(crate) fn config(local: Option<&str>, peers: &[&str], more: &str) -> String {
    let local = local.map_or_else(String::new, |at| format!("local.source = \"http\"\nlocal.url = \"http://{at}\"\n"));
    format!("{local}fanout.peers = {peers:?}\n{more}")
}

/// The matrix of node `number`: a row that all nodes share, one of its own, windows at its own phase.
pub(crate) fn sample(number: u8) -> Matrix {
    let n = u64::from(number);
    let columns: Vec<i64> =
        (1..=4).map(|minute| 1_700_000_000_000 + minute * 60_000 + i64::from(number) * 7_000).collect();
    let own = format!("route:{}", 100 + n);
    node(&columns, [row("route:1", &[n, 2 * n, 0, 4 * n]), row(&own, &[10 + n, 0, n, 7])])
}
