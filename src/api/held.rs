//! Answers that wait for their readers.

use tide::{Body, Response};

use super::service::{Active, Service};
use crate::fanout::{AnswerBody, SMALL};

/// Reads what is held.
pub(super) fn body(answer: &AnswerBody) -> Body {
    Body::from_reader(answer.reader(), Some(answer.len()))
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
