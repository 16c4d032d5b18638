use super::{Matrix, Series};

/// Why an answer is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(String);

/// Decodes one answer, strictly.
pub fn decode(body: &[u8], series: Series) -> Result<Matrix, DecodeError> {
    todo!()
}
