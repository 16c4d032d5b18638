//! What stands for the web page in a build without the feature `page`.

use tide::{Request, Response};

use super::{ApiError, State, error::ErrorCode};

/// `/admin/keyviz/`: says that there is none, and where its data is.
pub(super) async fn index(_: Request<State>) -> Result<Response, ApiError> {
    Err(none())
}

/// `/admin/keyviz/assets/…`.
pub(super) async fn asset(_: Request<State>) -> Result<Response, ApiError> {
    Err(none())
}

fn none() -> ApiError {
    let message = "this build has no web page; the matrix is at /admin/api/v1/keyviz/matrix, and `keyviz-fanout query \
                   --format heatmap` draws it in a terminal";
    ApiError::new(404, ErrorCode::NotFound, message)
}
