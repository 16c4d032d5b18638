//! What is odd about an answer that was merged all the same, and what is too large to be (SPEC §3).

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use keyviz_fanout::{
    fanout::MATRIX_PATH,
    matrix::{Matrix, Row},
    merge::Options,
};

use crate::{
    daemon::{Answer, Daemon, config, sample},
    merge_support::{WINDOW, anonymous, between, node, row},
    network::{A, B, C, Network, Said},
};

const NONE: [&str; 0] = [];

/// A daemon with a sound local node and this peer.
fn ask(peer: &Matrix, more: &str) -> Answer {
    let network = Network::of(&[A, B]);
    network.say(B, MATRIX_PATH, Said::matrix(peer));
    let answer = Daemon::over(network, &config(Some(A), &[B], more)).matrix("");
    answer.assert_responded(2, 2);
    assert_eq!(answer.warnings(A), NONE, "the local node is sound");
    answer
}

fn message(answer: &Answer) -> String {
    answer.report(B)["warnings"][0]["message"].as_str().unwrap().to_owned()
}

fn made_at(offset: Duration, behind: bool) -> Matrix {
    let now = SystemTime::now();
    let at = if behind { now - offset } else { now + offset };
    Matrix { generated_at: Some(Timestamp::try_from(at).unwrap().to_string()), ..sample(2) }
}

#[test]
fn a_sound_answer_has_an_empty_list_of_warnings() {
    let answer = ask(&made_at(Duration::ZERO, true), "");
    assert_eq!(answer.warnings(B), NONE);
    let report = answer.report(B);
    for (field, value) in [("rows", 2), ("columns", 4)] {
        assert_eq!(report[field], value, "{report}");
    }
    assert!(report["generated_at"].is_string() && report.get("error").is_none() && report.get("reason").is_none());
}

#[test]
fn a_clock_off_by_more_than_half_a_step_is_said() {
    for (offset, behind, word) in [(40, true, "behind"), (40, false, "ahead"), (86_400, true, "behind")] {
        let answer = ask(&made_at(Duration::from_secs(offset), behind), "");
        assert_eq!(answer.warnings(B), ["clock_skew"]);
        assert!(message(&answer).contains(word), "{}", message(&answer));
    }
    for behind in [true, false] {
        assert_eq!(ask(&made_at(Duration::from_secs(20), behind), "").warnings(B), NONE, "within half a minute");
    }
}

#[test]
fn an_answer_as_long_as_the_row_limit_may_be_cut() {
    let limit = "fanout.row_limit = 3\n";
    let rows = |n: usize| (0..n).map(|i| row(&format!("route:{i}"), &[1, 1, 1, 1])).collect::<Vec<_>>();
    let columns = sample(2).column_unix_ms;
    assert_eq!(ask(&node(&columns, rows(3)), limit).warnings(B), ["row_limit_reached"]);
    assert_eq!(ask(&node(&columns, rows(2)), limit).warnings(B), NONE);
    // A node clamps at 1024, whatever it is asked for.
    let many = node(&columns, rows(1024));
    assert_eq!(ask(&many, "fanout.row_limit = 5000\n").warnings(B), ["row_limit_reached"]);
}

#[test]
fn a_step_unlike_the_merge_step_is_said() {
    let start = 1_700_000_000_000;
    let every = |step: i64| node(&[start, start + step, start + 2 * step], [row("route:1", &[1, 2, 3])]);
    let network = Network::of(&[A, B, C]);
    network.say(B, MATRIX_PATH, Said::matrix(&every(30_000)));
    let answer = Daemon::over(network, &config(Some(A), &[B, C], "")).matrix("");
    assert_eq!(answer.warnings(B), ["step_mismatch"]);
    assert!(message(&answer).contains("30000 ms") && message(&answer).contains("60000 ms"), "{}", message(&answer));
    let network = Network::of(&[A, B, C]);
    network.say(B, MATRIX_PATH, Said::matrix(&every(62_000)));
    assert_eq!(Daemon::over(network, &config(Some(A), &[B, C], "")).matrix("").warnings(B), NONE);
}

