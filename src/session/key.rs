use std::fmt;

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Bytes of a key (WIRE §4).
const LENGTH: usize = 64;

/// A key of the cluster's sessions. It can't be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey([u8; LENGTH]);

/// What a key's file has to hold instead; nothing of what it holds is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    /// Another alphabet, or cut off.
    #[error("the file has to hold the key alone, as base64")]
    NotBase64,
    /// The number of bytes it decodes to.
    #[error("the key has {0} bytes, not {LENGTH}; is it the cluster's session signing key?")]
    Length(usize),
}

impl SigningKey {
    /// Reads what a key's file holds: base64 of 64 bytes, in the standard or the URL alphabet, padded or not.
    pub fn parse(text: &[u8]) -> Result<Self, NotAKey> {
        let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let decode = |alphabet| GeneralPurpose::new(alphabet, config).decode(text.trim_ascii()).ok();
        let bytes = decode(&STANDARD).or_else(|| decode(&URL_SAFE)).ok_or(NotAKey::NotBase64)?;
        bytes.try_into().map(Self).map_err(|bytes: Vec<u8>| NotAKey::Length(bytes.len()))
    }

    pub(super) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}
