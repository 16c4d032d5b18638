//! The HTTP interface of SPEC §2 as a tide app, to serve or to mount into somebody's own node.

mod auth;
mod error;
mod gate;
mod hosts;
mod introspect;
mod matrix;
mod observe;
mod service;

use std::sync::Arc;

use tide::{Redirect, Request, Response, Server};

pub use service::Service;

use crate::fanout::{CLUSTER_PATH, MATRIX_PATH};
use error::{ApiError, json};
use gate::Gate;

/// Path of the web page.
const PAGE_PATH: &str = "/admin/keyviz/";
const CONFIG_PATH: &str = "/admin/api/v1/keyviz/config";
const HEALTH_PATH: &str = "/admin/healthz";
const READY_PATH: &str = "/admin/readyz";
const METRICS_PATH: &str = "/metrics";

type State = Arc<Service>;

/// The app. Its paths are those of SPEC §2, from the root: a node mounts it with `node.at("/").nest(app(service))`.
pub fn app(service: Arc<Service>) -> Server<Arc<Service>> {
    let mut app = Server::with_state(service);
    app.with(Gate);
    app.at(MATRIX_PATH).get(|request| answer(request, matrix::merged));
    app.at(CLUSTER_PATH).get(|request| answer(request, matrix::cluster));
    app.at(CONFIG_PATH).get(|request| answer(request, introspect::config));
    app.at(METRICS_PATH).get(|request| answer(request, observe::metrics));
    app.at(HEALTH_PATH).get(observe::health);
    app.at(READY_PATH).get(observe::ready);
    app.at(PAGE_PATH).get(observe::page);
    app.at("/admin/keyviz").get(Redirect::new(PAGE_PATH));
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
