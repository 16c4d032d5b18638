//! Who may read (SPEC §7).

use std::sync::Arc;

use async_std::future::timeout;
use futures_util::{FutureExt, StreamExt, stream};
use tide::{Request, http::headers::HeaderValue};

use super::{ApiError, State, error::ErrorCode, service::Active};
use crate::{
    config::AuthMode,
    fanout::{Caller, Credentials, Deadline, Failure, GUARD_HEADER, Guard, MATRIX_PATH, NodeQuery, Snapshot},
    matrix::Series,
    peers::Peer,
    session::Sessions,
};

/// Nodes asked at once for their verdict.
const ASKED_AT_ONCE: usize = 8;

/// On whose behalf nodes are called: the caller of `request`, who must have a session where sessions are forwarded.
pub(super) fn caller(request: &Request<State>, active: &Active) -> Result<Caller, ApiError> {
    // Of several the largest counts: a proxy that adds one of its own must not hide a loop.
    let guards = request.header(GUARD_HEADER).into_iter().flatten();
    let guard = guards.map(|value| Guard::parse(value.as_str())).max();
    if guard.is_some_and(Guard::is_loop) {
        let message = "this request came through too many aggregators: two daemons name each other as local.url";
        return Err(ApiError::new(508, ErrorCode::LoopDetected, message));
    }
    Ok(Caller { credentials: credentials(request, active)?, guard })
}

/// What the nodes are shown: the caller's own session where they are to decide, else one of this daemon's (SPEC §7).
fn credentials(request: &Request<State>, active: &Active) -> Result<Credentials, ApiError> {
    let cookies = request.header("Cookie").into_iter().flatten();
    let shown = Credentials::from_cookies(cookies.map(HeaderValue::as_str));
    let sessions = active.materials.sessions.as_ref();
    match active.snapshot.config.auth.mode {
        AuthMode::Forward if shown.has_session() => Ok(shown),
        AuthMode::Mint if is_verified(&shown, sessions) => Ok(own(sessions)),
        AuthMode::None => Ok(own(sessions)),
        AuthMode::Forward | AuthMode::Mint => Err(ApiError::unauthenticated()),
    }
}

/// Without keys nobody is: a configuration made in code may name files that were never read.
fn is_verified(shown: &Credentials, sessions: Option<&Arc<Sessions>>) -> bool {
    let Some((sessions, session)) = sessions.zip(shown.admin_session()) else { return false };
    sessions.verify(session).is_ok()
}

fn own(sessions: Option<&Arc<Sessions>>) -> Credentials {
    sessions.map_or_else(Credentials::default, |sessions| Credentials::session(sessions.own()))
}

/// Whether the caller of `request` may see what is not a matrix: introspection, and metrics from afar. Where sessions
/// are forwarded the nodes say it, as they would for the matrix.
pub(super) async fn permit(request: &Request<State>, active: &Active) -> Result<(), ApiError> {
    let caller = caller(request, active)?;
    if active.snapshot.config.auth.mode != AuthMode::Forward {
        return Ok(());
    }
    match verdict(&active.snapshot, &caller).await {
        Some(Ok(())) => Ok(()),
        Some(Err(status)) => Err(ApiError::refused(status)),
        None => {
            Err(ApiError::new(503, ErrorCode::NoNodeAnswered, "no node could be asked whether this session may read"))
        }
    }
}

/// The local node's verdict. Where it has none, the peers', as for the matrix: one that lets the caller read is enough,
/// and where none does, the first refusal in the file's order stands.
async fn verdict(snapshot: &Arc<Snapshot>, caller: &Caller) -> Option<Result<(), u16>> {
    let question = NodeQuery { series: Series::Writes, from_unix_ms: Some(1), to_unix_ms: Some(2), rows: 1 };
    if let Some(local) = &snapshot.local {
        let deadline = Deadline::within(snapshot.timeout());
        let answer = timeout(deadline.remaining(), local.source.matrix(&question, caller, deadline)).await;
        if let Some(verdict) = answer.ok().and_then(verdict_of) {
            return Some(verdict);
        }
    }
    // A deadline of their own: a local node that hangs has used up the first.
    let deadline = Deadline::within(snapshot.timeout());
    let ask = async |(place, peer): (usize, Arc<Peer>)| {
        let question = question.to_string();
        let answer = snapshot.wire.get(&peer.entry.url, MATRIX_PATH, Some(&question), caller, deadline).await;
        verdict_of(answer).map(|verdict| (place, verdict))
    };
    let reachable = snapshot.others().into_iter().filter(|peer| !peer.state.get().breaker.is_open());
    let mut asked = stream::iter(reachable.enumerate().map(|asked| ask(asked).boxed())).buffer_unordered(ASKED_AT_ONCE);
    let mut refusal: Option<(usize, u16)> = None;
    while let Some(answer) = asked.next().await {
        match answer {
            Some((_, Ok(()))) => return Some(Ok(())),
            Some((place, Err(status))) if refusal.is_none_or(|(first, _)| place < first) => {
                refusal = Some((place, status));
            }
            _ => {}
        }
    }
    refusal.map(|(_, status)| Err(status))
}

fn verdict_of<T>(answer: Result<T, Failure>) -> Option<Result<(), u16>> {
    match answer {
        Ok(_) => Some(Ok(())),
        Err(failure) => failure.verdict().map(Err),
    }
}
