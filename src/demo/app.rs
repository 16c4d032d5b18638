//! A simulated node's admin interface, WIRE §2 and §3, as a tide app. It asks for no session: the demo is for looking.

use std::sync::Arc;

use async_std::task;
use jiff::Timestamp;
use serde::Serialize;
use tide::{Request, Response, StatusCode};

use super::node::{self, Node, Query};
use crate::matrix::{self, Matrix, Series};

/// WIRE §1: a node sends at most this many rows.
const MAX_ROWS: usize = 1024;

/// What a handler knows.
#[derive(Clone)]
pub(super) struct State {
    pub(super) node: Arc<Node>,
    pub(super) nodes: usize,
    pub(super) epoch_unix_ms: i64,
}

/// The routes of one node.
pub(super) fn app(state: State) -> tide::Server<State> {
    let mut app = tide::with_state(state);
    app.at("/admin/api/v1/keyviz/matrix").get(matrix);
    app.at("/admin/api/v1/cluster").get(async |request: Request<State>| Ok(cluster(request.state())));
    app.at("/admin/healthz").get(async |_| Ok("ok\n"));
    app
}

async fn matrix(request: Request<State>) -> tide::Result {
    let State { node, epoch_unix_ms, .. } = request.state().clone();
    let query = match query(&request, epoch_unix_ms) {
        Ok(query) => query,
        Err(message) => return Ok(json(StatusCode::BadRequest, error("invalid_query", &message))),
    };
    let body = task::spawn_blocking(move || {
        let now = Timestamp::now();
        let matrix = node.matrix(&query, now.as_millisecond() - epoch_unix_ms, epoch_unix_ms);
        matrix::encode(&Matrix { generated_at: Some(now.to_string()), ..matrix })
    });
    Ok(json(StatusCode::Ok, body.await))
}

fn query(request: &Request<State>, epoch_unix_ms: i64) -> Result<Query, String> {
    let bound = |name, unbounded| {
        let given = integer(request, name)?.filter(|unix_ms| *unix_ms != 0);
        Ok::<_, String>(given.map_or(unbounded, |unix_ms| unix_ms.saturating_sub(epoch_unix_ms)))
    };
    let series = find(request, "series").map_or(Ok(Series::default()), |name| name.parse::<Series>());
    let rows = integer(request, "rows")?.and_then(|rows| usize::try_from(rows).ok());
    Ok(Query {
        series: series.map_err(|unknown| unknown.to_string())?,
        rows: rows.filter(|rows| (1..=MAX_ROWS).contains(rows)).unwrap_or(MAX_ROWS),
        from: bound("from_unix_ms", i64::MIN)?,
        to: bound("to_unix_ms", i64::MAX)?,
    })
}

fn integer(request: &Request<State>, name: &str) -> Result<Option<i64>, String> {
    find(request, name).map(|value| value.parse().map_err(|_| format!("{name} must be an integer"))).transpose()
}

fn find(request: &Request<State>, name: &str) -> Option<String> {
    let mut pairs = request.url().query_pairs();
    pairs.find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.into_owned())
}

#[derive(Serialize)]
struct Cluster {
    node_id: String,
    version: &'static str,
    timestamp: Timestamp,
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct Group {
    #[serde(rename = "group_id")]
    id: u32,
    leader_id: String,
    members: Vec<String>,
    is_leader: bool,
}

fn cluster(State { node, nodes, epoch_unix_ms }: &State) -> Response {
    let timestamp = Timestamp::now();
    let leaders = node.leaders(timestamp.as_millisecond() - epoch_unix_ms);
    let group = |(id, leader)| {
        let leader_id = node::name(leader);
        let members = (0..*nodes).map(node::name).collect();
        Group { id, is_leader: leader_id == node.id(), leader_id, members }
    };
    let groups = leaders.into_iter().map(group).collect();
    let cluster = Cluster { node_id: node.id(), version: "demo", timestamp, groups };
    match serde_json::to_vec(&cluster) {
        Ok(body) => json(StatusCode::Ok, body),
        Err(cause) => json(StatusCode::InternalServerError, error("internal", &cause.to_string())),
    }
}

fn error(code: &str, message: &str) -> Vec<u8> {
    format!("{}\n", serde_json::json!({"error": code, "message": message})).into_bytes()
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    Response::builder(status)
        .body(body)
        .content_type("application/json; charset=utf-8")
        .header("Cache-Control", "no-store")
        .header("X-Content-Type-Options", "nosniff")
        .build()
}
