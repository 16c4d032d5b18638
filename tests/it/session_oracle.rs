//! What WIRE §4 says of a session, read slowly and in other words than the verifier's: its judge.

use keyviz_fanout::session::{Keys, SigningKey};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A moment at which the laws are checked, Unix seconds.
pub(crate) const NOW: i64 = 1_800_000_000;

/// How far in the future a session may say that it was made, seconds.
const SKEW: i64 = 30;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A cluster's keys, known as bytes.
pub(crate) struct Cluster {
    pub(crate) signing: [u8; 64],
    pub(crate) previous: [u8; 64],
}

impl Cluster {
    pub(crate) const TEST: Self = Self { signing: [1; 64], previous: [2; 64] };

    /// The law of any session: it is good where this module finds it good, with and without the previous key, at every
    /// moment at which its own times could turn the verdict.
    pub(crate) fn check_law(&self, session: &str) {
        let (both, one) = (self.keys(), Keys::new(key(&self.signing), None));
        for now in moments(session) {
            let verdicts = [&both, &one].map(|keys| keys.verify(session, now).is_ok());
            let judged =
                [is_good(session, now, &[&self.signing, &self.previous]), is_good(session, now, &[&self.signing])];
            assert_eq!(verdicts, judged, "with and without the previous key, at {now}: {session:?}");
        }
    }

    pub(crate) fn keys(&self) -> Keys {
        Keys::new(key(&self.signing), Some(key(&self.previous)))
    }
}

fn key(bytes: &[u8; 64]) -> SigningKey {
    SigningKey::parse(in_base64(bytes).as_bytes()).unwrap()
}

/// What a fuzzer or a test makes of its bytes: `1{claims}` is signed with the signing key, `2` with the previous one, `3`
/// with another cluster's; what follows a line break is, two bytes each, a place and the byte to be there instead.
/// Anything else is a session as it stands.
pub(crate) fn session_of(input: &str) -> String {
    let fill = match input.as_bytes().first() {
        Some(digit @ b'1'..=b'3') => digit - b'0',
        _ => return input.to_owned(),
    };
    let (claims, damage) = input[1..].split_once('\n').unwrap_or((&input[1..], ""));
    let mut session = signed(&[fill; 64], &header(), claims).into_bytes();
    for edit in damage.as_bytes().chunks_exact(2) {
        let at = usize::from(edit[0] & 0x7f) * session.len() / 128;
        session[at] = edit[1] & 0x7f;
    }
    String::from_utf8(session).unwrap()
}

/// A session of these two segments.
pub(crate) fn signed(key: &[u8; 64], header: &str, claims: &str) -> String {
    let signed = format!("{header}.{}", in_base64(claims.as_bytes()));
    let signature = in_base64(&hmac(key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

pub(crate) fn header() -> String {
    in_base64(br#"{"alg":"HS256","typ":"JWT"}"#)
}

/// WIRE §4, sentence by sentence.
pub(crate) fn is_good(session: &str, now: i64, keys: &[&[u8; 64]]) -> bool {
    let segments: Vec<&str> = session.split('.').collect();
    let [first, claims, signature] = segments[..] else { return false };
    let signed = format!("{first}.{claims}");
    let by_us = keys.iter().any(|key| out_of_base64(signature) == Some(hmac(key, signed.as_bytes())));
    first == header() && by_us && claims_of(claims).is_some_and(|claims| claims.are_good(now))
}

/// The object of claims. A name that is there twice counts as it does for a node: the last one stands.
struct Claims(serde_json::Map<String, Value>);

fn claims_of(segment: &str) -> Option<Claims> {
    match serde_json::from_slice(&out_of_base64(segment)?) {
        Ok(Value::Object(claims)) => Some(Claims(claims)),
        _ => None,
    }
}

impl Claims {
    fn are_good(&self, now: i64) -> bool {
        let Self(claims) = self;
        let somebody = claims.get("sub").and_then(Value::as_str).is_some_and(|sub| !sub.is_empty());
        let role = claims.get("role").is_some_and(|role| role == "read_only" || role == "full");
        // 0 is what a node reads where there is none.
        let made = self.time("iat").is_some_and(|iat| iat != 0 && iat <= i128::from(now) + i128::from(SKEW));
        let lasts = self.time("exp").is_some_and(|exp| i128::from(now) < exp);
        somebody && role && made && lasts
    }

    fn time(&self, name: &str) -> Option<i128> {
        self.0.get(name)?.as_i64().map(i128::from)
    }
}

/// Around each time that the session claims, and one that has nothing to do with it.
fn moments(session: &str) -> Vec<i64> {
    let claims = session.split('.').nth(1).and_then(claims_of);
    let times = claims.iter().flat_map(|claims| [claims.time("iat"), claims.time("exp")]).flatten();
    let around = times.flat_map(|time| [-SKEW - 1, -SKEW, -1, 0].map(|off| time.saturating_add(off.into())));
    around.filter_map(|moment| i64::try_from(moment).ok()).chain([NOW]).collect()
}

/// RFC 2104 for a key as long as a block of SHA-256.
fn hmac(key: &[u8; 64], text: &[u8]) -> Vec<u8> {
    let pad = |with: u8| key.map(|byte| byte ^ with);
    let inner = Sha256::digest([&pad(0x36)[..], text].concat());
    Sha256::digest([&pad(0x5c)[..], &inner[..]].concat()).to_vec()
}

/// The URL alphabet of RFC 4648 §5 without padding, bit by bit.
fn in_base64(bytes: &[u8]) -> String {
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let number = |six: &[u8]| (0..6).fold(0, |sum, bit| sum * 2 + usize::from(*six.get(bit).unwrap_or(&0)));
    bits.chunks(6).map(|six| char::from(ALPHABET[number(six)])).collect()
}

/// What is encoded so, and only the one way to write it.
fn out_of_base64(text: &str) -> Option<Vec<u8>> {
    let mut bits = Vec::new();
    for letter in text.bytes() {
        let number = ALPHABET.iter().position(|known| *known == letter)?;
        let number = u8::try_from(number).ok()?;
        bits.extend((0..6).rev().map(|bit| number >> bit & 1));
    }
    let bytes: Vec<u8> = bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |sum, bit| sum * 2 + bit)).collect();
    (in_base64(&bytes) == text).then_some(bytes)
}
