use schemars::JsonSchema;
use serde::Serialize;
use tide::{Body, Response, StatusCode};

use crate::{fanout::FanoutBlock, words::words};

words! {
    /// What went wrong, in a word: the closed set of SPEC §2.
    pub(crate) enum ErrorCode {
        /// A parameter has a value that it may not have, or the request is not HTTP.
        InvalidQuery = "invalid_query",
        /// There is no session that is accepted.
        Unauthenticated = "unauthenticated",
        /// The session may not read this.
        Forbidden = "forbidden",
        /// Nothing is under this path.
        NotFound = "not_found",
        /// Only GET and HEAD exist.
        MethodNotAllowed = "method_not_allowed",
        /// The `Host` header does not name this host.
        Misdirected = "misdirected",
        /// No node gave an answer.
        NoNodeAnswered = "no_node_answered",
        /// Not all nodes answered, and `require=all` was asked for.
        Incomplete = "incomplete",
        /// The local node gave no answer.
        LocalUnavailable = "local_unavailable",
        /// There is no node on this host, or its sampler is off.
        KeyvizDisabled = "keyviz_disabled",
        /// The request came through too many aggregators.
        LoopDetected = "loop_detected",
        /// The daemon failed to answer.
        Internal = "internal",
    }
}

/// The code of an answer: one of ours, or the local node's own, passed on with its 401, 403 or 503.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Code {
    /// One of ours.
    Ours(ErrorCode),
    /// The local node's own.
    Node(String),
}

impl From<ErrorCode> for Code {
    fn from(code: ErrorCode) -> Self {
        Self::Ours(code)
    }
}

/// An error as the caller sees it (SPEC §2): a status, a code of the closed set, and a sentence.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub(super) struct ApiError {
    #[serde(skip)]
    status: u16,
    #[serde(rename = "error")]
    code: Code,
    /// A sentence.
    message: String,
    /// How it went with each node; there with `no_node_answered` and `incomplete` of a matrix.
    #[serde(skip_serializing_if = "Option::is_none")]
    fanout: Option<FanoutBlock>,
}

impl ApiError {
    pub(super) fn new(status: u16, code: impl Into<Code>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), fanout: None }
    }

    pub(super) fn unauthenticated() -> Self {
        let message =
            "no good admin_session cookie: sign in at the node's own admin page on this host name, then try again";
        Self::new(401, ErrorCode::Unauthenticated, message)
    }

    /// The nodes' own verdict on the caller's session, 401 or 403.
    pub(super) fn refused(status: u16) -> Self {
        match status {
            403 => Self::new(status, ErrorCode::Forbidden, "the nodes do not let this session read the matrix"),
            _ => Self::new(
                401,
                ErrorCode::Unauthenticated,
                "the nodes do not accept this session: sign in again at the node's own admin page",
            ),
        }
    }

    pub(super) fn with_fanout(self, block: FanoutBlock) -> Self {
        Self { fanout: Some(block), ..self }
    }

    pub(super) fn into_response(self) -> Response {
        let status = StatusCode::try_from(self.status).unwrap_or(StatusCode::InternalServerError);
        json(status, serde_json::to_vec(&self).unwrap_or_default())
    }
}

/// A JSON answer; the headers that all answers share are put on elsewhere.
pub(super) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(status);
    response.set_body(body);
    // As text: tide's own type would lose the space that the contract has.
    response.insert_header("Content-Type", "application/json; charset=utf-8");
    response
}
