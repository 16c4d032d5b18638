//! What SPEC §2's table says of a matrix query, read slowly and in other words than the parser's: its judge.

use std::sync::{Arc, Mutex};

use async_std::task;
use async_trait::async_trait;
use keyviz_fanout::{
    Config, LocalMatrix, LocalSource, Service, api,
    config::AuthMode,
    fanout::{Caller, Deadline, Failure, MATRIX_PATH, MatrixQuery, NodeQuery},
    matrix::{Matrix, Series},
};
use serde_json::{Value, json};
use tide::http::{Method, Request, Response, Url};

/// The law of the parser: it reads what the table says, and what a node is then asked reads as the same question.
pub(crate) fn check_law(query: &str) {
    let parsed = MatrixQuery::parse(query);
    assert_eq!(parsed.as_ref().ok(), read_slowly(query).as_ref(), "{query:?} is {parsed:?}");
    match parsed {
        Ok(parsed) => check_asked(&parsed),
        Err(error) => check_sentence(&error.to_string()),
    }
}

/// A node reads out of its question what was meant by it, and the question has nothing else in it.
fn check_asked(parsed: &MatrixQuery) {
    let asked = parsed.as_asked();
    let printed = asked.to_string();
    let read = MatrixQuery::parse(&printed).unwrap_or_else(|error| panic!("{printed}: {error}"));
    assert_eq!(read.as_asked(), asked, "{printed}");
    assert_eq!((read.require_all, read.identity), (false, true), "{printed}");
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_=&-".contains(&byte);
    assert!(printed.bytes().all(plain), "{printed}");
}

/// It names the parameter, and repeats nothing of what was written but numbers.
fn check_sentence(message: &str) {
    assert!(NAMES.iter().any(|name| message.starts_with(name)), "{message}");
    assert!(message.len() < 120 && message.is_ascii() && !message.contains(char::is_control), "{message}");
}

const NAMES: [&str; 6] = ["series", "from_unix_ms", "to_unix_ms", "rows", "require", "identity"];

/// The table of SPEC §2, line by line; `None` is `invalid_query`.
pub(crate) fn read_slowly(query: &str) -> Option<MatrixQuery> {
    let fields: Vec<(String, String)> = query.split('&').map(name_and_value).collect();
    let given = |name: &str| {
        let first = fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        first.unwrap_or_default()
    };
    let series = match given("series") {
        "" | "writes" => Series::Writes,
        "reads" => Series::Reads,
        "read_bytes" => Series::ReadBytes,
        "write_bytes" => Series::WriteBytes,
        _ => return None,
    };
    let bound = |name| match given(name) {
        "" => Some(0),
        // One that no clock can tell is none that a node could be asked for.
        text => i64::try_from(integer(text)?).ok(),
    };
    let unless_0 = |bound: i64| (bound != 0).then_some(bound);
    let (from_unix_ms, to_unix_ms) = (unless_0(bound("from_unix_ms")?), unless_0(bound("to_unix_ms")?));
    let rows = match given("rows") {
        "" => 1024,
        rows => match integer(rows)? {
            rows @ 1..=1024 => usize::try_from(rows).ok()?,
            _ => 1024,
        },
    };
    let flag = |name, default, other| match given(name) {
        "" => Some(false),
        word if word == default => Some(false),
        word if word == other => Some(true),
        _ => None,
    };
    let (require_all, identity) = (flag("require", "any", "all")?, !flag("identity", "true", "false")?);
    let backwards = from_unix_ms.zip(to_unix_ms).is_some_and(|(from, to)| from > to);
    (!backwards).then_some(MatrixQuery { series, from_unix_ms, to_unix_ms, rows, require_all, identity })
}

/// Digits, with or without a sign. One that is too large for any use is the largest.
fn integer(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut value = 0_i128;
    for digit in digits.chars() {
        value = value.saturating_mul(10).saturating_add(digit.to_digit(10)?.into());
    }
    (!digits.is_empty()).then_some(sign * value)
}

fn name_and_value(field: &str) -> (String, String) {
    let (name, value) = field.split_once('=').unwrap_or((field, ""));
    (unescaped(name), unescaped(value))
}

/// `+` is a space, `%41` an `A`; a `%` before anything else is itself.
fn unescaped(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (byte, length) = match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => (high * 16 + low, 3),
            (b'+', ..) => (b' ', 1),
            (other, ..) => (*other, 1),
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A daemon that stands for one node, which remembers what it was asked.
pub(crate) struct Asked {
    app: tide::Server<Arc<Service>>,
    last: Arc<Mutex<Option<NodeQuery>>>,
}

impl Asked {
    pub(crate) fn new() -> Self {
        let last = Arc::default();
        let mut config = Config::default();
        config.auth.mode = AuthMode::None;
        let node = Node(Arc::clone(&last));
        Self { app: api::app(Service::builder(config).local(node).build()), last }
    }

    /// The law of the daemon: what the table refuses is 400 and asks nobody; all else asks the node what was meant.
    pub(crate) fn check_law(&self, query: &str) {
        let mut url = Url::parse("http://localhost").unwrap();
        url.set_path(MATRIX_PATH);
        url.set_query(Some(query));
        let understood = read_slowly(url.query().unwrap_or_default());
        let mut response: Response = task::block_on(self.app.respond(Request::new(Method::Get, url))).unwrap();
        let asked = self.last.lock().unwrap().take();
        assert_eq!(asked, understood.map(|query| query.as_asked()), "{query:?}");
        let body: Value = serde_json::from_slice(&task::block_on(response.body_bytes()).unwrap()).unwrap();
        let (status, word) = match understood {
            Some(query) => (200, ("series", query.series.as_str())),
            None => (400, ("error", "invalid_query")),
        };
        assert_eq!((response.status() as u16, &body[word.0]), (status, &json!(word.1)), "{query:?}: {body}");
    }
}

struct Node(Arc<Mutex<Option<NodeQuery>>>);

#[async_trait]
impl LocalSource for Node {
    fn name(&self) -> &'static str {
        "node"
    }

    async fn matrix(&self, query: &NodeQuery, _: &Caller, _: Deadline) -> Result<LocalMatrix, Failure> {
        assert_eq!(self.0.lock().unwrap().replace(*query), None, "asked twice");
        let (column_unix_ms, rows) = (Vec::new(), Vec::new());
        let matrix = Matrix { series: query.series, column_unix_ms, rows, generated_at: None, fanout_expected: None };
        Ok(LocalMatrix::Decoded(matrix))
    }

    async fn cluster(&self, _: &Caller, _: Deadline) -> Result<Value, Failure> {
        Ok(json!({"node_id": "node"}))
    }
}
