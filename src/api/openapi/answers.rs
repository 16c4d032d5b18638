//! The answers of operations: statuses with their headers, bodies and codes.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::{
    api::{
        GENERATION_HEADER, RESPONDED_HEADER,
        error::{ApiError, ErrorCode},
        gate::FOR_BROWSERS,
    },
    fanout::INSTANCE_HEADER,
};

/// By what a browser knows its copies of the page's files.
const KEPT_BY: [&str; 3] = ["Content-Encoding", "ETag", "Vary"];

/// The header fields that answers refer to.
pub(super) fn headers() -> Value {
    let mut headers = json!({
        INSTANCE_HEADER: {
            "description": "Random, one per start of the process.",
            "required": true,
            "schema": { "type": "string", "format": "uuid" },
        },
        GENERATION_HEADER: {
            "description": "Counts the configurations that were applied; this one answered.",
            "required": true,
            "schema": { "type": "integer", "minimum": 1 },
        },
        RESPONDED_HEADER: {
            "description": "How many nodes responded, of how many; there where the matrix was fanned out.",
            "schema": { "type": "string", "pattern": "^[0-9]+/[0-9]+$" },
        },
        "Allow": { "required": true, "schema": { "const": "GET, HEAD" } },
        "Content-Encoding": { "schema": { "enum": ["br", "gzip"] } },
        "ETag": { "required": true, "schema": { "type": "string" } },
        "Vary": { "required": true, "schema": { "const": "Accept-Encoding" } },
        "Location": { "required": true, "schema": { "type": "string", "format": "uri-reference" } },
    });
    for (name, value) in FOR_BROWSERS {
        // A request that is no HTTP is answered without those that only a page of another site would meet.
        headers[name] = json!({ "schema": { "type": "string" }, "example": value });
    }
    headers
}

/// The answers of one operation, by status.
pub(super) struct Answers(Map<String, Value>);

impl Answers {
    /// With a 200 of `content`, and the answers that any request may get.
    pub(super) fn ok(generator: &mut SchemaGenerator, description: &str, content: Value) -> Self {
        let mut answers = Self(Map::new());
        answers.insert(200, description, &[], content);
        answers.any_request(generator)
    }

    /// With a redirect, and the answers that any request may get.
    pub(super) fn redirect(generator: &mut SchemaGenerator, to: &str) -> Self {
        let mut answers = Self(Map::new());
        answers.insert(302, &format!("To `{to}`."), &["Location"], json!({}));
        answers.any_request(generator)
    }

    /// With what lets a browser keep a copy, and what it gets while that is still good.
    pub(super) fn kept(mut self) -> Self {
        self.insert(304, "The copy that `If-None-Match` names is still good.", &[], json!({}));
        for (status, name) in ["200", "304"].into_iter().flat_map(|status| KEPT_BY.map(|name| (status, name))) {
            self.0[status]["headers"][name] = header(name);
        }
        self
    }

    fn any_request(self, generator: &mut SchemaGenerator) -> Self {
        use ErrorCode::{Internal, InvalidQuery, MethodNotAllowed, Misdirected};
        self.error(generator, 400, &[InvalidQuery], "The request is not valid HTTP.")
            .error(generator, 405, &[MethodNotAllowed], "Another method than GET and HEAD.")
            .error(
                generator,
                421,
                &[Misdirected],
                "The `Host` header does not name this host (`server.allowed_hosts`).",
            )
            .error(generator, 431, &[InvalidQuery], "The head of the request is too large.")
            .error(generator, 500, &[Internal], "The daemon failed to answer; its log says why.")
            .error(generator, 503, &[Internal], "Too many connections are open (`server.max_connections`).")
    }

    /// With an error of one of these codes; in place of what the status said before.
    pub(super) fn error(
        self,
        generator: &mut SchemaGenerator,
        status: u16,
        codes: &[ErrorCode],
        description: &str,
    ) -> Self {
        let error = generator.subschema_for::<ApiError>();
        let schema = json!({ "allOf": [error, { "properties": { "error": { "enum": codes } } }] });
        self.with_error(status, codes, description, &schema)
    }

    /// With an error of one of these codes, or of the local node's own.
    pub(super) fn passed_on(
        self,
        generator: &mut SchemaGenerator,
        status: u16,
        codes: &[ErrorCode],
        description: &str,
    ) -> Self {
        let description = format!("{description} A local node's own code is passed on.");
        let schema = generator.subschema_for::<ApiError>().to_value();
        self.with_error(status, codes, &description, &schema)
    }

    fn with_error(mut self, status: u16, codes: &[ErrorCode], description: &str, schema: &Value) -> Self {
        let codes: Vec<_> = codes.iter().map(|code| format!("`{code}`")).collect();
        let headers: &[&str] = if status == 405 { &["Allow"] } else { &[] };
        self.insert(status, &format!("{}: {description}", codes.join(", ")), headers, json_content(schema));
        self
    }

    /// With a further form of what `status` already has.
    pub(super) fn or(mut self, status: u16, description: &str, content: &Value) -> Self {
        let answer = &mut self.0[&status.to_string()];
        if let (Some(contents), Some(more)) = (answer["content"].as_object_mut(), content.as_object()) {
            contents.extend(more.clone());
        }
        answer["description"] = format!("{description} {}", answer["description"].as_str().unwrap_or_default()).into();
        self
    }

    /// With the header that tells how many nodes responded, where the matrix may have been fanned out.
    pub(super) fn fanned_out(mut self) -> Self {
        for status in ["200", "503"] {
            self.0[status]["headers"][RESPONDED_HEADER] = header(RESPONDED_HEADER);
        }
        self
    }

    fn insert(&mut self, status: u16, description: &str, headers: &[&str], content: Value) {
        let shared = [INSTANCE_HEADER, GENERATION_HEADER].into_iter().chain(FOR_BROWSERS.map(|(name, _)| name));
        let headers: Map<_, _> =
            shared.chain(headers.iter().copied()).map(|name| (name.to_owned(), header(name))).collect();
        let mut answer = json!({ "description": description, "headers": headers });
        if content != json!({}) {
            answer["content"] = content;
        }
        self.0.insert(status.to_string(), answer);
    }

    /// The answers to GET, and those to HEAD, whose header fields are the same and are not told again.
    pub(super) fn into_get_and_head(self) -> (Value, Value) {
        let bare = |(status, answer): (&String, &Value)| {
            (status.clone(), json!({ "description": answer["description"].clone() }))
        };
        let head = self.0.iter().map(bare).collect::<Map<_, _>>();
        (self.0.into(), head.into())
    }
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

/// JSON by `T`.
pub(super) fn json_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    json_content(&generator.subschema_for::<T>().to_value())
}

/// JSON by `schema`.
pub(super) fn json_content(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

/// Text of this media type.
pub(super) fn text_of(media_type: &str, schema: &Value) -> Value {
    json!({ media_type: { "schema": schema } })
}
