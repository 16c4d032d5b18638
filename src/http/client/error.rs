use std::{error::Error, io};

use crate::http::tls;

/// Why a call failed below HTTP. It is inside the `surf::Error` of `send`, and inside the `io::Error` of a body read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct WireError {
    /// What kind of failure, for a closed set of reasons.
    pub kind: WireErrorKind,
    /// A sentence without a full stop.
    pub message: String,
}

/// The kinds of [`WireError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireErrorKind {
    /// The name could not be looked up, or not in time.
    Dns,
    /// Every address refused the connection.
    Refused,
    /// No connection for another cause, or not in time.
    Connect,
    /// The TLS handshake failed, or the other side ended TLS with an alert.
    Tls,
    /// What came is not HTTP, or a body that ended early.
    Malformed,
    /// The connection broke.
    Io,
}

impl WireError {
    /// What went wrong in a call, if it went wrong below HTTP.
    pub fn of_call(error: &surf::Error) -> Option<&Self> {
        error.downcast_ref()
    }

    /// What went wrong while a response's body was read.
    pub fn of_read(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    pub(super) fn new(kind: WireErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Before the end of a head; `received` says whether anything came.
    pub(super) fn in_head(error: &hyper::Error, received: bool) -> Self {
        match cause(error) {
            Some(cause) if let Some(told) = Self::of_read(cause) => told.clone(),
            Some(cause) if let Some(told) = tls::of_io(cause) => Self::new(WireErrorKind::Tls, told),
            Some(cause) if is_broken(cause) => Self::new(WireErrorKind::Io, format!("await the answer: {cause}")),
            _ if error.is_parse_too_large() => {
                Self::new(WireErrorKind::Malformed, "the head of the answer is too large")
            }
            _ if error.is_parse() => Self::new(WireErrorKind::Malformed, format!("the answer is not HTTP: {error}")),
            _ if received && error.is_incomplete_message() => {
                Self::new(WireErrorKind::Malformed, "the connection closed within the head of the answer")
            }
            _ if received => Self::new(WireErrorKind::Malformed, format!("the answer is not HTTP: {error}")),
            _ => Self::new(WireErrorKind::Io, "the connection closed before an answer"),
        }
    }

    /// In a body.
    pub(super) fn in_body(error: &hyper::Error) -> Self {
        match cause(error) {
            Some(cause) if let Some(told) = tls::of_io(cause) => Self::new(WireErrorKind::Tls, told),
            Some(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => {
                Self::new(WireErrorKind::Malformed, "the body ended early")
            }
            Some(cause) if !is_broken(cause) => {
                Self::new(WireErrorKind::Malformed, format!("the body is not HTTP: {cause}"))
            }
            Some(cause) => Self::new(WireErrorKind::Io, format!("read the body: {cause}")),
            None if error.is_incomplete_message() => Self::new(WireErrorKind::Malformed, "the body ended early"),
            None => Self::new(WireErrorKind::Io, format!("read the body: {error}")),
        }
    }
}

impl From<WireError> for io::Error {
    fn from(error: WireError) -> Self {
        let kind = match error.kind {
            WireErrorKind::Malformed => io::ErrorKind::InvalidData,
            _ => io::ErrorKind::ConnectionAborted,
        };
        Self::new(kind, error)
    }
}

/// The socket's or the decoder's error behind hyper's.
fn cause(error: &hyper::Error) -> Option<&io::Error> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref() {
            return Some(error);
        }
        source = error.source();
    }
    None
}

/// hyper's decoders report a peer's mistakes as three kinds of `io::Error`; every other one comes from the socket.
fn is_broken(error: &io::Error) -> bool {
    !matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
}
