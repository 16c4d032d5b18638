//! A node that has the extension mounted, as `examples/embedded.rs` shows it, with one stub of a peer.

#[expect(dead_code, reason = "the example's own main is not called here")]
#[path = "../../examples/embedded.rs"]
mod example;

use std::{net::SocketAddr, sync::Arc};

use async_std::{net::TcpListener, task};
use keyviz_fanout::{
    Config, LocalMatrix, LocalSource, Service,
    config::AuthMode,
    fanout::{Caller, Deadline, Failure, NodeQuery},
    http::{HyperClient, ServeOptions, serve},
    matrix::{Identities, Matrix, Row, RowMeta, Series, encode},
    mount,
};
use serde_json::Value;
use surf::http::Method;

use crate::support::eventually;

const MATRIX: &str = "/admin/api/v1/keyviz/matrix?series=reads";
const COOKIE: &str = "admin_session=open-sesame";

async fn start(app: impl FnOnce(SocketAddr) -> tide::Server<()>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    task::spawn(serve(listener, app(address), ServeOptions::default, std::future::pending()));
    address
}

/// The node, with these peers.
async fn node(peers: &[SocketAddr]) -> SocketAddr {
    let peers = peers.iter().map(|peer| peer.to_string().parse().unwrap()).collect();
    start(|address| example::node(&address.to_string(), peers)).await
}

/// A peer with one row, which only those with the session see.
fn peer(_: SocketAddr) -> tide::Server<()> {
    let mut app = tide::new();
    app.at("/admin/api/v1/cluster").get(async |_| Ok(serde_json::json!({ "node_id": "stub", "groups": [] })));
    app.at("/admin/api/v1/keyviz/matrix").get(async |request: tide::Request<()>| {
        if request.header("cookie").is_none_or(|cookie| cookie.as_str() != COOKIE) {
            return Ok(tide::Response::new(401));
        }
        let now = jiff::Timestamp::now();
        let columns = (1..=3).rev().map(|ago| now.as_millisecond() - ago * 1000).collect();
        let identities = Some(Identities::constant(1, 3));
        let meta = RowMeta { bucket_id: "route:1".into(), route_count: 1, ..RowMeta::default() };
        let row = Row { meta, values: vec![5, 6, 7], raft_group_ids: identities.clone(), leader_terms: identities };
        let body = encode(&Matrix {
            series: Series::Reads,
            column_unix_ms: columns,
            rows: vec![row],
            generated_at: Some(now.to_string()),
            fanout_expected: None,
        });
        Ok(tide::Response::builder(200).body(body).content_type("application/json").build())
    });
    app
}

