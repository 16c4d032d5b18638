//! The terminal views of an answer.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use base64::{Engine, engine::general_purpose::STANDARD};
use insta::assert_snapshot;
use keyviz_fanout::cli::view::{Answer, Colour, Terminal, csv, heatmap, json, table};
use proptest::prelude::*;
use serde_json::{Value, json};

/// 2026-11-23T09:10:00Z.
const TEN_PAST_NINE: i64 = 1_795_425_000_000;

fn columns(count: usize) -> Vec<i64> {
    (TEN_PAST_NINE..).step_by(10_000).take(count).collect()
}

fn row(bucket: &str, start: &[u8], end: &[u8], values: &[u64]) -> Value {
    let identity = |id: u64| values.iter().map(|value| if *value > 0 { id } else { 0 }).collect::<Vec<_>>();
    json!({
        "bucket_id": bucket, "start": STANDARD.encode(start), "end": STANDARD.encode(end), "aggregate": false,
        "route_count": 1, "values": values, "raft_group_ids": identity(2), "leader_terms": identity(7), "conflict": false,
    })
}

/// Four rows × six columns, as three nodes tell it together.
fn complete() -> Value {
    json!({
        "column_unix_ms": columns(6), "column_nodes": [3, 3, 3, 3, 3, 3], "series": "writes", "step_ms": 10_000,
        "rows": [
            row("route:1", b"", b"\x00\x01\xff", &[0, 0, 1, 0, 0, 0]),
            row("route:2:redis#0", b"\x00\x01\xff", b"order:", &[10, 20, 30, 40, 50, 60]),
            row("route:2:redis#1", b"order:", "user:é".as_bytes(), &[1000, 1200, 90_000, 1100, 1000, 900]),
            row("virtual:3", "user:é".as_bytes(), b"", &[5, 0, 0, 0, 0, 7]),
        ],
        "rows_dropped": 0, "generated_at": "2026-11-23T09:10:51Z",
        "fanout": {"nodes": [{"node": "n1", "ok": true, "role": "self", "warnings": []}], "responded": 3, "expected": 3},
    })
}

/// The same with one node away, warnings, rows dropped, a conflict, and two columns that are not complete.
fn troubled() -> Value {
    let mut answer = complete();
    answer["column_nodes"] = json!([2, 2, 1, 2, 2, 1]);
    answer["rows_dropped"] = json!(1234);
    answer["rows"][2]["conflict"] = json!(true);
    answer["rows"][2]["conflicts"] = json!([false, false, true, false, false, false]);
    answer["fanout"] = json!({
        "nodes": [
            {"node": "10.0.0.1:8080", "ok": true, "role": "self", "warnings": [
                {"code": "clock_skew", "message": "its clock is 12 s ahead"}]},
            {"node": "10.0.0.2:8080", "ok": true, "role": "peer", "warnings": []},
            {"node": "10.0.0.3:8080", "ok": false, "role": "peer", "reason": "deadline", "warnings": [],
             "error": "deadline of 2s passed while reading the body"},
            {"node": "node3:8080", "ok": false, "role": "duplicate", "reason": "deadline", "warnings": []},
        ],
        "responded": 2, "expected": 3,
    });
    answer
}

/// Text that would take over a terminal, wherever a peer can put text.
fn hostile() -> Value {
    let text = "=\u{1b}]0;pwned\u{7}\u{9b}31m\u{202e}\r\n";
    let mut answer = troubled();
    answer["series"] = json!(text);
    answer["rows"][1]["bucket_id"] = json!(text);
    answer["rows"][1]["label"] = json!(text);
    answer["rows"][1]["start"] = json!(STANDARD.encode(text));
    for field in ["node", "reason", "error"] {
        answer["fanout"]["nodes"][2][field] = json!(text);
    }
    answer["fanout"]["nodes"][0]["warnings"] = json!([{"code": text, "message": text}]);
    answer
}

fn body(answer: &Value) -> Vec<u8> {
    serde_json::to_vec(answer).unwrap()
}

fn parse(answer: &Value) -> Answer {
    Answer::parse(&body(answer)).unwrap()
}

