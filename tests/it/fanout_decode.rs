//! What a peer's 200 may hold: every invalid matrix of WIRE §2 is refused whole, every valid oddity is taken.

use keyviz_fanout::{config::Step, matrix, merge::Options};

use crate::{
    daemon::{Answer, Daemon, config, sample},
    merge_support::{WINDOW, node, row},
    stub::{Act, CHUNKED, Script, Stub, chunks, ok_json},
};

fn ask(peer: &Stub) -> Answer {
    let (local, sound) = (Stub::node("n1", &sample(1)), Stub::node("n3", &sample(3)));
    Daemon::start(&config(Some(&local.name()), &[&peer.name(), &sound.name()], "")).matrix("")
}

/// A matrix of two columns whose second row has these members.
fn with_row(members: &str) -> String {
    format!(
        r#"{{"column_unix_ms":[60000,120000],"rows":[{{"bucket_id":"route:7","values":[1,2]}},{{{members}}}],"series":"writes"}}"#
    )
}

#[test]
fn an_invalid_row_refuses_the_whole_answer_and_names_row_and_field() {
    let rows = [
        (r#""bucket_id":"b","values":[1]"#, "rows[1] (b): values: 1"),
        (r#""bucket_id":"b","values":[1,2,3]"#, "rows[1] (b): values: 3"),
        (r#""bucket_id":"b""#, "rows[1] (b): values: missing"),
        (r#""bucket_id":"b","values":[1,2],"raft_group_ids":[1]"#, "rows[1] (b): raft_group_ids: 1"),
        (r#""bucket_id":"b","values":[1,2],"leader_terms":[1,2,3]"#, "rows[1] (b): leader_terms: 3"),
        (r#""bucket_id":"b","values":[1,2],"conflicts":[true]"#, "rows[1] (b): conflicts: 1"),
        (r#""bucket_id":"b","values":[1,-2]"#, "rows[1] (b): values: "),
        (r#""bucket_id":"b","values":[1,2.5]"#, "rows[1] (b): values: "),
        (r#""bucket_id":"b","values":[1,18446744073709551616]"#, "rows[1] (b): values: "),
        (r#""bucket_id":"b","values":[1,"2"]"#, "rows[1] (b): values: "),
        (r#""values":[1,2]"#, "rows[1]: bucket_id: missing"),
        (r#""bucket_id":"","values":[1,2]"#, "rows[1]: bucket_id: missing or empty"),
        (r#""bucket_id":"route:7","values":[1,2]"#, "rows[1] (route:7): bucket_id: twice"),
        (r#""bucket_id":"b","values":[1,2],"start":"?""#, "rows[1] (b): start: "),
        (r#""bucket_id":"b","values":[1,2],"end":"A""#, "rows[1] (b): end: "),
    ];
    assert_refused(rows.iter().map(|(members, says)| (with_row(members), *says)));
}

#[test]
fn an_invalid_frame_refuses_the_whole_answer() {
    let frames = [
        (r#"{"column_unix_ms":[1.5],"rows":[],"series":"writes"}"#, "column_unix_ms"),
        (r#"{"column_unix_ms":["1"],"rows":[],"series":"writes"}"#, "column_unix_ms"),
        (r#"{"rows":[],"series":"writes"}"#, "column_unix_ms: missing"),
        (r#"{"column_unix_ms":[],"rows":[],"series":"reads"}"#, "series: "),
        (r#"{"column_unix_ms":[],"rows":[],"series":"writes""#, "the end"),
        ("[]", "`{`"),
    ];
    assert_refused(frames.iter().map(|(body, says)| ((*body).to_owned(), *says)));
}

/// Each body in turn at one peer, under one daemon.
fn assert_refused<'a>(bodies: impl Iterator<Item = (String, &'a str)>) {
    let (local, sound) = (Stub::node("n1", &sample(1)), Stub::node("n3", &sample(3)));
    let bad = Stub::serving("n2", vec![]);
    let daemon = Daemon::start(&config(Some(&local.name()), &[&bad.name(), &sound.name()], ""));
    for (body, says) in bodies {
        bad.answer(keyviz_fanout::fanout::MATRIX_PATH, ok_json(&body));
        let answer = daemon.matrix("");
        let (reason, error) = answer.failure(&bad.name());
        assert_eq!(reason, "decode", "{body}");
        assert!(error.starts_with(says) || error.contains(says), "{error}, wanted {says}");
        answer.assert_merge_of(&[&sample(1), &sample(3)]);
        answer.assert_responded(2, 3);
    }
}

fn assert_taken(script: Script) {
    let peer = Stub::serving("n2", script);
    let answer = ask(&peer);
    answer.assert_responded(3, 3);
    answer.assert_merge_of(&[&sample(1), &sample(2), &sample(3)]);
    assert_eq!(answer.warnings(&peer.name()), [""; 0]);
}

fn body() -> Vec<u8> {
    matrix::encode(&sample(2))
}

#[test]
fn http_1_0_and_bodies_that_end_with_the_connection_are_taken() {
    assert_taken(vec![Act::Send([b"HTTP/1.0 200 OK\r\n\r\n".as_slice(), &body()].concat())]);
    assert_taken(vec![Act::Send([b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &body()].concat())]);
    let with_length = format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n", body().len());
    assert_taken(vec![Act::Send([with_length.as_bytes(), &body()].concat())]);
}

#[test]
fn chunks_may_be_split_anywhere_over_segments() {
    let wire = [CHUNKED.as_bytes(), &chunks(&body(), 37), b"0\r\n\r\n"].concat();
    let moment = std::time::Duration::from_millis(3);
    for cut in (0..wire.len()).step_by(101).chain(wire.len() - 8..wire.len()) {
        let parts = [wire[..cut].to_vec(), wire[cut..].to_vec()];
        let [before, after] = parts.map(Act::Send);
        assert_taken(vec![before, Act::Pause(moment), after]);
    }
    assert_taken(vec![Act::Trickle(wire, std::time::Duration::ZERO)]);
}

#[test]
fn header_bytes_beyond_ascii_and_statuses_without_words_are_taken() {
    let head = b"HTTP/1.1 200\r\nX-Name: caf\xc3\xa9 \xff\r\nServer: \x80\r\n\r\n".as_slice();
    assert_taken(vec![Act::Send([head, &body()].concat())]);
}

#[test]
fn an_informational_answer_before_the_real_one_is_passed_over() {
    let head = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n".as_slice();
    assert_taken(vec![Act::Send([head, &body()].concat())]);
}

#[test]
fn white_space_after_the_json_and_unknown_fields_are_taken() {
    let text = String::from_utf8(body()).unwrap().replacen('{', r#"{"new":{"a":[1,{"b":null}]},"#, 1);
    assert_taken(ok_json(text + " \r\n\t"));
}

#[test]
fn rows_may_be_null_or_none() {
    for rows in ["null", "[]"] {
        let peer = Stub::serving("n2", ok_json(format!(r#"{{"column_unix_ms":[],"rows":{rows},"series":"writes"}}"#)));
        let answer = ask(&peer);
        answer.assert_responded(3, 3);
        answer.assert_merge_of(&[&sample(1), &node(&[], []), &sample(3)]);
        let report = answer.report(&peer.name());
        assert_eq!((&report["rows"], &report["columns"]), (&0.into(), &0.into()));
    }
}

#[test]
fn columns_out_of_order_are_sorted_and_said() {
    let mixed = node(&[1_700_000_187_000, 1_700_000_067_000, 1_700_000_127_000], [row("route:1", &[3, 1, 2])]);
    let peer = Stub::node("n2", &mixed);
    let answer = ask(&peer);
    answer.assert_merge_of(&[&sample(1), &mixed, &sample(3)]);
    assert_eq!(answer.warnings(&peer.name()), ["columns_unordered"]);
}

#[test]
fn the_whole_merge_is_the_same_with_the_step_off() {
    let (local, peer) = (Stub::node("n1", &sample(1)), Stub::node("n2", &sample(2)));
    let answer = Daemon::start(&config(Some(&local.name()), &[&peer.name()], "merge.step = \"off\"\n")).matrix("");
    answer.assert_merge(&[&sample(1), &sample(2)], &Options { step: Step::Off, ..WINDOW });
    assert!(answer.json()["step_ms"].is_null());
}
