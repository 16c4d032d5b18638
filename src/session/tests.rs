use super::*;

const NOW: i64 = 1_800_000_000;

fn key(fill: u8) -> SigningKey {
    SigningKey::parse(base64::prelude::BASE64_STANDARD.encode([fill; 64]).as_bytes()).unwrap()
}

fn keys() -> Keys {
    Keys::new(key(1), None)
}

/// A session with these claims, signed.
fn signed(key: &SigningKey, header: &str, claims: &str) -> String {
    let signed = format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(claims));
    let signature = mac(key, signed.as_bytes()).finalize().into_bytes();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn claims(sub: &str, role: &str, iat: i64, exp: i64) -> String {
    format!(r#"{{"sub":"{sub}","role":"{role}","iat":{iat},"exp":{exp},"jti":"x"}}"#)
}

#[test]
fn the_header_is_what_the_nodes_write() {
    assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#), HEADER);
}

#[test]
fn a_session_of_our_own_is_good_for_a_minute_and_no_longer() {
    let (session, end) = keys().mint(NOW);
    assert_eq!(end, NOW + 60);
    assert_eq!(keys().verify(&session, NOW), Ok(()));
    assert_eq!(keys().verify(&session, NOW + 59), Ok(()));
    assert_eq!(keys().verify(&session, NOW + 60), Err(InvalidSession));
    let claims = BASE64_URL_SAFE_NO_PAD.decode(session.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((&claims["role"], &claims["iat"]), (&"read_only".into(), &NOW.into()));
    assert_ne!(keys().mint(NOW).0, session, "each has an id of its own");
}

#[test]
fn a_previous_key_verifies_and_never_signs() {
    let both = Keys::new(key(2), Some(key(1)));
    assert_eq!(both.verify(&keys().mint(NOW).0, NOW), Ok(()));
    assert_eq!(keys().verify(&both.mint(NOW).0, NOW), Err(InvalidSession));
}

#[test]
fn claims_decide_who_and_when() {
    let verdict = |claims: &str| keys().verify(&signed(&key(1), HEADER, claims), NOW).is_ok();
    assert!(verdict(&claims("a", "full", NOW, NOW + 1)));
    assert!(verdict(&claims("a", "read_only", NOW + 30, NOW + 1)), "made by a clock that is ahead");
    assert!(verdict(&format!(r#"{{"sub":"a","role":"full","iat":1,"exp":{}}}"#, NOW + 1)));
    for bad in [
        claims("", "full", NOW, NOW + 1),
        claims("a", "admin", NOW, NOW + 1),
        claims("a", "full", NOW + 31, NOW + 60),
        claims("a", "full", NOW, NOW),
        claims("a", "full", 0, NOW + 1),
        claims("a", "full", i64::MIN, i64::MIN),
        format!(r#"{{"sub":"a","role":"full","exp":{}}}"#, NOW + 1),
        format!(r#"{{"sub":"a","role":"full","iat":{NOW}}}"#),
        claims("a", "full", NOW, NOW + 1).replace(r#""full""#, r#"{"full":null}"#),
        format!(r#"["a","full",{NOW},{},"x"]"#, NOW + 1),
        String::new(),
        "[]".into(),
    ] {
        assert!(!verdict(&bad), "{bad}");
    }
}

#[test]
fn anything_but_three_whole_segments_of_ours_is_refused() {
    let good = claims("a", "full", NOW, NOW + 1);
    let session = signed(&key(1), HEADER, &good);
    let none = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let unsigned = session.rsplit_once('.').unwrap().0;
    for bad in [
        String::new(),
        ".".into(),
        "..".into(),
        format!("{unsigned}."),
        unsigned.into(),
        format!("{session}.x"),
        format!("x.{session}"),
        format!("{session}="),
        format!(" {session}"),
        signed(&key(1), &none, &good),
        signed(&key(1), &BASE64_URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS256"}"#), &good),
        signed(&key(3), HEADER, &good),
        signed(&key(1), HEADER, &good.replace('a', "\u{0}")),
    ] {
        assert_eq!(keys().verify(&bad, NOW), Err(InvalidSession), "{bad}");
    }
    for at in 0..session.len() {
        let mut broken = session.clone().into_bytes();
        broken[at] = if broken[at] == b'A' { b'B' } else { b'A' };
        assert_eq!(keys().verify(&String::from_utf8(broken).unwrap(), NOW), Err(InvalidSession), "{at}");
    }
}

#[test]
fn a_key_is_read_in_either_alphabet_padded_or_not() {
    let bytes: Vec<u8> = (0..64).map(|i| 255 - i).collect();
    let padded = base64::prelude::BASE64_STANDARD.encode(&bytes);
    assert!(padded.contains(['/', '+']) && padded.ends_with('='));
    let url = padded.replace('+', "-").replace('/', "_");
    let read = SigningKey::parse(padded.as_bytes()).unwrap();
    for same in
        [format!(" {padded}\n"), padded.trim_end_matches('=').into(), url.clone(), url.trim_end_matches('=').into()]
    {
        assert_eq!(SigningKey::parse(same.as_bytes()), Ok(read.clone()), "{same}");
    }
    assert_eq!(SigningKey::parse(b""), Err(NotAKey::Length(0)));
    assert_eq!(SigningKey::parse(b"AAAA"), Err(NotAKey::Length(3)));
    assert_eq!(SigningKey::parse(b"no base64"), Err(NotAKey::NotBase64));
}

#[test]
fn keys_do_not_show() {
    assert_eq!(format!("{:?} {:?}", keys(), key(65)), "Keys SigningKey");
}