#[test]
fn writes_without_group_or_term_are_said() {
    let strip = |row: Row| anonymous(&row.meta.bucket_id, &row.values);
    let peer = Matrix { rows: sample(2).rows.into_iter().map(strip).collect(), ..sample(2) };
    let answer = ask(&peer, "");
    assert_eq!(answer.warnings(B), ["identity_missing"]);
    answer.assert_merge_of(&[&sample(1), &peer]);
}

#[test]
fn a_row_that_is_described_otherwise_is_said_with_the_first() {
    let columns = sample(2).column_unix_ms;
    let peer = node(&columns, [row("route:7", &[1, 1, 1, 1]), between(b"other", row("route:1", &[1, 1, 1, 1]))]);
    let answer = ask(&peer, "");
    assert_eq!(answer.warnings(B), ["catalog_divergence"]);
    assert!(message(&answer).contains("1 rows") && message(&answer).contains("route:1"), "{}", message(&answer));
    answer.assert_merge_of(&[&sample(1), &peer]);
}

#[test]
fn several_oddities_are_all_said() {
    let columns = [1_700_000_187_000, 1_700_000_067_000, 1_700_000_127_000];
    let made = made_at(Duration::from_hours(1), true);
    let peer = Matrix { generated_at: made.generated_at, ..node(&columns, [anonymous("route:1", &[3, 1, 2])]) };
    let mut codes = ask(&peer, "merge.step = \"60s\"\n").warnings(B);
    codes.sort();
    assert_eq!(codes, ["clock_skew", "columns_unordered", "identity_missing"]);
}

#[test]
fn an_answer_that_takes_the_result_over_max_cells_is_left_out_by_name() {
    let columns: Vec<i64> = (1..=400).map(|minute| 1_700_000_000_000 + minute * 60_000).collect();
    let wide = |name: &str| node(&columns, [row(name, &[1; 400])]);
    let small = node(&columns, [row("route:1", &[2; 400])]);
    let network = Network::of(&[A, B, C]);
    for (address, matrix) in
        [(A, &small), (B, &node(&columns, [row("a", &[1; 400]), row("b", &[1; 400])])), (C, &wide("c"))]
    {
        network.say(address, MATRIX_PATH, Said::matrix(matrix));
    }
    let daemon = Daemon::over(network, &config(Some(A), &[B, C], "fanout.max_cells = 1024\n"));
    let answer = daemon.matrix("");
    answer.assert_responded(2, 3);
    let (reason, error) = answer.failure(B);
    assert_eq!(reason, "too_large");
    assert!(error.contains("fanout.max_cells is 1024") && error.contains("shorter range"), "{error}");
    answer.assert_merge(&[&small, &wide("c")], &Options { max_cells: 1024, ..WINDOW });
    let peers = daemon.ask("/admin/api/v1/keyviz/config").json()["peers"].clone();
    assert_eq!(peers[0]["last_error"]["reason"], "too_large", "{peers}");
    let columns = format!("from_unix_ms={}&to_unix_ms={}", columns[0], columns[200]);
    daemon.matrix(&columns).assert_responded(3, 3);
}

#[test]
fn when_every_answer_is_over_max_cells_nobody_answered() {
    let columns: Vec<i64> = (1..=2000).map(|minute| 1_700_000_000_000 + minute * 60_000).collect();
    let network = Network::of(&[A, B]);
    for address in [A, B] {
        network.say(address, MATRIX_PATH, Said::matrix(&node(&columns, [row("a", &[1; 2000])])));
    }
    let answer = Daemon::over(network, &config(Some(A), &[B], "fanout.max_cells = 1024\n")).matrix("");
    assert_eq!((answer.status, &*answer.code()), (503, "no_node_answered"));
    assert_eq!(answer.failure(A).0, "too_large");
}
