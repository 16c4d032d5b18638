use std::{net::Shutdown, time::Duration};

use async_std::{future::timeout, net::TcpStream};
use futures_util::{AsyncReadExt, AsyncWriteExt, io};
use tide::http::{Response, StatusCode};

use super::ServeOptions;
use crate::http::stream::BoxStream;

/// How long a client that is refused whatever it asks may take to ask.
pub(super) const MOMENT: Duration = Duration::from_millis(100);
/// How long a refused client may take to read its answer and close.
pub(super) const LINGER: Duration = Duration::from_millis(500);
/// Most bytes read from a client whose request is not wanted.
const MAX_UNWANTED: u64 = 1024 * 1024;

/// An answer that the app has no part in: JSON with a code and a sentence (SPEC §2).
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BadRequest, code: "invalid_query", message: message.into() }
    }

    pub(super) fn in_the_clear() -> Self {
        Self::bad_request("this port speaks HTTPS, and the request came as plain HTTP; use https://")
    }

    pub(super) fn method_not_allowed(method: &str) -> Self {
        Self {
            status: StatusCode::MethodNotAllowed,
            code: "method_not_allowed",
            message: format!("method {method} does not exist here"),
        }
    }

    pub(super) fn too_many_connections(options: &ServeOptions) -> Self {
        let ServeOptions { max_connections, limited_by, .. } = options;
        let message = format!("{max_connections} connections are open, and more are not taken ({limited_by})");
        Self { status: StatusCode::ServiceUnavailable, code: "internal", message }
    }

    pub(super) fn internal() -> Self {
        Self {
            status: StatusCode::InternalServerError,
            code: "internal",
            message: "the request could not be answered; the log says why".to_owned(),
        }
    }

    /// For a head that hyper gave up on; `None` when it was no matter of its text.
    pub(super) fn of_head(error: &hyper::Error) -> Option<Self> {
        if error.is_parse_too_large() {
            let message = "the head of the request is too large".to_owned();
            return Some(Self { status: StatusCode::RequestHeaderFieldsTooLarge, code: "invalid_query", message });
        }
        error.is_parse().then(|| Self::bad_request(format!("the request is not HTTP: {error}")))
    }

    pub(super) fn into_response(self, extra: &[(&'static str, String)]) -> Response {
        let mut response = Response::new(self.status);
        response.set_body(self.body());
        for (name, value) in self.fields() {
            response.insert_header(name, value);
        }
        for (name, value) in extra {
            response.insert_header(*name, value);
        }
        response
    }

    /// The whole answer as it is written where no request was understood.
    pub(super) fn to_text(&self, extra: &[(&'static str, String)]) -> String {
        let body = self.body();
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, self.status.canonical_reason());
        let extra = extra.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in self.fields().into_iter().chain(extra) {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head + &format!("connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    }

    fn body(&self) -> String {
        serde_json::json!({"error": self.code, "message": self.message}).to_string()
    }

    fn fields(&self) -> Vec<(&'static str, &'static str)> {
        let mut fields = vec![
            ("content-type", "application/json; charset=utf-8"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ];
        if self.status == StatusCode::MethodNotAllowed {
            fields.push(("allow", "GET, HEAD"));
        }
        fields
    }
}

/// Writes a last answer and closes, reading on for a moment: a socket closed with bytes unread is reset, and a reset
/// may overtake the answer.
pub(super) async fn send(mut stream: BoxStream, socket: &TcpStream, answer: &str) {
    let written = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.flush().await
    };
    // A client that is gone, or doesn't read, is not waited for.
    if let Ok(Ok(())) = timeout(LINGER, written).await {
        linger(stream, socket).await;
    }
}

/// Ends what we write and waits for the other side to do the same.
pub(super) async fn linger(stream: BoxStream, socket: &TcpStream) {
    end(stream).await;
    if socket.shutdown(Shutdown::Write).is_ok() {
        let _ = timeout(LINGER, io::copy(socket.take(MAX_UNWANTED), &mut io::sink())).await;
    }
}

/// Says in TLS that there is no more, which tells an end from a cut. It leaves a TCP stream open.
pub(super) async fn end(mut stream: BoxStream) {
    let _ = timeout(LINGER, stream.close()).await;
}
