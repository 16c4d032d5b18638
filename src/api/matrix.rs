//! The matrix, merged or the local node's own, and the local node's view of the cluster.

use std::time::Duration;

use async_std::task;
use tide::{Request, Response, StatusCode};

use super::{
    ApiError, RESPONDED_HEADER, State, auth,
    error::{Code, ErrorCode},
    gate, held, json,
};
use crate::{
    fanout::{
        Caller, Deadline, Failure, Fanout, FanoutBlock, LocalMatrix, LocalNode, MatrixQuery, Outcome, Snapshot, Verdict,
    },
    matrix,
};

/// `/admin/api/v1/keyviz/matrix` (SPEC §2).
pub(super) async fn merged(request: Request<State>) -> Result<Response, ApiError> {
    let active = gate::active(&request);
    let caller = auth::caller(&request, &active)?;
    let query = MatrixQuery::parse(request.url().query().unwrap_or_default())
        .map_err(|error| ApiError::new(400, ErrorCode::InvalidQuery, error.to_string()))?;
    let snapshot = &active.snapshot;
    if caller.guard.is_some() || snapshot.peers.is_empty() {
        return unmerged(&request.state().fanout, snapshot, &query, &caller).await;
    }
    let outcome = request.state().fanout.matrix(snapshot, query, caller).await;
    let mut response = fanned_out(&outcome, query).unwrap_or_else(ApiError::into_response);
    if !matches!(outcome.verdict, Verdict::Refused(_)) {
        let FanoutBlock { responded, expected, .. } = outcome.block;
        response.insert_header(RESPONDED_HEADER, format!("{responded}/{expected}"));
    }
    Ok(response)
}

fn fanned_out(outcome: &Outcome, query: MatrixQuery) -> Result<Response, ApiError> {
    let (responded, expected) = (outcome.block.responded, outcome.block.expected);
    match &outcome.verdict {
        Verdict::Refused(status) => Err(ApiError::refused(*status)),
        Verdict::NoNodeAnswered => {
            let message = format!("none of {expected} nodes answered; fanout.nodes says why");
            Err(ApiError::new(503, ErrorCode::NoNodeAnswered, message).with_fanout(outcome.block.clone()))
        }
        Verdict::Merged(_) if query.require_all && !outcome.block.complete => {
            let message = format!("{responded} of {expected} nodes answered, and require=all was asked for");
            Err(ApiError::new(503, ErrorCode::Incomplete, message).with_fanout(outcome.block.clone()))
        }
        Verdict::Merged(body) => Ok(held::json(body.clone())),
    }
}

/// The local node's matrix as it gave it: to another aggregator, or where there are no peers.
async fn unmerged(
    fanout: &Fanout,
    snapshot: &Snapshot,
    query: &MatrixQuery,
    caller: &Caller,
) -> Result<Response, ApiError> {
    let (local, deadline) = local(snapshot)?;
    let asked = query.as_asked();
    let matrix = local.source.matrix(&asked, caller, deadline);
    let body = match in_time(deadline.remaining(), matrix).await? {
        LocalMatrix::Encoded(reply) => fanout.hold_reply(reply, &snapshot.config),
        LocalMatrix::Decoded(matrix) => {
            let body = task::spawn_blocking(move || matrix::encode(&matrix)).await;
            fanout.hold(body.into(), &snapshot.config)
        }
    };
    Ok(held::json(body))
}

/// `/admin/api/v1/cluster` (SPEC §2): the local node's own answer, so that this daemon can stand for its node.
pub(super) async fn cluster(request: Request<State>) -> Result<Response, ApiError> {
    let active = gate::active(&request);
    let caller = auth::caller(&request, &active)?;
    let (local, deadline) = local(&active.snapshot)?;
    let cluster = in_time(deadline.remaining(), local.source.cluster(&caller, deadline)).await?;
    Ok(json(StatusCode::Ok, cluster.to_string().into_bytes()))
}

fn local(snapshot: &Snapshot) -> Result<(&LocalNode, Deadline), ApiError> {
    let none =
        || ApiError::new(503, ErrorCode::KeyvizDisabled, "there is no node on this host (local.source is \"none\")");
    let local = snapshot.local.as_ref().ok_or_else(none)?;
    Ok((local, Deadline::within(snapshot.timeout())))
}

/// An in-process source is held to the deadline here; over HTTP the call itself is.
async fn in_time<T>(remaining: Duration, asked: impl Future<Output = Result<T, Failure>>) -> Result<T, ApiError> {
    match async_std::future::timeout(remaining, asked).await {
        Ok(answer) => answer.map_err(|failure| passed_on(&failure)),
        Err(_) => Err(ApiError::new(503, ErrorCode::LocalUnavailable, "the local node did not answer in time")),
    }
}

/// A failing local node's own 401, 403 or 503 with its code; anything else is 503 `local_unavailable` (SPEC §2).
fn passed_on(failure: &Failure) -> ApiError {
    let (status, default) = match failure.status {
        Some(401) => (401, ErrorCode::Unauthenticated),
        Some(403) => (403, ErrorCode::Forbidden),
        _ => (503, ErrorCode::LocalUnavailable),
    };
    let own_code = failure.code.as_ref().filter(|_| matches!(failure.status, Some(401 | 403 | 503)));
    let message = failure.said.as_ref().filter(|_| own_code.is_some()).unwrap_or(&failure.message);
    let code = own_code.map_or(Code::Ours(default), |code| Code::Node(code.clone()));
    ApiError::new(status, code, format!("the local node: {message}"))
}
