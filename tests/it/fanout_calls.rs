//! What nodes are asked (SPEC §3, §7): the rebuilt query, the guard, the cookies, and each node once.

use keyviz_fanout::{
    config::Step,
    fanout::{CLUSTER_PATH, MATRIX_PATH},
    merge::Options,
};

use crate::{
    daemon::{Daemon, config, get, sample},
    merge_support::WINDOW,
    network::{A, B, C, Network},
};

const HOUR_MS: i64 = 3_600_000;
/// Between the second and the third window of every sample.
const FROM: i64 = 1_700_000_150_000;
const TO: i64 = 1_700_000_215_000;

fn three(more: &str) -> (Network, Daemon) {
    let network = Network::of(&[A, B, C]);
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B, C], more));
    (network, daemon)
}

#[test]
fn every_node_is_asked_for_its_matrix_once() {
    let (network, daemon) = three("");
    daemon.matrix("").assert_merge_of(&[&sample(1), &sample(2), &sample(3)]);
    for address in [A, B, C] {
        assert_eq!(network.calls(address, MATRIX_PATH).len(), 1, "{address}");
    }
}

#[test]
fn a_node_id_is_asked_for_once_and_kept() {
    let (network, daemon) = three("");
    for _ in 0..3 {
        daemon.matrix("").assert_responded(3, 3);
    }
    for address in [A, B, C] {
        assert_eq!(network.calls(address, CLUSTER_PATH).len(), 1, "{address}");
        assert_eq!(network.calls(address, MATRIX_PATH).len(), 3, "{address}");
    }
}

#[test]
fn the_query_is_rebuilt_with_the_row_limit_and_nothing_unknown() {
    let (network, daemon) = three("fanout.row_limit = 777\n");
    daemon.matrix("series=writes&rows=5&require=all&identity=false&evil=1&rows=9&series=reads").assert_responded(3, 3);
    for address in [A, B, C] {
        assert_eq!(network.last_query(address), ["rows=777", "series=writes"], "{address}");
    }
}

#[test]
fn bounds_are_widened_by_an_hour_for_a_node_never_seen_then_by_three_of_its_steps() {
    let (network, daemon) = three("");
    let query = format!("from_unix_ms={FROM}&to_unix_ms={TO}");
    for widened in [HOUR_MS, 3 * 60_000] {
        daemon.matrix(&query).assert_responded(3, 3);
        let [from, to] = [FROM - widened, TO + widened];
        for address in [A, B, C] {
            let asked = network.last_query(address);
            assert_eq!(
                asked,
                [
                    format!("from_unix_ms={from}"),
                    "rows=1024".into(),
                    "series=writes".into(),
                    format!("to_unix_ms={to}")
                ]
            );
        }
    }
}

#[test]
fn bounds_are_exact_with_the_step_off() {
    let (network, daemon) = three("merge.step = \"off\"\n");
    for _ in 0..2 {
        daemon.matrix(&format!("from_unix_ms={FROM}&to_unix_ms={TO}")).assert_responded(3, 3);
        let asked = network.last_query(B);
        assert!(asked.contains(&format!("from_unix_ms={FROM}")) && asked.contains(&format!("to_unix_ms={TO}")));
    }
}

#[test]
fn one_bound_alone_is_asked_for_alone() {
    let (network, daemon) = three("");
    daemon.matrix(&format!("to_unix_ms={TO}&from_unix_ms=0")).assert_responded(3, 3);
    assert!(network.last_query(B).iter().all(|parameter| !parameter.starts_with("from")));
}

#[test]
fn merged_columns_are_cut_to_the_callers_bounds_before_the_row_budget() {
    let (_, daemon) = three("");
    let all = [&sample(1), &sample(2), &sample(3)];
    let options = Options { from_unix_ms: Some(FROM), to_unix_ms: Some(TO), rows: 2, ..WINDOW };
    let answer = daemon.matrix(&format!("from_unix_ms={FROM}&to_unix_ms={TO}&rows=2"));
    answer.assert_merge(&all, &options);
    let columns = answer.json()["column_unix_ms"].clone();
    let columns: Vec<i64> = columns.as_array().unwrap().iter().map(|ms| ms.as_i64().unwrap()).collect();
    assert!(!columns.is_empty() && columns.iter().all(|ms| (FROM..TO).contains(ms)), "{columns:?}");
    assert_eq!(answer.json()["rows"].as_array().unwrap().len(), 2);
    let exact = Options { from_unix_ms: Some(FROM), to_unix_ms: Some(TO), step: Step::Off, ..WINDOW };
    let (_, off) = three("merge.step = \"off\"\n");
    off.matrix(&format!("from_unix_ms={FROM}&to_unix_ms={TO}")).assert_merge(&all, &exact);
}

#[test]
fn every_call_carries_the_guard_and_the_two_admin_cookies_alone() {
    let (network, daemon) = three("");
    let cookies = "theme=dark; admin_session=abc.def; other=admin_session; admin_csrf=xyz; admin_session2=no";
    daemon.send(get(MATRIX_PATH, &[("Cookie", cookies), ("Authorization", "Basic Zm9v")])).assert_responded(3, 3);
    for (address, call) in network.all_calls() {
        assert_eq!(call.guard.as_deref(), Some("1"), "{address}");
        let mut cookies: Vec<_> = call.cookie.as_deref().unwrap().split("; ").collect();
        cookies.sort_unstable();
        assert_eq!(cookies, ["admin_csrf=xyz", "admin_session=abc.def"], "{address}");
    }
}

#[test]
fn without_authentication_no_cookie_leaves() {
    let (network, daemon) = three("auth.mode = \"none\"\n");
    daemon.matrix("").assert_responded(3, 3);
    daemon.ask("/admin/api/v1/keyviz/config");
    assert!(network.all_calls().iter().all(|(_, call)| call.cookie.is_none()));
}

#[test]
fn a_bad_query_asks_nobody() {
    let (network, daemon) = three("");
    for query in [
        "series=all",
        "rows=x",
        "from_unix_ms=1.5",
        "to_unix_ms=soon",
        "from_unix_ms=2&to_unix_ms=1",
        "require=no",
        "identity=1",
    ] {
        let answer = daemon.matrix(query);
        assert_eq!((answer.status, &*answer.code()), (400, "invalid_query"), "{query}");
    }
    assert_eq!(network.all_calls(), []);
}

#[test]
fn an_incomplete_answer_is_an_error_where_all_are_required() {
    let network = Network::of(&[A, B]);
    let daemon = Daemon::over(network, &config(Some(A), &[B, C], ""));
    let answer = daemon.matrix("require=all");
    assert_eq!((answer.status, &*answer.code()), (503, "incomplete"));
    answer.assert_responded(2, 3);
    assert_eq!(answer.failure(C).0, "io");
    daemon.matrix("require=any").assert_merge_of(&[&sample(1), &sample(2)]);
}

#[test]
fn nobody_answering_is_an_error_that_says_why() {
    let daemon = Daemon::over(Network::default(), &config(Some(A), &[B], ""));
    let answer = daemon.matrix("");
    assert_eq!((answer.status, &*answer.code()), (503, "no_node_answered"));
    answer.assert_responded(0, 2);
    assert_eq!(answer.failure(A).0, "io");
}
