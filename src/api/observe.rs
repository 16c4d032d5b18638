//! What machines ask about the process itself.

use std::net::SocketAddr;

use tide::{Request, Response, StatusCode};

use super::{ApiError, State, auth, candidate::Token, error::ErrorCode, gate, service::Active};
use crate::metrics::Format;

/// `/admin/healthz`: the process serves.
pub(super) async fn health(_: Request<State>) -> tide::Result {
    Ok(text(StatusCode::Ok, "ok\n"))
}

/// `/admin/readyz`: a config is active, and the process is not ending.
pub(super) async fn ready(request: Request<State>) -> tide::Result {
    Ok(if request.state().is_draining() {
        text(StatusCode::ServiceUnavailable, "draining\n")
    } else {
        text(StatusCode::Ok, "ok\n")
    })
}

/// `/metrics`: open on loopback, else to who has the bearer token, or may read the matrix (SPEC §7).
pub(super) async fn metrics(request: Request<State>) -> Result<Response, ApiError> {
    let active = gate::active(&request);
    let peer = request.peer_addr().and_then(|at| at.parse::<SocketAddr>().ok());
    if !peer.is_some_and(|at| at.ip().to_canonical().is_loopback()) && !has_token(&request, &active) {
        auth::permit(&request, &active).await?;
    }
    let breakers = active.snapshot.peers.iter();
    let breakers = breakers.map(|peer| (peer.entry.entry.as_str(), peer.state.get().breaker.is_open()));
    let format = request.header("Accept").map_or(Format::Text, |accept| Format::accepted(accept.as_str()));
    let rendered = request.state().metrics.render(format, breakers, request.state().fanout.load());
    let body = rendered.map_err(|error| ApiError::new(500, ErrorCode::Internal, error.to_string()))?;
    Ok(Response::builder(StatusCode::Ok).content_type(format.media_type()).body(body).build())
}

fn has_token(request: &Request<State>, active: &Active) -> bool {
    let Some(wanted) = &active.materials.metrics_token else { return false };
    let shown = request.header("Authorization").into_iter().flatten();
    let shown = shown.filter_map(|value| value.as_str().split_once(' '));
    let mut shown = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    shown.any(|(_, token)| Token::new(token.trim().as_bytes()) == *wanted)
}

fn text(status: StatusCode, body: &str) -> Response {
    Response::builder(status).content_type("text/plain; charset=utf-8").body(body).build()
}
