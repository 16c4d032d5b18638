//! Who is self, who is a duplicate (SPEC §3): nothing is ever counted twice.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use std::time::Duration;

use keyviz_fanout::{
    config::load,
    fanout::{CLUSTER_PATH, INSTANCE_HEADER, MATRIX_PATH},
};

use crate::{
    daemon::{Answer, Daemon, SLACK, config, get, sample},
    network::{A, B, C, D, Network, Said},
};

/// The nodes of an answer as name and role.
fn cast(answer: &Answer) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    answer.nodes().iter().map(|node| (text(&node["node"]), text(&node["role"]))).collect()
}

fn assert_cast(answer: &Answer, expected: &[(&str, &str)]) {
    let found = cast(answer);
    let found: Vec<_> = found.iter().map(|(node, role)| (&**node, &**role)).collect();
    assert_eq!(found, expected);
}

#[test]
fn an_entry_with_the_local_id_under_another_address_is_self_and_not_called() {
    let network = Network::of(&[A, B]);
    network.node(C, "n1", &sample(1));
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B, C], ""));
    for _ in 0..2 {
        let answer = daemon.matrix("");
        assert_cast(&answer, &[(A, "self"), (B, "peer")]);
        answer.assert_responded(2, 2);
        answer.assert_merge_of(&[&sample(1), &sample(2)]);
    }
    assert_eq!(network.calls(C, MATRIX_PATH), []);
}

#[test]
fn the_entry_that_is_the_local_url_is_self() {
    let network = Network::of(&[A, B]);
    network.say(A, CLUSTER_PATH, Said::error(404, "not_found"));
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B, A], "local.name = \"here\"\n"));
    let answer = daemon.matrix("");
    assert_cast(&answer, &[("here", "self"), (B, "peer")]);
    assert_eq!(network.calls(A, MATRIX_PATH).len(), 1);
}

#[test]
fn different_ids_on_one_host_are_different_nodes() {
    let [first, second] = ["192.0.2.1:8081", "192.0.2.1:8082"];
    let network = Network::of(&[A, first, second]);
    let daemon = Daemon::over(network, &config(Some(A), &[A, first, second], ""));
    let answer = daemon.matrix("");
    assert_cast(&answer, &[(A, "self"), (first, "peer"), (second, "peer")]);
    answer.assert_merge_of(&[&sample(1), &sample(2), &sample(3)]);
}

#[test]
fn different_ids_behind_one_name_and_port_are_two_nodes() {
    let network = Network::of(&[A, B]);
    let daemon = Daemon::over(network.clone(), &config(Some(A), &["192.0.2.1:8080", B], ""));
    daemon.matrix("").assert_responded(2, 2);
    let moved = Network::of(&[A, B]);
    moved.node(A, "n1", &sample(1));
    // The same address, told apart by the scheme's spelling alone, is one node.
    let daemon = Daemon::over(moved, &config(Some(A), &["http://192.0.2.1:8080", B], ""));
    assert_cast(&daemon.matrix(""), &[(A, "self"), (B, "peer")]);
}

#[test]
fn a_node_that_came_back_under_another_id_is_not_counted_beside_itself() {
    let network = Network::of(&[A, B]);
    let daemon = Daemon::over(network.clone(), &config(None, &[A, B], ""));
    daemon.matrix("").assert_responded(2, 2);
    network.node(A, "n9", &sample(1));
    let beside = load(&config(Some(A), &[A, B], ""), None).unwrap();
    daemon.service.apply(beside).unwrap();
    let answer = daemon.matrix("");
    assert_cast(&answer, &[(A, "self"), (B, "peer")]);
    answer.assert_merge_of(&[&sample(1), &sample(2)]);
}

#[test]
fn two_nodes_behind_one_address_stay_two_and_are_not_asked_again_and_again() {
    let [first, second] = ["127.0.0.1:9", "localhost:9"];
    let network = Network::of(&[A, first, second]);
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[first, second], ""));
    for _ in 0..5 {
        let answer = daemon.matrix("");
        assert_cast(&answer, &[(A, "self"), (first, "peer"), (second, "peer")]);
    }
    assert_eq!([first, second].map(|node| network.calls(node, CLUSTER_PATH).len()), [1, 1]);
}

