//! Every path of SPEC §2: what it takes, and what it answers.

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::{
    answers::{Answers, json_content, json_of, text_of},
    parameters,
    schemas::Cluster,
};
use crate::{
    api::{
        CONFIG_PATH, HEALTH_PATH, METRICS_PATH, OPENAPI_PATH, PAGE_PATH, READY_PATH, TYPED_PAGE_PATH,
        error::ErrorCode::{
            Forbidden, Incomplete, Internal, InvalidQuery, KeyvizDisabled, LocalUnavailable, LoopDetected,
            NoNodeAnswered, NotFound, Unauthenticated,
        },
        introspect::Introspection,
    },
    fanout::{CLUSTER_PATH, FanoutBlock, MATRIX_PATH},
    matrix::schema::NodeMatrix,
    merge::schema::MergedMatrix,
};

/// [`ASSET_ROUTE`](crate::api::ASSET_ROUTE) as OpenAPI writes it.
pub(super) const ASSET_PATH: &str = "/admin/keyviz/assets/{asset}";

/// What may be asked of one path, by GET and by HEAD.
struct Operation {
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    parameters: Value,
    security: Value,
    answers: Answers,
}

impl Operation {
    /// One that takes nothing, and answers whoever reaches the port.
    fn open(path: &'static str, id: &'static str, summary: &'static str, answers: Answers) -> Self {
        Self { path, id, summary, parameters: json!([]), security: json!([]), answers }
    }

    /// One that the matrix' own authorization guards (SPEC §7), and the loop guard.
    fn guarded(path: &'static str, id: &'static str, summary: &'static str, answers: Answers) -> Self {
        let (parameters, security) = (json!([parameters::guard()]), json!([{ "session": [] }, {}]));
        Self { parameters, security, ..Self::open(path, id, summary, answers) }
    }

    fn item(self) -> (String, Value) {
        let Self { path, id, summary, parameters, security, answers } = self;
        let (get, head) = answers.into_get_and_head();
        let operation = |id: &str, answers: Value| {
            json!({
                "operationId": id,
                "summary": summary,
                "parameters": parameters,
                "security": security,
                "responses": answers,
            })
        };
        let item = json!({ "get": operation(id, get), "head": operation(&format!("{id}Head"), head) });
        (path.to_owned(), item)
    }
}

/// The operations of all paths.
pub(super) fn all(generator: &mut SchemaGenerator) -> Value {
    let operations = [
        matrix(generator),
        cluster(generator),
        config(generator),
        openapi(generator),
        page(generator),
        asset(generator),
        Operation::open(
            TYPED_PAGE_PATH,
            "typedPage",
            "The page's path, typed.",
            Answers::redirect(generator, PAGE_PATH),
        ),
        Operation::open("/", "root", "The page.", Answers::redirect(generator, PAGE_PATH)),
        health(generator),
        ready(generator),
        metrics(generator),
    ];
    operations.into_iter().map(Operation::item).collect::<Map<_, _>>().into()
}

/// With what the nodes, or the daemon in their place, may say of the caller.
fn authorized(answers: Answers, generator: &mut SchemaGenerator) -> Answers {
    answers
        .passed_on(generator, 401, &[Unauthenticated], "There is no session, or none that is accepted.")
        .passed_on(generator, 403, &[Forbidden], "The nodes do not let this session read.")
        .error(generator, 508, &[LoopDetected], "The request came through too many aggregators.")
}

fn matrix(generator: &mut SchemaGenerator) -> Operation {
    let forms = json!({ "anyOf": [
        generator.subschema_for::<MergedMatrix<FanoutBlock>>(),
        generator.subschema_for::<NodeMatrix>(),
    ] });
    let matrix = "The cluster's matrix; or the local node's own, as it gave it, where no peers are configured or the \
        request carries the guard.";
    let failed = "No node answered; or not all, with `require=all`; or the local node's own matrix is not to be had.";
    let codes = [NoNodeAnswered, Incomplete, KeyvizDisabled, LocalUnavailable, Internal];
    let answers = authorized(Answers::ok(generator, matrix, json_content(&forms)), generator)
        .error(
            generator,
            400,
            &[InvalidQuery],
            "A parameter has a value that it may not have, or `from_unix_ms` is after `to_unix_ms`.",
        )
        .passed_on(generator, 503, &codes, failed)
        .fanned_out();
    let mut operation = Operation::guarded(MATRIX_PATH, "matrix", "The merged matrix of the cluster.", answers);
    operation.parameters = parameters::matrix();
    operation
}

