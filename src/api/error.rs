use serde::Serialize;
use tide::{Body, Response, StatusCode};

use crate::fanout::FanoutBlock;

/// An error as the caller sees it (SPEC §2): a status, a code of the closed set, and a sentence.
#[derive(Debug, Serialize)]
pub(super) struct ApiError {
    #[serde(skip)]
    status: u16,
    #[serde(rename = "error")]
    code: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fanout: Option<FanoutBlock>,
}

impl ApiError {
    pub(super) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), fanout: None }
    }

    pub(super) fn unauthenticated() -> Self {
        let message =
            "no good admin_session cookie: sign in at the node's own admin page on this host name, then try again";
        Self::new(401, "unauthenticated", message)
    }

    /// The nodes' own verdict on the caller's session, 401 or 403.
    pub(super) fn refused(status: u16) -> Self {
        match status {
            403 => Self::new(status, "forbidden", "the nodes do not let this session read the matrix"),
            _ => Self::new(
                401,
                "unauthenticated",
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
