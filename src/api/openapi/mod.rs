//! The interface as an OpenAPI 3.1 document (SPEC §2). What answers are made of is derived from the types that answer;
//! which answers there are is stated in `paths`, and held true by tests.

mod answers;
mod parameters;
mod paths;
mod schemas;

use std::sync::LazyLock;

use schemars::SchemaGenerator;
use serde_json::{Value, json};
use tide::Request;

use super::{State, held};
use crate::fanout::AnswerBody;

/// Made once: it depends on nothing that an edit can change.
static BODY: LazyLock<AnswerBody> = LazyLock::new(|| AnswerBody::lasting(document().to_string().into()));

/// `/admin/api/v1/keyviz/openapi.json`: open, as it tells nothing but what the program is.
pub(super) async fn answer(_: Request<State>) -> tide::Result {
    Ok(held::json(BODY.clone()))
}

fn document() -> Value {
    let mut generator = SchemaGenerator::new(schemas::settings());
    let paths = paths::all(&mut generator);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "keyviz-fanout",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": "Only GET and HEAD exist; HEAD is answered as GET is, header fields and all, without the body. Unknown query \
                parameters are ignored, and answers may gain fields.",
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "headers": answers::headers(),
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "admin_session",
                    "description": "A session of the node's own admin page. With `auth.mode = \"none\"` nobody needs one.",
                },
                "metricsToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token in `server.metrics_token_file`.",
                },
            },
        },
    })
}

#[cfg(test)]
mod tests;