struct Answer {
    status: u16,
    allow: Option<String>,
    instance: Option<String>,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

async fn ask(method: Method, address: SocketAddr, path: &str, cookie: &str) -> Answer {
    let url = format!("http://{address}{path}").parse().unwrap();
    let mut request = surf::http::Request::new(method, surf::http::Url::clone(&url));
    request.insert_header("Cookie", cookie);
    let mut response = surf::Client::with_http_client(HyperClient).send(request).await.unwrap();
    let header = |name| response.header(name).map(|values| values.last().as_str().to_owned());
    let (allow, instance) = (header("Allow"), header("X-Keyviz-Instance"));
    Answer { status: response.status().into(), allow, instance, body: response.body_string().await.unwrap() }
}

async fn get(address: SocketAddr, path: &str) -> Answer {
    ask(Method::Get, address, path, COOKIE).await
}

fn sum(answer: &Value, bucket: &str) -> Option<u64> {
    let row = answer["rows"].as_array()?.iter().find(|row| row["bucket_id"] == bucket)?;
    row["values"].as_array()?.iter().map(Value::as_u64).sum()
}

#[test]
fn the_merged_answer_has_the_nodes_own_rows_and_the_peers() {
    task::block_on(async {
        let node = node(&[start(peer).await]).await;
        for _ in 0..5 {
            assert_eq!(get(node, "/hello").await.body, "hello\n");
        }
        let answer = eventually("the window with the five requests", async || {
            let answer = get(node, MATRIX).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            Some(answer.json()).filter(|answer| sum(answer, "path:/hello") == Some(5))
        })
        .await;
        assert_eq!(sum(&answer, "route:1"), Some(18));
        let nodes = answer["fanout"]["nodes"].as_array().unwrap();
        assert_eq!((&nodes[0]["role"], &nodes[0]["ok"]), (&"self".into(), &true.into()));
        assert_eq!(nodes[0]["node"], node.to_string());
        assert_eq!((&nodes[1]["role"], &nodes[1]["ok"]), (&"peer".into(), &true.into()));
        assert_eq!((&answer["fanout"]["complete"], &answer["fanout"]["expected"]), (&true.into(), &2.into()));
    });
}

#[test]
fn without_peers_the_nodes_own_matrix_is_the_answer() {
    task::block_on(async {
        let node = node(&[]).await;
        ask(Method::Post, node, "/echo", "").await;
        let writes = "/admin/api/v1/keyviz/matrix?series=writes";
        let answer = eventually("the window with the request", async || {
            Some(get(node, writes).await.json()).filter(|answer| sum(answer, "path:/echo") == Some(1))
        })
        .await;
        assert!(answer.get("fanout").is_none(), "{answer}");
    });
}

#[test]
fn the_nodes_own_verdict_on_a_session_is_the_answer() {
    task::block_on(async {
        let node = node(&[start(peer).await]).await;
        for cookie in ["admin_session=stolen", "theme=dark"] {
            for path in [MATRIX, "/admin/api/v1/keyviz/config", "/admin/api/v1/cluster"] {
                let answer = ask(Method::Get, node, path, cookie).await;
                assert_eq!((answer.status, &answer.json()["error"]), (401, &"unauthenticated".into()), "{path}");
            }
        }
    });
}

#[test]
fn every_path_of_the_interface_is_there_when_mounted() {
    task::block_on(async {
        let node = node(&[start(peer).await]).await;
        for path in [
            MATRIX,
            "/admin/api/v1/cluster",
            "/admin/api/v1/keyviz/config",
            "/admin/healthz",
            "/admin/readyz",
            "/metrics",
        ] {
            let answer = get(node, path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            assert!(answer.instance.is_some(), "{path}");
            let head = ask(Method::Head, node, path, COOKIE).await;
            assert_eq!((head.status, head.body.as_str()), (200, ""), "HEAD {path}");
            let post = ask(Method::Post, node, path, COOKIE).await;
            assert_eq!((post.status, post.allow.as_deref()), (405, Some("GET, HEAD")), "POST {path}");
            assert_eq!(post.json()["error"], "method_not_allowed");
        }
        assert_eq!(get(node, "/admin/keyviz").await.status, 302);
        let config = get(node, "/admin/api/v1/keyviz/config").await.json();
        assert_eq!((&config["origins"]["fanout.peers"], &config["source"]), (&"code".into(), &Value::Null));
    });
}

#[cfg(feature = "page")]
#[test]
fn the_page_comes_with_its_assets_when_mounted() {
    task::block_on(async {
        let node = node(&[]).await;
        let page = get(node, "/admin/keyviz/").await;
        assert_eq!(page.status, 200, "{}", page.body);
        let asset = page.body.split('"').find(|text| text.starts_with("/admin/keyviz/assets/")).unwrap();
        assert_eq!(get(node, asset).await.status, 200, "{asset}");
        assert_eq!(ask(Method::Head, node, asset, "").await.status, 200, "{asset}");
        let unknown = get(node, "/admin/keyviz/assets/none.js").await;
        assert_eq!((unknown.status, &unknown.json()["error"]), (404, &"not_found".into()));
    });
}

#[test]
fn the_nodes_own_routes_stay_its_own() {
    task::block_on(async {
        let node = node(&[]).await;
        assert_eq!(get(node, "/").await.body, "this is the node\n");
        assert_eq!(ask(Method::Head, node, "/hello", "").await.status, 200);
        assert_eq!(ask(Method::Post, node, "/hello", "").await.status, 405);
        for path in ["/nothing", "/admin/nothing"] {
            let answer = get(node, path).await;
            assert_eq!((answer.status, answer.instance), (404, None), "{path}");
        }
    });
}

/// A source that never says who it is, and knows how many still ask it to.
struct Silent(Arc<()>);

#[async_trait::async_trait]
impl LocalSource for Silent {
    fn name(&self) -> &'static str {
        "silent"
    }

    async fn matrix(&self, query: &NodeQuery, _: &Caller, _: Deadline) -> Result<LocalMatrix, Failure> {
        let series = query.series;
        let (column_unix_ms, rows) = (Vec::new(), Vec::new());
        let matrix = Matrix { series, column_unix_ms, rows, generated_at: None, fanout_expected: None };
        Ok(LocalMatrix::Decoded(matrix))
    }

    async fn cluster(&self, _: &Caller, _: Deadline) -> Result<Value, Failure> {
        let _asking = Arc::clone(&self.0);
        std::future::pending().await
    }
}

#[test]
fn a_source_that_never_says_who_it_is_is_not_asked_for_ever() {
    task::block_on(async {
        let asking = Arc::new(());
        let mut config = Config::default();
        config.auth.mode = AuthMode::None;
        config.fanout.timeout = std::time::Duration::from_millis(100);
        config.fanout.peers = vec!["127.0.0.1:1".parse().unwrap()];
        let mut app = tide::new();
        mount(&mut app, Service::builder(config).local(Silent(Arc::clone(&asking))).build());
        let node = start(|_| app).await;
        for _ in 0..3 {
            assert_eq!(get(node, MATRIX).await.status, 200);
        }
        // This test and the source hold one each.
        eventually("the end of the questions", async || (Arc::strong_count(&asking) == 2).then_some(())).await;
    });
}
