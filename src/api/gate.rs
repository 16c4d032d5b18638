use std::sync::Arc;

use tide::{Middleware, Next, Request, Response, StatusCode, http::Method};

use super::{
    ASSET_ROUTE, ApiError, ROUTES, State,
    error::ErrorCode,
    held, hosts,
    service::{Active, Standing},
};

/// What a browser may do with an answer: show it for what it is, keep nothing, run nothing, and put it into no other page.
/// The page has a policy of its own. There is no CORS header anywhere: no other site may read.
pub(super) const FOR_BROWSERS: [(&str, &str); 5] = [
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
];

/// What every request passes: it gets its snapshot, and its answer the headers that all answers carry (SPEC §2).
pub(super) struct Gate;

#[tide::utils::async_trait]
impl Middleware<State> for Gate {
    async fn handle(&self, mut request: Request<State>, next: Next<'_, State>) -> tide::Result {
        let service = Arc::clone(request.state());
        let standing = service.standing();
        let active = Arc::clone(&standing.active);
        request.set_ext(standing);
        let route = known_route(request.url().path());
        let mut response = match turned_away(&request, &active).await {
            Some(error) => error.into_response(),
            None => worded(next.run(request).await),
        };
        if response.status() == StatusCode::MethodNotAllowed {
            response.insert_header("Allow", "GET, HEAD");
        }
        for (name, value) in active.headers(&service.fanout) {
            response.insert_header(name, value);
        }
        for (name, value) in FOR_BROWSERS {
            if response.header(name).is_none() {
                response.insert_header(name, value);
            }
        }
        service.metrics.request(route, response.status().into());
        held::hold(&mut response, &service, &active).await?;
        Ok(response)
    }
}

/// How things stood when `request` came.
pub(super) fn standing(request: &Request<State>) -> Arc<Standing> {
    request.ext::<Arc<Standing>>().cloned().unwrap_or_else(|| request.state().standing())
}

/// The configuration that `request` works with to its end.
pub(super) fn active(request: &Request<State>) -> Arc<Active> {
    Arc::clone(&standing(request).active)
}

async fn turned_away(request: &Request<State>, active: &Active) -> Option<ApiError> {
    if !hosts::is_ours(request.url().host().as_ref(), active).await {
        // Not tide's `host()`, which would rather name the one in a Forwarded header.
        let host = request.url().host_str().unwrap_or_default();
        let message = format!("{host} is not a name of this host; add it to server.allowed_hosts if it is");
        return Some(ApiError::new(421, ErrorCode::Misdirected, message));
    }
    let method = request.method();
    (!matches!(method, Method::Get | Method::Head)).then(|| {
        ApiError::new(405, ErrorCode::MethodNotAllowed, format!("{method} is not allowed here, only GET and HEAD are"))
    })
}

/// Gives tide's own answers, which are empty, their words.
fn worded(mut response: Response) -> Response {
    if let Some(error) = response.take_error() {
        log::error!("a handler failed: {error}");
        return ApiError::new(500, ErrorCode::Internal, "the daemon failed to answer; its log says why")
            .into_response();
    }
    match response.status() {
        StatusCode::NotFound if response.is_empty() != Some(false) => {
            ApiError::new(404, ErrorCode::NotFound, "nothing is here; the page is at /admin/keyviz/").into_response()
        }
        _ => response,
    }
}

/// A label for the metrics: a route of the interface, never the caller's own text.
fn known_route(path: &str) -> &'static str {
    let is_asset = path.starts_with(ASSET_ROUTE.trim_end_matches(":asset"));
    let known = ROUTES.into_iter().chain(["/"]).find(|known| *known == path);
    known.or(is_asset.then_some(ASSET_ROUTE)).unwrap_or("other")
}
