//! What callers ask.

use std::fmt;

use fastrand::Rng;
use keyviz_fanout::{fanout::MATRIX_PATH, matrix::Series};

/// The callers' sessions, which must come back nowhere; the letters are found in no other text.
pub(super) const SESSIONS: [&str; 3] = [
    "Q7wZx0vK3jUyB5hN9pXcJq2dVgQfYz8RkTbWm4Xs",
    "zV4kJqX8bYwHu1GdQx6NfZpKc0WjT3vRy7BmXhQa",
    "Yx2QjKzW9uVbH5qXpNdG7wJfZ0cTk8RyBv3MhXzU",
];

#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) series: Series,
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
    pub(super) rows: usize,
    pub(super) require_all: bool,
    pub(super) identity: bool,
    session: &'static str,
}

impl Question {
    /// What everybody asks, so that fan-outs are shared.
    pub(super) const COMMON: Self = Self {
        series: Series::Writes,
        from: None,
        to: None,
        rows: 1024,
        require_all: false,
        identity: true,
        session: SESSIONS[0],
    };

    pub(super) fn any(rng: &mut Rng) -> Self {
        if rng.u8(0..3) == 0 {
            return Self::COMMON;
        }
        // 0 is unbounded.
        let bound = |rng: &mut Rng| rng.bool().then(|| rng.i64(-50..2000)).filter(|&at| at != 0);
        let (mut from, mut to) = (bound(rng), bound(rng));
        if from > to && to.is_some() {
            (from, to) = (to, from);
        }
        Self {
            series: Series::ALL[rng.usize(..4)],
            from,
            to,
            rows: [1, 3, 1024][rng.usize(..3)],
            require_all: rng.u8(0..4) == 0,
            identity: rng.u8(0..3) > 0,
            session: SESSIONS[rng.usize(..SESSIONS.len())],
        }
    }

    pub(super) fn target(&self) -> String {
        let Self { series, rows, require_all, identity, .. } = self;
        let bound = |name: &str, at: Option<i64>| at.map_or_else(String::new, |at| format!("&{name}={at}"));
        let (from, to) = (bound("from_unix_ms", self.from), bound("to_unix_ms", self.to));
        let require = if *require_all { "all" } else { "any" };
        format!("{MATRIX_PATH}?series={series}&rows={rows}&identity={identity}&require={require}{from}{to}")
    }

    /// The header of the caller, with cookies that are nobody's business here.
    pub(super) fn headers(&self) -> String {
        format!("Cookie: theme=dark; {}; admin_sessions=another\r\n", self.cookie())
    }

    /// What the nodes are shown of that.
    pub(super) fn cookie(&self) -> String {
        format!("admin_session={}", self.session)
    }

    /// What questions have in common that may share one fan-out; their sessions too, where nodes are shown them.
    pub(super) fn shared(&self, forwards: bool) -> String {
        let session = if forwards { self.session } else { "" };
        Self { require_all: false, session, ..self.clone() }.to_string()
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.target(), self.session)
    }
}
