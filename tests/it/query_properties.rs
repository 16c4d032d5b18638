//! The law of the matrix query over the seeds and what is near them. The fuzz target `query` looks further.

use keyviz_fanout::fanout::MatrixQuery;
use proptest::prelude::*;

use crate::{
    query_oracle::{Asked, check_law, read_slowly},
    seeds::{near_texts, seeds},
};

#[test]
fn the_law_holds_for_every_seed_and_the_daemon_keeps_to_it() {
    let asked = Asked::new();
    let texts: Vec<_> = seeds("query").into_iter().map(|seed| String::from_utf8(seed).unwrap()).collect();
    for text in &texts {
        check_law(text);
        asked.check_law(text);
    }
    let accepted = texts.iter().filter(|text| read_slowly(text).is_some()).count();
    assert!((5..texts.len()).contains(&accepted), "{accepted} of {} are accepted", texts.len());
}

#[test]
fn rows_beyond_every_bound_are_above_1024() {
    for rows in ["1025", "9223372036854775808", "340282366920938463463374607431768211456"] {
        assert_eq!(MatrixQuery::parse(&format!("rows={rows}")).unwrap().rows, 1024);
        assert_eq!(MatrixQuery::parse(&format!("rows=-{rows}")).unwrap().rows, 1024);
    }
}

proptest! {
    #[test]
    fn the_law_holds_near_every_seed(text in near_texts("query")) {
        check_law(&text);
    }

    #[test]
    fn the_law_holds_for_numbers(name in "(from_unix_ms|to_unix_ms|rows)", number in "[+-]?[0-9]{1,40}|[+-]?[0-9.e x]{0,5}") {
        check_law(&format!("{name}={number}"));
    }
}
