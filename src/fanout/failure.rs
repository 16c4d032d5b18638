use std::fmt;

use serde::{Serialize, Serializer};

/// Why a node is not ok: the closed set of SPEC §3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Its name could not be looked up.
    Dns,
    /// It refused the connection.
    Refused,
    /// No connection for another cause, or not in time.
    Connect,
    /// The one deadline passed.
    Deadline,
    /// The TLS handshake failed.
    Tls,
    /// It answered 401 or 403.
    Auth,
    /// It answered with another status than 200.
    Status,
    /// Its body, or what the merge would become with it, is over a limit.
    TooLarge,
    /// Its answer is cut short or invalid.
    Decode,
    /// Its answer is a merged one.
    Aggregate,
    /// Its breaker is open.
    BreakerOpen,
    /// The deadline passed while its call waited for its turn here.
    Overload,
    /// The connection broke.
    Io,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 13] = [
        Self::Dns,
        Self::Refused,
        Self::Connect,
        Self::Deadline,
        Self::Tls,
        Self::Auth,
        Self::Status,
        Self::TooLarge,
        Self::Decode,
        Self::Aggregate,
        Self::BreakerOpen,
        Self::Overload,
        Self::Io,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::Connect => "connect",
            Self::Deadline => "deadline",
            Self::Tls => "tls",
            Self::Auth => "auth",
            Self::Status => "status",
            Self::TooLarge => "too_large",
            Self::Decode => "decode",
            Self::Aggregate => "aggregate",
            Self::BreakerOpen => "breaker_open",
            Self::Overload => "overload",
            Self::Io => "io",
        }
    }

    /// How the failure bears on the peer's breaker (SPEC §3).
    pub(crate) const fn reach(self) -> Reach {
        match self {
            Self::Dns | Self::Refused | Self::Connect | Self::Tls | Self::Deadline | Self::Io => Reach::Missed,
            Self::BreakerOpen | Self::Overload => Reach::NotTried,
            Self::Auth | Self::Status | Self::TooLarge | Self::Decode | Self::Aggregate => Reach::Answered,
        }
    }
}

/// Whether a node was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    Answered,
    Missed,
    NotTried,
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

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
