//! The matrix codec against WIRE §2.

#[path = "codec_bodies.rs"]
mod bodies;
#[path = "codec_oracle.rs"]
mod oracle;

use keyviz_fanout::{
    matrix::{Identities, RowMeta, Series, decode, encode},
    merge::{self, Extras, Merged, MergedRow},
};
use proptest::{collection::vec, prelude::*};

use self::{
    bodies::{matrix, mutation, spaced},
    oracle::{check_law, decode_slowly},
};

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same(matrix in matrix(), spaces in vec(any::<u8>(), 1..50)) {
        let body = encode(&matrix);
        let spaced = spaced(&body, &spaces);
        prop_assert_eq!(decode(&body, matrix.series), Ok(matrix.clone()));
        prop_assert_eq!(decode(&spaced, matrix.series), Ok(matrix.clone()));
        prop_assert_eq!(decode_slowly(&spaced, matrix.series), Ok(matrix));
    }

    #[test]
    fn a_damaged_body_is_judged_as_by_the_oracle(
        matrix in matrix(),
        mutations in vec(mutation(), 1..4),
        spaces in vec(any::<u8>(), 1..50),
        space in any::<bool>(),
    ) {
        let mut body = if space { spaced(&encode(&matrix), &spaces) } else { encode(&matrix) };
        for mutation in &mutations {
            mutation.apply(&mut body);
        }
        check_law(&body, matrix.series);
    }
}

#[test]
fn recorded_answers_decode_and_round_trip() {
    let mut rows = 0;
    for node in ["n1", "n2", "n3"] {
        for series in Series::ALL {
            let path = format!("{}/tests/fixtures/cluster/{node}.{series}.json", env!("CARGO_MANIFEST_DIR"));
            let body = std::fs::read(path).unwrap();
            let matrix = decode(&body, series).unwrap();
            assert_eq!(decode_slowly(&body, series).as_ref(), Ok(&matrix));
            assert_eq!(decode(&encode(&matrix), series), Ok(matrix.clone()));
            rows += matrix.rows.len();
        }
    }
    assert!(rows > 0);
}

