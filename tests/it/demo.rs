//! The simulated cluster over its sockets.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use std::{
    collections::HashSet,
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use async_std::task;
use keyviz_fanout::{
    demo::{Cluster, Options, Outages},
    http::HyperClient,
    matrix::{Matrix, Series, decode},
};
use serde_json::Value;

use crate::support::eventually;

const MATRIX: &str = "/admin/api/v1/keyviz/matrix";

fn calm() -> Options {
    Options { outages: None, ..Options::default() }
}

fn get(address: SocketAddr, path: &str) -> Result<(u16, Vec<u8>), surf::Error> {
    task::block_on(async {
        let client = surf::Client::with_http_client(HyperClient);
        let mut response = client.get(format!("http://{address}{path}")).await?;
        Ok((response.status().into(), response.body_bytes().await?))
    })
}

fn matrix(address: SocketAddr, series: Series, query: &str) -> Matrix {
    let (status, body) = get(address, &format!("{MATRIX}?series={series}&{query}")).unwrap();
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    decode(&body, series).unwrap()
}

#[test]
fn every_node_has_a_valid_history_of_every_series_at_once() {
    let cluster = Cluster::start(calm()).unwrap();
    let mut timestamps = HashSet::new();
    for address in cluster.addresses() {
        for series in Series::ALL {
            let matrix = matrix(address, series, "");
            assert!(matrix.rows.len() > 200, "{} rows", matrix.rows.len());
            assert!(matrix.column_unix_ms.len() >= 598, "{} columns", matrix.column_unix_ms.len());
            assert!(matrix.generated_at.unwrap().parse::<jiff::Timestamp>().is_ok());
        }
        let columns = matrix(address, Series::Reads, "").column_unix_ms;
        assert!(columns.into_iter().all(|column| timestamps.insert(column)));
    }
}

#[test]
fn a_range_is_half_open_and_holds_what_the_node_counted() {
    let cluster = Cluster::start(calm()).unwrap();
    let counted = cluster.matrix(1, Series::ReadBytes).unwrap();
    let columns = &counted.column_unix_ms[10..20];
    let bounds = format!("from_unix_ms={}&to_unix_ms={}", columns[0], counted.column_unix_ms[20]);
    let answer = matrix(cluster.addresses()[1], Series::ReadBytes, &bounds);
    assert_eq!(answer.column_unix_ms, columns);
    let total = |matrix: &Matrix, columns: std::ops::Range<usize>| -> u64 {
        matrix.rows.iter().flat_map(|row| &row.values[columns.clone()]).sum()
    };
    assert_eq!(total(&answer, 0..10), total(&counted, 10..20));
}

#[test]
fn a_row_limit_keeps_the_busiest_and_anything_odd_means_1024() {
    let cluster = Cluster::start(calm()).unwrap();
    let address = cluster.addresses()[0];
    let until = cluster.matrix(0, Series::Writes).unwrap().column_unix_ms[300];
    let all = matrix(address, Series::Writes, &format!("to_unix_ms={until}"));
    let few = matrix(address, Series::Writes, &format!("to_unix_ms={until}&rows=10"));
    let sum = |row: &keyviz_fanout::matrix::Row| row.values.iter().sum::<u64>();
    let mut sums: Vec<u64> = all.rows.iter().map(sum).collect();
    sums.sort_unstable_by(|a, b| b.cmp(a));
    let mut kept: Vec<u64> = few.rows.iter().map(sum).collect();
    kept.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(kept, sums[..10]);
    for rows in ["0", "-5", "99999", ""] {
        let query = format!("to_unix_ms={until}&rows={rows}");
        assert_eq!(matrix(address, Series::Writes, &query).rows.len(), all.rows.len());
    }
}

