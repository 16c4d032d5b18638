//! Sessions of the cluster (WIRE §4): whether one is good, and one of this daemon's own.

mod key;
mod own;

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::Sha256;

pub use key::{NotAKey, SigningKey};
pub use own::Sessions;

/// The first segment of every session: the unpadded base64url of `{"alg":"HS256","typ":"JWT"}`.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// How far in the future a session may say that it was made: clocks differ a little.
const SKEW_S: i64 = 30;

/// How long a session of this daemon's own is good (SPEC §7).
const OWN_S: i64 = 60;

/// Whom a session of this daemon's own is for, in the nodes' logs.
const OWN_SUBJECT: &str = "keyviz-fanout";

/// Reads what nodes let read.
const READ_ONLY: &str = "read_only";

/// The roles that a session may have.
const ROLES: [&str; 2] = [READ_ONLY, "full"];

/// What a session of this daemon's own claims.
#[derive(Debug, Serialize)]
struct Claims {
    sub: &'static str,
    role: &'static str,
    iat: i64,
    exp: i64,
    /// Tells sessions apart; nodes don't ask for one.
    jti: String,
}

/// A session that is not good. It doesn't say why: whoever tries one learns nothing from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a session of this cluster, or not any more")]
pub struct InvalidSession;

/// The keys that the cluster's sessions are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    signing: SigningKey,
    /// Still verifies, never signs.
    previous: Option<SigningKey>,
}

impl Keys {
    /// Signs with `signing`; verifies with either.
    pub fn new(signing: SigningKey, previous: Option<SigningKey>) -> Self {
        Self { signing, previous }
    }

    /// Whether `session` is good at `now`, Unix seconds: made with one of the keys, by somebody with a role, in its time.
    pub fn verify(&self, session: &str, now: i64) -> Result<(), InvalidSession> {
        let (signed, signature) = session.rsplit_once('.').ok_or(InvalidSession)?;
        let (header, claims) = signed.split_once('.').ok_or(InvalidSession)?;
        // A fourth segment would be within the claims, whose alphabet has no dot.
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| InvalidSession)?;
        let keys = std::iter::once(&self.signing).chain(&self.previous);
        let signed_by_us = keys.fold(false, |found, key| found | is_signed(key, signed.as_bytes(), &signature));
        if header != HEADER || !signed_by_us {
            return Err(InvalidSession);
        }
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).map_err(|_| InvalidSession)?;
        // A derived reader would take an array for the object, and an object for a role.
        let claims: Map<String, Value> = serde_json::from_slice(&claims).map_err(|_| InvalidSession)?;
        let word = |name| claims.get(name).and_then(Value::as_str).ok_or(InvalidSession);
        let time = |name| claims.get(name).and_then(Value::as_i64).ok_or(InvalidSession);
        let (sub, role, iat, exp) = (word("sub")?, word("role")?, time("iat")?, time("exp")?);
        let in_time = iat != 0 && iat <= now.saturating_add(SKEW_S) && now < exp;
        if sub.is_empty() || !ROLES.contains(&role) || !in_time { Err(InvalidSession) } else { Ok(()) }
    }

    /// A read-only session of this daemon's own, good for a minute from `now`, Unix seconds; and when it ends.
    pub fn mint(&self, now: i64) -> (String, i64) {
        let exp = now.saturating_add(OWN_S);
        let jti = uuid::Uuid::new_v4().simple().to_string();
        let claims = Claims { sub: OWN_SUBJECT, role: READ_ONLY, iat: now, exp, jti };
        let claims = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).unwrap_or_default());
        let signed = format!("{HEADER}.{claims}");
        let signature = mac(&self.signing, signed.as_bytes()).finalize().into_bytes();
        (format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)), exp)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

/// Takes the same time wherever the signature differs.
fn is_signed(key: &SigningKey, signed: &[u8], signature: &[u8]) -> bool {
    mac(key, signed).verify_slice(signature).is_ok()
}

fn mac(key: &SigningKey, signed: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new(key.bytes().into());
    mac.update(signed);
    mac
}

#[cfg(test)]
mod tests;