#[test]
fn of_two_entries_that_are_one_node_the_second_is_a_duplicate() {
    let network = Network::of(&[A, B, C]);
    network.node(D, "n2", &sample(2));
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B, C, D], ""));
    let answer = daemon.matrix("");
    assert_cast(&answer, &[(A, "self"), (B, "peer"), (C, "peer"), (D, "duplicate")]);
    answer.assert_responded(3, 3);
    answer.assert_merge_of(&[&sample(1), &sample(2), &sample(3)]);
    assert_eq!(answer.report(D)["ok"], true);
    assert_eq!(network.calls(D, MATRIX_PATH), []);
}

#[test]
fn a_duplicate_is_ok_as_its_original_is() {
    let network = Network::of(&[A, B]);
    network.node(D, "n2", &sample(2));
    network.say(B, MATRIX_PATH, Said::error(500, "internal"));
    let answer = Daemon::over(network, &config(Some(A), &[B, D], "")).matrix("");
    answer.assert_responded(1, 2);
    assert_eq!(answer.failure(D), answer.failure(B));
    assert_eq!(answer.report(D)["role"], "duplicate");
}

#[test]
fn without_ids_one_address_is_one_node() {
    let network = Network::of(&[A, B]);
    for address in [A, B] {
        network.say(address, CLUSTER_PATH, Said::error(404, "not_found"));
    }
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B, "http://192.0.2.2:8080", C], ""));
    let answer = daemon.matrix("");
    assert_cast(&answer, &[(A, "self"), (B, "peer"), ("http://192.0.2.2:8080", "duplicate"), (C, "peer")]);
    assert_eq!(network.calls(B, MATRIX_PATH).len(), 1);
}

#[test]
fn an_id_that_is_known_on_one_side_only_leaves_it_to_the_addresses() {
    let network = Network::of(&[A, B]);
    network.say(A, CLUSTER_PATH, Said::new(200, r#"{"node_id":""}"#));
    let answer = Daemon::over(network, &config(Some(A), &[B, A], "")).matrix("");
    assert_cast(&answer, &[(A, "self"), (B, "peer")]);
}

#[test]
fn without_a_local_node_an_entry_that_is_this_process_is_listed_but_not_counted() {
    let network = Network::of(&[A, B]);
    let daemon = Daemon::over(network.clone(), &config(None, &[B, A], ""));
    let instance = daemon.matrix("").header(INSTANCE_HEADER).unwrap().to_owned();
    // No id, no known address: only its answer gives it away.
    network.say(A, CLUSTER_PATH, Said::error(404, "not_found"));
    network.say(A, MATRIX_PATH, Said::matrix(&sample(1)).with_header(INSTANCE_HEADER, &instance));
    let answer = daemon.matrix("");
    assert_cast(&answer, &[(A, "self"), (B, "peer")]);
    answer.assert_responded(1, 1);
    answer.assert_merge_of(&[&sample(2)]);
    let calls = network.calls(A, MATRIX_PATH).len();
    daemon.matrix("").assert_responded(1, 1);
    assert_eq!(network.calls(A, MATRIX_PATH).len(), calls, "what is known to be self is not called again");
}

#[test]
fn this_very_process_found_late_is_dropped() {
    let network = Network::of(&[A, B]);
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B, C], ""));
    let instance = daemon.ask("/admin/healthz").header(INSTANCE_HEADER).unwrap().to_owned();
    network.say(C, CLUSTER_PATH, Said::error(404, "not_found"));
    network.say(C, MATRIX_PATH, Said::matrix(&sample(1)).with_header(INSTANCE_HEADER, &instance));
    let answer = daemon.matrix("");
    assert_cast(&answer, &[(A, "self"), (B, "peer")]);
    answer.assert_responded(2, 2);
    answer.assert_merge_of(&[&sample(1), &sample(2)]);
}

