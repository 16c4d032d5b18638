//! The law of sessions over the seeds and what is near them. The fuzz target `session` looks further.

use keyviz_fanout::session::{Keys, SigningKey};
use proptest::prelude::*;

use crate::{
    seeds::{near_texts, seeds},
    session_oracle::{Cluster, NOW, header, is_good, session_of, signed},
};

const TEST: Cluster = Cluster::TEST;

/// Made with Python's `hmac` and `base64`.
#[test]
fn the_oracle_knows_a_session_that_another_program_made() {
    let session = include_str!("../../fuzz/seeds/session/whole.txt");
    assert!(is_good(session, NOW, &[&TEST.signing]));
    assert!(!is_good(session, NOW, &[&TEST.previous]));
}

#[test]
fn the_law_holds_for_every_seed() {
    let sessions: Vec<_> =
        seeds("session").into_iter().map(|seed| session_of(&String::from_utf8(seed).unwrap())).collect();
    for session in &sessions {
        TEST.check_law(session);
    }
    let good = sessions.iter().filter(|session| is_good(session, NOW, &[&TEST.signing, &TEST.previous])).count();
    assert!((5..sessions.len()).contains(&good), "{good} of {} are good", sessions.len());
}

#[test]
fn claims_are_an_object_of_words_and_numbers() {
    let key = SigningKey::parse(&"AQEB".repeat(22).as_bytes()[..86]).unwrap();
    let keys = Keys::new(key, None);
    let verdict = |claims: &str| keys.verify(&signed(&TEST.signing, &header(), claims), NOW).is_ok();
    assert!(verdict(&format!(r#"{{"sub":"a","role":"full","iat":{NOW},"exp":{}}}"#, NOW + 1)));
    assert!(!verdict(&format!(r#"["a","full",{NOW},{},"x"]"#, NOW + 1)));
    assert!(!verdict(&format!(r#"{{"sub":"a","role":{{"full":null}},"iat":{NOW},"exp":{}}}"#, NOW + 1)));
}

proptest! {
    #[test]
    fn the_law_holds_near_every_seed(input in near_texts("session")) {
        TEST.check_law(&session_of(&input));
    }

    #[test]
    fn a_session_of_our_own_is_good_for_a_minute_to_the_oracle_too(now in 1..1_i64 << 40) {
        let (session, end) = TEST.keys().mint(now);
        prop_assert_eq!(end, now + 60);
        for (at, good) in [(now - 31, false), (now - 30, true), (now, true), (now + 59, true), (now + 60, false)] {
            prop_assert_eq!(is_good(&session, at, &[&TEST.signing]), good, "made at {}, shown at {}: {}", now, at, session);
        }
        TEST.check_law(&session);
    }
}