/// A valid answer of two columns and one row whose body is `row` after its id.
fn with_row(row: &str) -> String {
    format!(r#"{{"column_unix_ms":[1,2],"rows":[{{"bucket_id":"route:42",{row}}}],"series":"writes"}}"#)
}

fn refusal(body: impl AsRef<[u8]>) -> String {
    check_law(body.as_ref(), Series::Writes);
    decode(body.as_ref(), Series::Writes).map_or_else(|error| error.to_string(), |_| "accepted".into())
}

#[test]
fn an_invalid_row_is_refused_by_its_name_and_field() {
    let integer = "where an integer from 0 to 18446744073709551615 should be";
    for (row, message) in [
        (r#""values":[1]"#, "values: 1 numbers for 2 columns".to_owned()),
        (r#""values":[1,2,3]"#, "values: 3 numbers for 2 columns".to_owned()),
        (r#""values":null"#, "values: 0 numbers for 2 columns".to_owned()),
        (r#""label":"x""#, "values: missing".to_owned()),
        (r#""values":[-1,0]"#, format!("values: \"-1\" at byte 66 {integer}")),
        (r#""values":[-0,0]"#, format!("values: \"-0\" at byte 66 {integer}")),
        (r#""values":[0,1.0]"#, format!("values: \"1.0\" at byte 68 {integer}")),
        (r#""values":[0,1e3]"#, format!("values: \"1e3\" at byte 68 {integer}")),
        (r#""values":[01,1]"#, format!("values: \"01\" at byte 66 {integer}")),
        (r#""values":[18446744073709551616,1]"#, format!("values: \"18446744073709551616\" at byte 66 {integer}")),
        (r#""values":["1",1]"#, format!("values: \"\\\"1\" at byte 66 {integer}")),
        (r#""values":[1,]"#, format!("values: \"]\" at byte 68 {integer}")),
        (r#""values":[1 2]"#, "values: \"2\" at byte 68 where `]` should be".to_owned()),
        (r#""leader_terms":[1 1 ]"#, "leader_terms: \"1\" at byte 74 where `]` should be".to_owned()),
        (r#""values":[1,2],"values":[1,2]"#, "values: twice".to_owned()),
        (r#""values":[1,2],"raft_group_ids":[1]"#, "raft_group_ids: 1 numbers for 2 columns".to_owned()),
        (r#""values":[1,2],"leader_terms":[7,7,7]"#, "leader_terms: 3 numbers for 2 columns".to_owned()),
        (r#""values":[1,2],"conflicts":[true]"#, "conflicts: 1 booleans for 2 columns".to_owned()),
        (r#""values":[1,2],"conflict":1"#, "conflict: \"1\" at byte 82 where true or false should be".to_owned()),
        (r#""values":[1,2],"start":"AA""#, "start: \"AA\" is not base64: Invalid padding".to_owned()),
        (r#""values":[1,2],"end":"A?==""#, "end: \"A?==\" is not base64: Invalid symbol 63, offset 1.".to_owned()),
    ] {
        assert_eq!(refusal(with_row(row)), format!("rows[0] (route:42): {message}"), "of {row}");
    }
}

#[test]
fn a_row_without_its_own_id_is_refused() {
    let rows = |rows: &str| format!(r#"{{"column_unix_ms":[],"rows":[{rows}],"series":"writes"}}"#);
    for nameless in [r#"{"values":[]}"#, r#"{"bucket_id":"","values":[]}"#] {
        assert_eq!(refusal(rows(nameless)), "rows[0]: bucket_id: missing or empty");
    }
    let row = r#"{"bucket_id":"a","values":[]}"#;
    assert_eq!(refusal(rows(&format!("{row},{row}"))), "rows[1] (a): bucket_id: twice");
}

#[test]
fn an_invalid_answer_is_refused_by_its_field() {
    for (body, message) in [
        ("", "the end at byte 0 where `{` should be"),
        ("null", "\"null\" at byte 0 where `{` should be"),
        (r#"{"rows":[],"series":"writes"}"#, "column_unix_ms: missing"),
        (r#"{"column_unix_ms":[],"series":"writes"}"#, "rows: missing"),
        (r#"{"column_unix_ms":[],"rows":[]}"#, "series: missing"),
        (r#"{"column_unix_ms":[],"rows":[],"series":"reads"}"#, "series: \"reads\" where writes was asked for"),
        (
            r#"{"column_unix_ms":[1.5],"rows":[],"series":"writes"}"#,
            "column_unix_ms: \"1.5\" at byte 19 where an integer of 64 bits should be",
        ),
        (
            r#"{"column_unix_ms":[9223372036854775808],"rows":[],"series":"writes"}"#,
            "column_unix_ms: \"9223372036854775808\" at byte 19 where an integer of 64 bits should be",
        ),
        (r#"{"rows":[],"rows":[],"column_unix_ms":[],"series":"writes"}"#, "rows: twice"),
        (r#"{"column_unix_ms":[],"rows":[],"series":"writes"} x"#, "\"x\" at byte 50 where the end should be"),
        (r#"{"column_unix_ms":[],"rows":[],"series":"writes""#, "the end at byte 48 where `}` should be"),
    ] {
        assert_eq!(refusal(body), message, "of {body}");
    }
}

#[test]
fn what_is_odd_but_valid_is_read() {
    let read = |body: &str| {
        check_law(body.as_bytes(), Series::Writes);
        decode(body.as_bytes(), Series::Writes).expect("a valid body")
    };
    let backwards =
        read(r#"{"column_unix_ms":[5,-3,5],"rows":null,"series":"writes","generated_at":null,"fanout":null}"#);
    assert_eq!((backwards.column_unix_ms, backwards.rows.len()), (vec![5, -3, 5], 0));
    assert_eq!(read(r#"{"column_unix_ms":null,"rows":[],"series":"writes"}"#).column_unix_ms, [0i64; 0]);

    let late =
        read(r#"{"rows":[{"values":[7],"v":{"values":[{}]},"bucket_id":"a"}],"series":"writes","column_unix_ms":[1]}"#);
    assert_eq!(late.rows[0].values, [7]);
    let aggregate = r#"{"fanout":{"nodes":[{}],"expected":3},"column_unix_ms":[],"rows":[],"series":"writes"}"#;
    assert_eq!(read(aggregate).fanout_expected, Some(3));
    for written in ["\"3\"", "3.0", "30e-1", "2.5"] {
        assert_eq!(read(&aggregate.replace('3', written)).fanout_expected, Some(3), "{written}");
    }
    assert_eq!(read(&aggregate.replace('3', "1e30")).fanout_expected, Some(u64::MAX));
    for none in ["null", "-3", "\"many\"", "[3]"] {
        assert_eq!(read(&aggregate.replace('3', none)).fanout_expected, None, "{none}");
    }
    for beyond in ["1e999", "-1e999", "169602e166044361635062"] {
        let told = refusal(aggregate.replace('3', beyond));
        assert!(told.contains("expected: a number beyond"), "{beyond}: {told}");
    }
    assert_eq!(read(&aggregate.replace('3', "0e999")).fanout_expected, Some(0));
}

#[test]
fn a_member_is_known_by_its_whole_name_wherever_it_stands() {
    let members = [
        (r#""bucket_id":"a""#, r#""bucket_i":"b""#),
        (r#""route_ids":[7]"#, r#""route_idss":1"#),
        (r#""route_ids_truncated":true"#, r#""route_ids_":[]"#),
        (r#""r\u006fute_count":5"#, r#""":0"#),
        (r#""values":[1]"#, r#""é":{}"#),
    ];
    for turn in 0..members.len() {
        let mut row: Vec<_> = members.iter().flat_map(|&(known, unknown)| [unknown, known]).collect();
        row.rotate_left(turn);
        for row in [row.clone(), row.into_iter().rev().collect()] {
            let body = format!(r#"{{"column_unix_ms":[1],"rows":[{{{}}}],"series":"reads"}}"#, row.join(","));
            check_law(body.as_bytes(), Series::Reads);
            let row = &decode(body.as_bytes(), Series::Reads).unwrap().rows[0];
            assert_eq!((row.meta.bucket_id.as_str(), &row.values), ("a", &vec![1]));
            assert_eq!((&row.meta.route_ids, row.meta.route_ids_truncated), (&Some(vec![7]), Some(true)));
            assert_eq!(row.meta.route_count, 5);
        }
    }
}

#[test]
fn a_special_character_is_found_at_every_place_of_a_string() {
    let label = |label: &str| with_row(&format!("\"values\":[1,2],\"label\":\"{label}\""));
    let read = |body: String| decode(body.as_bytes(), Series::Writes).map(|matrix| matrix.rows[0].meta.label.clone());
    for before in (0..20).map(|length| "!\u{7f}é#[]".chars().cycle().take(length).collect::<String>()) {
        for (special, meant) in [("\\\"", "\""), ("\\\\", "\\"), ("\\n", "\n"), ("\u{80}", "\u{80}"), ("", "")] {
            assert_eq!(read(label(&format!("{before}{special} ~"))), Ok(Some(format!("{before}{meant} ~"))));
        }
        for control in ["\0", "\n", "\u{1f}"] {
            assert_ne!(refusal(label(&format!("{before}{control} ~"))), "accepted");
        }
    }
}

#[test]
fn an_unknown_field_may_be_deep_without_end() {
    let deep = format!("\"new\":{}{},", "[".repeat(100_000), "]".repeat(100_000));
    let body = with_row("\"values\":[1,2]").replacen('{', &format!("{{{deep}"), 2);
    check_law(body.as_bytes(), Series::Writes);
    assert!(decode(body.as_bytes(), Series::Writes).is_ok());
    assert!(decode(body.replacen(']', "", 1).as_bytes(), Series::Writes).is_err());
}

#[test]
fn numbers_of_every_length_are_read_at_every_place_of_a_block() {
    for digits in 1..=20 {
        let number = "18446744073709551615"[..digits].parse::<u64>().unwrap();
        for before in 0..70 {
            let mut values = vec![3u64; before];
            values.extend([number, 0, number, number, 10]);
            values.extend([4; 70]);
            for separator in [",", ", "] {
                let text: Vec<_> = values.iter().map(u64::to_string).collect();
                let columns = vec!["0"; values.len()].join(",");
                let body = format!(
                    r#"{{"column_unix_ms":[{columns}],"rows":[{{"bucket_id":"a","values":[{0}],"leader_terms":[{0}]}}],"series":"reads"}}"#,
                    text.join(separator)
                );
                let matrix = decode(body.as_bytes(), Series::Reads).unwrap();
                assert_eq!(matrix.rows[0].values, values);
                assert_eq!(matrix.rows[0].leader_terms, Some(Identities::from_slice(&values)));
            }
        }
    }
}

#[test]
fn an_invalid_number_is_found_at_every_place_of_a_block() {
    for wrong in
        ["00", "07", "012345", "0123456789", "", "18446744073709551616", "99999999999999999999", "1.", "1e1", "-1"]
    {
        for before in 0..70 {
            let mut text = vec!["3"; before];
            text.push(wrong);
            text.extend(["4"; 90]);
            for field in ["values", "leader_terms"] {
                let body = with_row(&format!("\"{field}\":[{}]", text.join(",")));
                assert!(refusal(body).contains("where an integer"), "{wrong:?} after {before} in {field}");
            }
        }
    }
}

fn merged() -> Merged {
    let row = |bucket_id: &str, conflicts| MergedRow {
        meta: RowMeta { bucket_id: bucket_id.into(), route_count: 1, ..RowMeta::default() },
        values: vec![0, u64::MAX],
        raft_group_ids: Identities::from_slice(&[0, 1]),
        leader_terms: Identities::from_slice(&[0, 7]),
        conflicts,
    };
    let mut marked = row("b\"", Some(vec![false, true]));
    marked.meta = RowMeta {
        label: Some("redis".into()),
        start: Some(vec![0, 1]),
        end: Some(Vec::new()),
        aggregate: true,
        route_ids: Some(vec![1, 20_000]),
        route_ids_truncated: Some(true),
        ..marked.meta
    };
    Merged {
        series: Series::Writes,
        column_unix_ms: vec![-60_000, 1_700_000_060_000],
        column_nodes: vec![3, 1],
        step_ms: Some(60_000),
        rows: vec![row("a", None), marked],
        rows_dropped: 2,
        findings: Vec::new(),
    }
}

#[test]
fn a_merged_answer_has_exactly_the_fields_of_the_contract() {
    let extras = Extras { generated_at: "2026-11-23T00:00:00Z", identity: true, fanout: br#"{"nodes":[]}"# };
    let body = String::from_utf8(merge::encode(&merged(), &extras)).unwrap();
    assert_eq!(
        body,
        concat!(
            r#"{"column_unix_ms":[-60000,1700000060000],"rows":["#,
            r#"{"bucket_id":"a","start":null,"end":null,"aggregate":false,"route_count":1,"#,
            r#""values":[0,18446744073709551615],"raft_group_ids":[0,1],"leader_terms":[0,7],"conflict":false},"#,
            r#"{"bucket_id":"b\"","label":"redis","start":"AAE=","end":"","aggregate":true,"route_ids":[1,20000],"#,
            r#""route_ids_truncated":true,"route_count":1,"values":[0,18446744073709551615],"#,
            r#""raft_group_ids":[0,1],"leader_terms":[0,7],"conflict":true,"conflicts":[false,true]}],"#,
            r#""series":"writes","generated_at":"2026-11-23T00:00:00Z","fanout":{"nodes":[]},"#,
            r#""step_ms":60000,"column_nodes":[3,1],"rows_dropped":2}"#,
        )
    );
}

#[test]
fn a_merged_answer_leaves_out_identities_on_request_and_has_rows_though_empty() {
    let extras = Extras { generated_at: "", identity: false, fanout: b"{}" };
    let body = String::from_utf8(merge::encode(&merged(), &extras)).unwrap();
    assert!(!body.contains("raft_group_ids") && !body.contains("leader_terms"));
    let empty =
        Merged { rows: Vec::new(), column_unix_ms: Vec::new(), column_nodes: Vec::new(), step_ms: None, ..merged() };
    let body = String::from_utf8(merge::encode(&empty, &extras)).unwrap();
    assert!(body.starts_with(r#"{"column_unix_ms":[],"rows":[],"#), "{body}");
    assert!(body.ends_with(r#""step_ms":null,"column_nodes":[],"rows_dropped":2}"#), "{body}");
}