fn text(render: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    render(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn table(answer: &Value) -> String {
    text(|out| table::render(&parse(answer), &table::Options::default(), out))
}

fn csv(answer: &Value) -> String {
    text(|out| csv::render(&parse(answer), out))
}

fn heatmap(answer: &Value, width: u16, height: u16, colour: Colour) -> String {
    text(|out| heatmap::render(&parse(answer), &heatmap::Options { width, height, colour }, out))
}

/// With escapes that can be read in a snapshot.
fn readable(colourful: &str) -> String {
    colourful.replace('\u{1b}', "␛")
}

fn without_colour(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').unwrap().1)
}

#[test]
fn columns_that_a_node_will_not_fill_any_more_are_not_said_to_be_waited_for() {
    let mut answer = complete();
    answer["column_nodes"] = json!([3, 2, 2, 2, 2, 2]);
    let told = table(&answer);
    assert!(
        told.contains("the newest 5 columns (from 09:10:10) are short: at least one of the nodes that answer"),
        "{told}"
    );
    answer["column_nodes"] = json!([3, 3, 3, 3, 2, 2]);
    let told = table(&answer);
    assert!(
        told.contains("the newest 2 columns (from 09:10:40) are short: not all nodes have said them yet"),
        "{told}"
    );
}

#[test]
fn a_table_of_a_complete_answer() {
    assert_snapshot!(table(&complete()));
}

#[test]
fn a_table_says_what_is_wrong_with_the_answer() {
    assert_snapshot!(table(&troubled()));
}

#[test]
fn a_table_of_one_node_alone() {
    let mut answer = complete();
    for field in ["fanout", "column_nodes", "step_ms", "rows_dropped"] {
        answer.as_object_mut().unwrap().remove(field);
    }
    assert_snapshot!(table(&answer));
}

#[test]
fn a_table_shows_the_hottest_and_counts_the_rest() {
    let options = table::Options { rows: 1, width: 100 };
    let shown = text(|out| table::render(&parse(&complete()), &options, out));
    assert!(shown.contains("route:2:redis#1") && !shown.contains("virtual:3"), "{shown}");
    assert!(shown.ends_with("3 more rows with traffic\n"), "{shown}");
}

#[test]
fn csv_has_a_line_per_cell_with_traffic() {
    assert_snapshot!(csv(&troubled()));
}

#[test]
fn a_heatmap_in_characters() {
    assert_snapshot!(heatmap(&complete(), 80, 20, Colour::None));
}

#[test]
fn a_heatmap_marks_conflicts_and_columns_that_are_not_complete() {
    assert_snapshot!(heatmap(&troubled(), 80, 20, Colour::None));
}

#[test]
fn a_heatmap_in_24_bits() {
    assert_snapshot!(readable(&heatmap(&troubled(), 60, 20, Colour::True)));
}

#[test]
fn a_heatmap_in_256_colours() {
    assert_snapshot!(readable(&heatmap(&troubled(), 60, 20, Colour::Ansi256)));
}

#[test]
fn an_answer_without_traffic_says_so() {
    for rows in [json!(null), json!([]), json!([row("route:1", b"", b"", &[0; 6])])] {
        let mut answer = complete();
        answer["rows"] = rows;
        assert!(table(&answer).ends_with("\nno traffic in this range\n"));
        assert!(heatmap(&answer, 80, 20, Colour::True).ends_with("\nno traffic in this range\n"));
        assert_eq!(csv(&answer).lines().count(), 1);
    }
}

#[test]
fn nothing_from_the_network_commands_the_terminal() {
    let answer = hostile();
    let views = [
        table(&answer),
        csv(&answer).replace("\r\n", "\n"),
        text(|out| json::render(&body(&answer), out)),
        heatmap(&answer, 200, 50, Colour::None),
        without_colour(&heatmap(&answer, 200, 50, Colour::True)),
    ];
    for view in views {
        let commands = view.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(commands, None, "{}", view.escape_debug());
        assert!(view.contains("pwned"), "{view}");
    }
}

#[test]
fn a_reader_that_goes_away_is_told_from_a_failure() {
    struct Gone;
    impl std::io::Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut answer = complete();
    answer["rows"] = (0..1000).map(|index| row(&format!("route:{index}"), b"", b"", &[1; 6])).collect();
    assert_eq!(csv::render(&parse(&answer), &mut Gone).unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
}

#[test]
fn json_stays_the_same_json() {
    let answer = hostile();
    let shown = text(|out| json::render(&body(&answer), out));
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), answer);
}

#[test]
fn a_spreadsheet_gets_no_formulas() {
    for formula in ["=1+1", "+1", "-1", "@SUM(A1)"] {
        let mut answer = complete();
        answer["rows"] = json!([row(formula, formula.as_bytes(), b"z", &[1, 0, 0, 0, 0, 0])]);
        let line = csv(&answer).lines().nth(1).unwrap().to_owned();
        assert!(line.starts_with(&format!("'{formula},,'{formula},z,")), "{line}");
    }
}

#[test]
fn a_hotspot_of_one_cell_shows_in_the_smallest_picture() {
    let mut rows: Vec<Value> = (0..500)
        .map(|index| row(&format!("route:{index}"), format!("k{index:04}").as_bytes(), b"", &[1; 700]))
        .collect();
    rows[333]["values"][444] = json!(1_000_000);
    let mut answer = complete();
    answer["column_unix_ms"] = json!(columns(700));
    answer["column_nodes"] = json!(vec![3; 700]);
    answer["rows"] = Value::Array(rows);
    let picture = heatmap(&answer, 60, 16, Colour::None);
    let plot: String = picture.lines().filter(|line| line.contains('|')).collect();
    assert_eq!(plot.matches('@').count(), 1, "{picture}");
}

#[test]
fn rows_that_are_not_as_long_as_the_columns_are_refused() {
    for field in ["values", "raft_group_ids", "leader_terms", "conflicts"] {
        let mut answer = complete();
        answer["rows"][1][field] =
            json!([0; 5].map(|cell| if field == "conflicts" { json!(false) } else { json!(cell) }));
        assert_eq!(
            Answer::parse(&body(&answer)).unwrap_err().to_string(),
            format!("row \"route:2:redis#0\": {field} has 5 cells for 6 columns")
        );
    }
}

#[test]
fn colour_is_what_the_terminal_says_it_has() {
    let terminal = Terminal { is_terminal: true, term: Some("xterm-256color"), ..Terminal::default() };
    let cases = [
        (terminal, Colour::Ansi256),
        (Terminal { colorterm: Some("truecolor"), ..terminal }, Colour::True),
        (Terminal { colorterm: Some("24bit"), term: None, ..terminal }, Colour::True),
        (Terminal { term: Some("xterm-direct"), ..terminal }, Colour::True),
        (Terminal { colorterm: Some("truecolor"), no_color: Some("1"), ..terminal }, Colour::None),
        (Terminal { no_color: Some(""), ..terminal }, Colour::Ansi256),
        (Terminal { colorterm: Some("truecolor"), is_terminal: false, ..terminal }, Colour::None),
        (Terminal { colorterm: Some("truecolor"), term: Some("dumb"), ..terminal }, Colour::None),
        (Terminal { term: Some("vt100"), ..terminal }, Colour::None),
        (Terminal { term: None, ..terminal }, Colour::None),
    ];
    for (terminal, colour) in cases {
        assert_eq!(Colour::of(&terminal), colour, "{terminal:?}");
    }
}

proptest! {
    #[test]
    fn a_heatmap_fits_and_its_times_do_not_touch(
        rows in 1_usize..60, count in 1_usize..300, gap_ms in 1_i64..400_000, hot in any::<u64>(),
        width in 1_u16..200, height in 1_u16..60, colour in prop::sample::select(&[Colour::True, Colour::None]),
    ) {
        let mut answer = troubled();
        answer["column_unix_ms"] = json!((0..).take(count).map(|index| TEN_PAST_NINE + index * gap_ms).collect::<Vec<i64>>());
        answer["column_nodes"] = json!(vec![2; count]);
        answer["rows"] = (0..rows).map(|index| row(&format!("route:{index}"), b"key", b"", &vec![hot.max(1); count])).collect();
        let picture = without_colour(&heatmap(&answer, width, height, colour));
        if width >= 100 {
            prop_assert!(picture.lines().all(|line| line.chars().count() <= usize::from(width)), "{picture}");
        }
        if height >= 16 {
            prop_assert!(picture.lines().count() < usize::from(height), "{picture}");
        }
        let times = picture.lines().rev().nth(2).unwrap();
        prop_assert!(times.split_whitespace().count() > 0, "{picture}");
        prop_assert!(times.split_whitespace().all(|time| time.len() == 8), "{times}");
    }

    #[test]
    fn a_table_fits(width in 110_u16..300, keys in "[a-z]{0,80}", name in "[a-zé]{1,80}") {
        let mut answer = complete();
        answer["rows"] = json!([row(&name, keys.as_bytes(), b"zz", &[1_234_567_890; 6])]);
        let shown = text(|out| table::render(&parse(&answer), &table::Options { rows: 9, width }, out));
        prop_assert!(shown.lines().all(|line| line.chars().count() <= usize::from(width)), "{shown}");
    }
}
