use std::time::Duration;

/// How long name lookup and connect may take together; put into a request's extensions. Without it, 5 s.
#[derive(Clone, Copy, Debug)]
pub struct ConnectTimeout(pub Duration);

/// Why a call failed below HTTP. It is the source of the `surf::Error` of `send`, and of the `io::Error` of a body read.
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
    /// The TLS handshake failed.
    Tls,
    /// What came is not HTTP, or a body that ended early.
    Malformed,
    /// The connection broke.
    Io,
}

/// An HTTP/1.1 client for surf: one connection a request, no redirects, no proxies, no decompression.
#[derive(Debug, Default)]
pub struct HyperClient;
