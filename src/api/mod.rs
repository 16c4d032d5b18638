//! The HTTP interface of SPEC §2 as a tide app, to serve or to mount into somebody's own node.

mod auth;
mod candidate;
mod error;
mod gate;
mod held;
pub(crate) mod history;
mod hosts;
mod introspect;
mod matrix;
mod observe;
mod openapi;
#[cfg_attr(not(feature = "page"), path = "page_absent.rs")]
mod page;
mod service;
pub(crate) mod status;

use std::sync::Arc;

use tide::{Redirect, Request, Response, Server};

pub use candidate::Candidate;
pub(crate) use history::Trigger;
pub use service::{Applied, Builder, Service};

use crate::fanout::{CLUSTER_PATH, MATRIX_PATH};
use error::{ApiError, json};
use gate::Gate;

/// Path of the web page.
const PAGE_PATH: &str = "/admin/keyviz/";
/// Without its slash, for those who type it.
const TYPED_PAGE_PATH: &str = "/admin/keyviz";
/// Route of the page's files. A segment, not a wildcard: they lie in one folder, and a wildcard would hide what others nest.
const ASSET_ROUTE: &str = "/admin/keyviz/assets/:asset";
const CONFIG_PATH: &str = "/admin/api/v1/keyviz/config";
const OPENAPI_PATH: &str = "/admin/api/v1/keyviz/openapi.json";
const HEALTH_PATH: &str = "/admin/healthz";
const READY_PATH: &str = "/admin/readyz";
const METRICS_PATH: &str = "/metrics";

/// Every route of SPEC §2 but `/`, which is the node's own where it has mounted the extension.
const ROUTES: [&str; 10] = [
    MATRIX_PATH,
    CLUSTER_PATH,
    CONFIG_PATH,
    OPENAPI_PATH,
    PAGE_PATH,
    TYPED_PAGE_PATH,
    ASSET_ROUTE,
    HEALTH_PATH,
    READY_PATH,
    METRICS_PATH,
];

/// What a supervisor asks, which has to be answered however busy the daemon is.
pub(crate) const VITAL_PATHS: &[&str] = &[HEALTH_PATH, READY_PATH];

/// Which configuration answered, by its generation.
const GENERATION_HEADER: &str = "X-Keyviz-Config-Generation";
/// How many nodes responded, of how many.
const RESPONDED_HEADER: &str = "X-Keyviz-Responded";

type State = Arc<Service>;

/// Mounts the extension into a node's own app: the paths of SPEC §2 are answered by [`app`], with its own checks and
/// headers; `/` and everything else stay the node's own.
///
/// The node's middleware comes first. Of two handlers of one path the last one that was set stands, so mount the
/// extension after the node's own routes. (tide's `nest` at `/` is no substitute: it takes HEAD requests away from the
/// node's own GET routes.)
pub fn mount<S: Clone + Send + Sync + 'static>(node: &mut Server<S>, service: Arc<Service>) {
    let app = app(service);
    for route in ROUTES {
        // GET apart from the rest, or a wildcard GET route of the node would go before.
        node.at(route).get(app.clone()).all(app.clone());
    }
}

/// The app. Its paths are those of SPEC §2, from the root.
pub fn app(service: Arc<Service>) -> Server<Arc<Service>> {
    let mut app = Server::with_state(service);
    app.with(Gate);
    app.at(MATRIX_PATH).get(|request| answer(request, matrix::merged));
    app.at(CLUSTER_PATH).get(|request| answer(request, matrix::cluster));
    app.at(CONFIG_PATH).get(|request| answer(request, introspect::config));
    app.at(OPENAPI_PATH).get(openapi::answer);
    app.at(METRICS_PATH).get(|request| answer(request, observe::metrics));
    app.at(HEALTH_PATH).get(observe::health);
    app.at(READY_PATH).get(observe::ready);
    app.at(PAGE_PATH).get(|request| answer(request, page::index));
    app.at(ASSET_ROUTE).get(|request| answer(request, page::asset));
    app.at(TYPED_PAGE_PATH).get(Redirect::new(PAGE_PATH));
    app.at("/").get(Redirect::new(PAGE_PATH));
    app
}

/// Runs a handler whose errors are answers too.
async fn answer<F>(request: Request<State>, handler: impl Fn(Request<State>) -> F) -> tide::Result
where
    F: Future<Output = Result<Response, ApiError>>,
{
    Ok(handler(request).await.unwrap_or_else(ApiError::into_response))
}