fn cluster(generator: &mut SchemaGenerator) -> Operation {
    let content = json_of::<Cluster>(generator);
    let failed = "There is no local node, or it gave no answer.";
    let answers = authorized(Answers::ok(generator, "As the local node gave it.", content), generator);
    let answers = answers.passed_on(generator, 503, &[KeyvizDisabled, LocalUnavailable, Internal], failed);
    Operation::guarded(CLUSTER_PATH, "cluster", "The local node's view of the cluster, passed on.", answers)
}

fn config(generator: &mut SchemaGenerator) -> Operation {
    let content = json_of::<Introspection>(generator);
    let failed = "No node could be asked whether this session may read.";
    let answers = authorized(Answers::ok(generator, "What runs.", content), generator);
    let answers = answers.error(generator, 503, &[NoNodeAnswered, Internal], failed);
    let summary = "What runs: every key with its origin, what became of the last edit, how each peer is doing.";
    Operation::guarded(CONFIG_PATH, "config", summary, answers)
}

fn openapi(generator: &mut SchemaGenerator) -> Operation {
    let content = json_content(&json!({ "type": "object", "required": ["openapi", "info", "paths"] }));
    let answers = Answers::ok(generator, "OpenAPI 3.1.", content);
    Operation::open(OPENAPI_PATH, "openapi", "This document.", answers)
}

fn page(generator: &mut SchemaGenerator) -> Operation {
    let answers = Answers::ok(generator, "HTML.", text_of("text/html", &json!({ "type": "string" }))).kept().error(
        generator,
        404,
        &[NotFound],
        "This build has no page.",
    );
    Operation::open(PAGE_PATH, "page", "The web page.", answers)
}

fn asset(generator: &mut SchemaGenerator) -> Operation {
    let answers = Answers::ok(generator, "The file, which never changes.", json!({ "*/*": {} })).kept().error(
        generator,
        404,
        &[NotFound],
        "The page has no such file.",
    );
    let parameters = json!([parameters::asset()]);
    let summary = "What the page consists of, each file under the name that the page gives it.";
    Operation { parameters, ..Operation::open(ASSET_PATH, "asset", summary, answers) }
}

fn health(generator: &mut SchemaGenerator) -> Operation {
    let answers = Answers::ok(generator, "It serves.", text_of("text/plain", &json!({ "const": "ok\n" })));
    Operation::open(HEALTH_PATH, "healthz", "Whether the process serves.", answers)
}

fn ready(generator: &mut SchemaGenerator) -> Operation {
    let answers = Answers::ok(generator, "It is ready.", text_of("text/plain", &json!({ "const": "ok\n" }))).or(
        503,
        "It is ending.",
        &text_of("text/plain", &json!({ "const": "draining\n" })),
    );
    Operation::open(READY_PATH, "readyz", "Whether a configuration is active, and the process is not ending.", answers)
}

fn metrics(generator: &mut SchemaGenerator) -> Operation {
    let text = json!({ "schema": { "type": "string" } });
    let content = json!({ "text/plain": text, "application/openmetrics-text": text });
    let failed = "No node could be asked whether this session may read.";
    let answers = authorized(Answers::ok(generator, "The metrics.", content), generator);
    let answers = answers.error(generator, 503, &[NoNodeAnswered, Internal], failed);
    let summary = "For Prometheus: open to loopback, and beyond it to the bearer token or to who may read the matrix.";
    let security = json!([{}, { "metricsToken": [] }, { "session": [] }]);
    Operation { security, ..Operation::guarded(METRICS_PATH, "metrics", summary, answers) }
}
