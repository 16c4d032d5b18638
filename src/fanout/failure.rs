pub(super) use crate::peers::Reach;
pub use crate::peers::Reason;

/// Why a node gave nothing to merge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The word.
    pub reason: Reason,
    /// The sentence, fit to be shown.
    pub message: String,
    /// The HTTP status, if the node answered with another than 200.
    pub status: Option<u16>,
    /// The node's own error code, if its body had one.
    pub code: Option<String>,
    /// The node's own sentence, if its body had one.
    pub said: Option<String>,
    /// Bytes of the body that were read.
    pub bytes: u64,
    /// The answer carried this process's own instance id.
    pub ourselves: bool,
}

impl Failure {
    /// A failure without an HTTP answer.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), status: None, code: None, said: None, bytes: 0, ourselves: false }
    }

    /// An answer with `status` and the node's `code`, as an in-process source gives it: 401 `unauthenticated`,
    /// 403 `forbidden`, 503 `keyviz_disabled`.
    pub fn status(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        let reason = if matches!(status, 401 | 403) { Reason::Auth } else { Reason::Status };
        Self { status: Some(status), code: Some(code.into()), ..Self::new(reason, message) }
    }

    /// The node's verdict on the caller's session, if this is one.
    pub fn verdict(&self) -> Option<u16> {
        self.status.filter(|_| self.reason == Reason::Auth)
    }
}