#[test]
fn bad_queries_are_refused_in_the_words_of_a_real_node() {
    let cluster = Cluster::start(calm()).unwrap();
    let recorded: Value = serde_json::from_str(include_str!("../fixtures/cluster/errors.json")).unwrap();
    for (query, name) in [("series=hits", "bad_series"), ("rows=many", "bad_rows")] {
        let (status, body) = get(cluster.addresses()[0], &format!("{MATRIX}?{query}")).unwrap();
        assert_eq!(status, 400);
        assert_eq!(String::from_utf8(body).unwrap(), recorded[name]["body"].as_str().unwrap());
    }
}

#[test]
fn the_nodes_have_names_and_agree_on_their_leaders() {
    let cluster = Cluster::start(calm()).unwrap();
    let answers: Vec<Value> = (cluster.addresses().into_iter())
        .map(|address| serde_json::from_slice(&get(address, "/admin/api/v1/cluster").unwrap().1).unwrap())
        .collect();
    assert_eq!(
        answers.iter().map(|answer| answer["node_id"].as_str().unwrap()).collect::<Vec<_>>(),
        ["n1", "n2", "n3"]
    );
    for group in 0..answers[0]["groups"].as_array().unwrap().len() {
        let says = |answer: &Value| answer["groups"][group]["is_leader"].as_bool().unwrap();
        let leading: Vec<&Value> = answers.iter().filter(|answer| says(answer)).collect();
        assert_eq!(leading.len(), 1, "group {group}");
        assert_eq!(leading[0]["node_id"], leading[0]["groups"][group]["leader_id"]);
    }
}

#[test]
fn a_node_goes_down_and_comes_back_on_its_port_without_what_it_missed() {
    let outages = Outages {
        first: Duration::from_millis(400),
        every: Duration::from_hours(1),
        length: Duration::from_millis(900),
    };
    let step = Duration::from_millis(50);
    let history = Duration::from_secs(2);
    let cluster = Cluster::start(Options { nodes: 2, step, history, outages: Some(outages), ..calm() }).unwrap();
    let [steady, faulty] = cluster.addresses()[..] else { panic!("two nodes") };
    let before = cluster.matrix(1, Series::Reads).unwrap().column_unix_ms[0];

    task::block_on(eventually("an outage", async || TcpStream::connect(faulty).is_err().then_some(())));
    assert!(get(steady, "/admin/healthz").is_ok());
    task::block_on(eventually("a return", async || TcpStream::connect(faulty).ok()));
    let after = task::block_on(eventually("a window after the return", async || {
        let columns = cluster.matrix(1, Series::Reads).unwrap().column_unix_ms;
        columns.windows(2).any(|pair| pair[1] - pair[0] >= 900).then_some(columns)
    }));
    assert_eq!(matrix(faulty, Series::Reads, "").column_unix_ms[0], before, "its memory outlives the outage");
    assert_eq!(after[0], before);
    assert!(after.windows(2).filter(|pair| pair[1] - pair[0] > 60).count() == 1, "{after:?}");
}

#[test]
fn a_stopped_cluster_has_closed_its_ports() {
    let cluster = Cluster::start(Options::default()).unwrap();
    let addresses = cluster.addresses();
    task::block_on(cluster.stop());
    assert!(addresses.into_iter().all(|address| TcpStream::connect(address).is_err()));
}

#[test]
fn options_that_make_no_cluster_are_refused() {
    let refused = |options: Options| Cluster::start(options).unwrap_err().to_string();
    assert_eq!(refused(Options { nodes: 0, ..calm() }), "a cluster needs at least 1 node");
    let step = Duration::from_millis(20);
    assert_eq!(refused(Options { step, ..calm() }), "a step of 20ms is too short for 3 nodes, at least 24ms");
    let step = Duration::from_mins(61);
    assert_eq!(refused(Options { step, ..calm() }), "a step of 3660s is too long, at most 3600s");
    let history = Duration::MAX;
    assert!(refused(Options { history, ..calm() }).ends_with("has more than 100000 windows of 1s"));
    let endless = Outages { length: Duration::from_mins(2), ..Outages::default() };
    assert_eq!(
        refused(Options { outages: Some(endless), ..calm() }),
        "an outage of 120s does not end before the next, after 120s"
    );
}