#[test]
fn the_daemons_own_socket_among_the_peers_is_self() {
    let network = Network::of(&[A, B]);
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B, "127.0.0.1:8090"], ""));
    assert_cast(&daemon.matrix(""), &[(A, "self"), (B, "peer")]);
    assert_eq!(network.calls("127.0.0.1:8090", MATRIX_PATH), []);
}

/// Once, as it might be a node that another entry has given too; then its addresses decide.
#[test]
fn a_node_whose_cluster_answer_hangs_is_used_and_waited_for_once() {
    let network = Network::of(&[A, B, C]);
    network.say(B, CLUSTER_PATH, Said::never());
    let limits = "fanout.timeout = \"6s\"\nfanout.connect_timeout = \"300ms\"\n";
    let daemon = Daemon::over(network, &config(Some(A), &[B, C], limits));
    for turn in 0..4 {
        let answer = daemon.matrix("");
        answer.assert_merge_of(&[&sample(1), &sample(2), &sample(3)]);
        assert!(turn == 0 || answer.took < SLACK, "{turn}: {:?}", answer.took);
    }
}

#[test]
fn a_node_that_answers_nothing_leaves_the_others_their_time_from_the_first_request_on() {
    for hangs in [CLUSTER_PATH, MATRIX_PATH] {
        let network = Network::of(&[A, B, C]);
        network.say(B, CLUSTER_PATH, Said::never());
        network.say(B, hangs, Said::never());
        let limits = "fanout.timeout = \"400ms\"\nfanout.connect_timeout = \"400ms\"\n";
        let answer = Daemon::over(network, &config(Some(A), &[B, C], limits)).matrix("");
        assert!(answer.nodes().iter().all(|node| node["ok"] == true || node["node"] == B), "{:?}", answer.nodes());
    }
}

#[test]
fn an_id_that_comes_late_but_within_the_deadline_decides() {
    let network = Network::of(&[A, B]);
    network.node(C, "n2", &sample(2));
    network.say(C, CLUSTER_PATH, Said::new(200, r#"{"node_id":"n2"}"#).after(Duration::from_millis(900)));
    let limits = "fanout.timeout = \"10s\"\nfanout.connect_timeout = \"100ms\"\n";
    let answer = Daemon::over(network, &config(Some(A), &[B, C], limits)).matrix("");
    assert_cast(&answer, &[(A, "self"), (B, "peer"), (C, "duplicate")]);
    answer.assert_merge_of(&[&sample(1), &sample(2)]);
}

#[test]
fn an_id_is_asked_for_once_by_requests_at_the_same_time() {
    let network = Network::of(&[A, B]);
    for address in [A, B] {
        let id = if address == A { "n1" } else { "n2" };
        let cluster = Said::new(200, format!(r#"{{"node_id":"{id}"}}"#)).after(Duration::from_millis(200));
        network.say(address, CLUSTER_PATH, cluster);
    }
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B], ""));
    std::thread::scope(|threads| {
        for rows in 1..5 {
            let daemon = &daemon;
            threads.spawn(move || daemon.matrix(&format!("rows={rows}")));
        }
    });
    assert_eq!(network.calls(B, CLUSTER_PATH).len(), 1);
}

#[test]
fn a_hanging_local_cluster_answer_leaves_the_matrix_whole() {
    let network = Network::of(&[A, B]);
    network.say(A, CLUSTER_PATH, Said::never());
    let daemon = Daemon::over(network, &config(Some(A), &[B, A], "fanout.connect_timeout = \"100ms\"\n"));
    for _ in 0..2 {
        let answer = daemon.matrix("");
        assert_cast(&answer, &[(A, "self"), (B, "peer")]);
        answer.assert_merge_of(&[&sample(1), &sample(2)]);
    }
}

/// A first caller whose session the nodes refuse must not leave them unknown to the second.
#[test]
fn ids_refused_to_one_caller_are_waited_for_with_the_next() {
    let network = Network::of(&[A, B]);
    let slowly = Duration::from_millis(150);
    network.node(C, "n1", &sample(1));
    for address in [A, B, C] {
        for path in [CLUSTER_PATH, MATRIX_PATH] {
            network.say(address, path, Said::error(401, "unauthenticated"));
        }
    }
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B, C], ""));
    assert_eq!(daemon.send(get(MATRIX_PATH, &[("Cookie", "admin_session=stale")])).status, 401);
    // The local node's refusal ends the calls of the peers, where they have begun.
    let of_the_stale_session = network.calls(C, MATRIX_PATH);
    for (address, id, number) in [(A, "n1", 1), (B, "n2", 2), (C, "n1", 1)] {
        network.node(address, id, &sample(number));
        let cluster = Said::new(200, format!(r#"{{"node_id":"{id}"}}"#));
        network.say(address, CLUSTER_PATH, cluster.after(slowly));
    }
    let answer = daemon.matrix("");
    assert_cast(&answer, &[(A, "self"), (B, "peer")]);
    answer.assert_merge_of(&[&sample(1), &sample(2)]);
    assert_eq!(network.calls(C, MATRIX_PATH), of_the_stale_session);
}

/// A node that was away at first comes back under a second name: still one node.
#[test]
fn ids_of_nodes_that_were_away_are_waited_for_when_they_are_back() {
    let network = Network::of(&[A]);
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B, C], ""));
    daemon.matrix("").assert_responded(1, 3);
    for address in [B, C] {
        network.node(address, "n2", &sample(2));
        let cluster = Said::new(200, r#"{"node_id":"n2"}"#).after(Duration::from_millis(150));
        network.say(address, CLUSTER_PATH, cluster);
    }
    let answer = daemon.matrix("");
    assert_cast(&answer, &[(A, "self"), (B, "peer"), (C, "duplicate")]);
    answer.assert_responded(2, 2);
    answer.assert_merge_of(&[&sample(1), &sample(2)]);
}

