//! What can come of a call instead of a whole 200, in words fit to be shown.

use std::{io, time::Duration};

use async_std::future::timeout;
use futures_util::AsyncBufReadExt;
use surf::http::{
    Body, Response,
    headers::{self, HeaderValue},
};

use super::{
    deadline::Deadline,
    failure::{Failure, Reason},
    redact::Redactor,
};
use crate::http::{SentStatus, WireError, WireErrorKind};

/// The one status whose body is a matrix.
pub(super) const OK: u16 = 200;

/// Bytes of another answer's body that an error shows (SPEC §3).
const SHOWN_OF_A_BODY: usize = 512;

/// How long an error's body is waited for: the status is known by then, and must not be lost to a body that stalls.
const PATIENCE_FOR_AN_ERROR: Duration = Duration::from_millis(250);

pub(super) fn too_large(cap: u64) -> Failure {
    let cap = bytesize::ByteSize(cap);
    Failure::new(
        Reason::TooLarge,
        format!("the body is over fanout.body_cap of {cap}; ask for a shorter range, or raise the cap"),
    )
}

/// An encoding that was not asked for would otherwise end in a riddle about invalid JSON.
pub(super) fn refused_head(response: &Response) -> Option<Failure> {
    // Each of several counts: one that is fine would hide the others.
    let mut encodings = response.header(headers::CONTENT_ENCODING)?.iter().map(HeaderValue::as_str);
    let encoding = encodings.find(|encoding| !encoding.eq_ignore_ascii_case("identity"))?;
    (SentStatus::of(response) == OK)
        .then(|| Failure::new(Reason::Decode, format!("content-encoding {encoding:?} was not asked for")))
}

/// Reads as much of an error's body as is shown, and no more.
pub(super) async fn other_status(response: &mut Response, redactor: &Redactor, deadline: Deadline) -> Failure {
    let status = SentStatus::of(response);
    let wanted = (SHOWN_OF_A_BODY + redactor.lookahead()).max(4 << 10);
    let mut body = Vec::new();
    let reading = read_up_to(wanted, response.take_body(), &mut body);
    // What came until then is shown, be it nothing.
    let _ = timeout(PATIENCE_FOR_AN_ERROR.min(deadline.remaining() / 2), reading).await;
    let text = String::from_utf8_lossy(&body);
    let shown = redactor.clean_prefix(text.trim_end(), SHOWN_OF_A_BODY);
    let message = if shown.is_empty() { format!("status {status}") } else { format!("status {status}: {shown}") };
    let NodeError { code, said } = NodeError::of(&body, redactor);
    Failure { bytes: body.len() as u64, code, said, ..Failure::status(status, "", message) }
}

async fn read_up_to(wanted: usize, mut reader: Body, body: &mut Vec<u8>) {
    while let Ok(chunk) = reader.fill_buf().await {
        let take = chunk.len().min(wanted - body.len());
        if take == 0 {
            return;
        }
        body.extend_from_slice(&chunk[..take]);
        reader.consume_unpin(take);
    }
}

/// What a node's error envelope says, as far as it may be passed on.
#[derive(Default)]
struct NodeError {
    /// Its `error`, if that is a plain word.
    code: Option<String>,
    /// Its `message`.
    said: Option<String>,
}

impl NodeError {
    fn of(body: &[u8], redactor: &Redactor) -> Self {
        #[derive(serde::Deserialize)]
        struct Envelope {
            error: String,
            message: Option<String>,
        }
        let Ok(Envelope { error, message }) = serde_json::from_slice(body) else { return Self::default() };
        let plain = error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let code = ((1..=64).contains(&error.len()) && plain && redactor.clean(&error) == error).then_some(error);
        Self { code, said: message.map(|message| redactor.clean_prefix(&message, SHOWN_OF_A_BODY)) }
    }
}

pub(super) fn not_sent(error: &surf::Error) -> Failure {
    match WireError::of_call(error) {
        Some(wire) => of_wire(wire),
        None => Failure::new(Reason::Io, error.to_string()),
    }
}

pub(super) fn broken_body(error: &io::Error) -> Failure {
    match WireError::of_read(error) {
        Some(wire) => of_wire(wire),
        None => Failure::new(Reason::Io, format!("read the body: {error}")),
    }
}

fn of_wire(error: &WireError) -> Failure {
    let reason = match error.kind {
        WireErrorKind::Dns => Reason::Dns,
        WireErrorKind::Refused => Reason::Refused,
        WireErrorKind::Connect => Reason::Connect,
        WireErrorKind::Tls => Reason::Tls,
        WireErrorKind::Malformed => Reason::Decode,
        WireErrorKind::Io => Reason::Io,
    };
    Failure::new(reason, error.message.clone())
}
