//! Answers that wait for their readers.

use tide::{Body, Response, StatusCode};

use super::service::{Active, Service};
use crate::fanout::{AnswerBody, SMALL};

/// A body that is held for its readers already, which other answers may share.
pub(super) fn json(answer: AnswerBody) -> Response {
    let mut response = super::json(StatusCode::Ok, body(&answer));
    response.insert_ext(answer);
    response
}

/// Holds a large answer as the merged matrices are held, whatever it is: with many peers an error that tells of each, or
/// introspection, is large too, and any client may leave it unread.
pub(super) async fn hold(response: &mut Response, service: &Service, active: &Active) -> tide::Result<()> {
    let large = response.len().is_some_and(|length| length > SMALL);
    if large && response.ext::<AnswerBody>().is_none() {
        let bytes = response.take_body().into_bytes().await?;
        let held = service.fanout.hold(bytes.into(), &active.snapshot.config);
        response.set_body(body(&held));
    }
    Ok(())
}

fn body(answer: &AnswerBody) -> Body {
    Body::from_reader(answer.reader(), Some(answer.len()))
}