/// When its breaker opens, who the original is is forgotten, and from the next request on the second entry is asked.
#[test]
fn a_duplicate_stays_one_in_the_request_that_opens_its_originals_breaker() {
    let network = Network::of(&[A, B]);
    network.node(D, "n2", &sample(2));
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B, D], "fanout.breaker_failures = 2\n"));
    daemon.matrix("").assert_responded(2, 2);
    network.leave(B);
    for _ in 0..2 {
        let answer = daemon.matrix("");
        assert_cast(&answer, &[(A, "self"), (B, "peer"), (D, "duplicate")]);
        answer.assert_responded(1, 2);
    }
    let answer = daemon.matrix("");
    assert_cast(&answer, &[(A, "self"), (B, "peer"), (D, "peer")]);
    assert_eq!(answer.failure(B).0, "breaker_open");
    answer.assert_merge_of(&[&sample(1), &sample(2)]);
}

/// Its matrix comes before its id, and the local source has given the same already.
#[test]
fn a_node_that_hung_and_is_back_is_not_counted_beside_itself() {
    let network = Network::of(&[A, B, C]);
    for path in [CLUSTER_PATH, MATRIX_PATH] {
        network.say(C, path, Said::never());
    }
    let limits = "fanout.timeout = \"600ms\"\nfanout.connect_timeout = \"500ms\"\n";
    let daemon = Daemon::over(network.clone(), &config(Some(A), &[B, C], limits));
    daemon.matrix("").assert_responded(2, 3);
    network.node(C, "n1", &sample(1));
    let cluster = Said::new(200, r#"{"node_id":"n1"}"#).after(Duration::from_millis(200));
    network.say(C, CLUSTER_PATH, cluster);
    for _ in 0..2 {
        let answer = daemon.matrix("");
        assert_cast(&answer, &[(A, "self"), (B, "peer")]);
        answer.assert_merge_of(&[&sample(1), &sample(2)]);
    }
}
