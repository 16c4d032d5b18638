//! The law of a peer's answer over the seeds and what is near them. The fuzz target `peer_answer` looks further.

use proptest::{prelude::*, sample::Index};

use crate::{
    peer_answer_oracle::{CSRF, Called, SESSION, read_slowly},
    seeds::{near_seeds, seeds},
};

#[test]
fn the_law_holds_for_every_seed() {
    let called = Called::new();
    let answers = seeds("peer_answer");
    for answer in &answers {
        called.check_law(answer);
    }
    let whole = answers.iter().filter(|answer| read_slowly(answer).body.is_some()).count();
    assert!((5..answers.len()).contains(&whole), "{whole} of {} are whole", answers.len());
}

#[test]
fn an_answer_that_ends_anywhere_is_no_success() {
    let called = Called::new();
    let seeds = seeds("peer_answer");
    let ends_itself = |answer: &&Vec<u8>| read_slowly(answer).ends_itself;
    for answer in seeds.iter().filter(ends_itself) {
        let cuts = (0..answer.len()).filter(|cut| cut % 7 == 0 || *cut + 9 > answer.len());
        cuts.for_each(|cut| called.check_law(&answer[..cut]));
    }
}

#[test]
fn the_law_holds_near_every_seed() {
    let called = Called::new();
    proptest!(|(answer in near_seeds("peer_answer"))| called.check_law(&answer));
}

/// Any pieces of what the peer was shown, wherever an error quotes it.
#[test]
fn no_piece_of_a_secret_comes_back() {
    let called = Called::new();
    let piece =
        (any::<bool>(), any::<(Index, Index)>(), "[ -~]{0,9}|\\PC{0,2}").prop_map(|(first, (from, to), after)| {
            let secret = if first { SESSION } else { CSRF };
            let (from, to) = (from.index(secret.len()), to.index(secret.len() + 1));
            format!("{}{after}", &secret[from.min(to)..from.max(to)])
        });
    let status = prop::sample::select(&["200 OK", "401 No", "503 No"][..]);
    proptest!(ProptestConfig::with_cases(64), |(status in status, pad in 0..600_usize, pieces in prop::collection::vec(piece, 1..20))| {
        let text = "x".repeat(pad) + &pieces.concat();
        for body in [text.clone(), serde_json::json!({"error": "busy", "message": text}).to_string()] {
            let length = body.len();
            called.check_law(format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}").as_bytes());
        }
    });
}
