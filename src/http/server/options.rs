use std::{sync::Arc, time::Duration};

use futures_rustls::rustls::ServerConfig;

use super::Tally;

/// What the accept loop asks for at each connection, and each refusal, so that it can change while serving.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Most connections open at once. At one more, the one that has waited longest for a request makes way, if that is a
    /// second at least; if there is none, the newcomer is answered 503 and closed.
    pub max_connections: usize,
    /// What to change for more of them, as refusals and the log name it.
    pub limited_by: &'static str,
    /// Most connections over the limit that are being refused at once; the one that has waited longest makes way.
    pub max_refused: usize,
    /// Paths that the app answers to GET and HEAD even over the limit, once per connection.
    pub always_answered: &'static [&'static str],
    /// Time for a request's head to arrive, and for a connection to stay idle.
    pub header_timeout: Duration,
    /// Time a client may leave what was written unread, and may be behind 16 KiB/s, before its connection is dropped.
    pub write_timeout: Duration,
    /// Time for connections to finish once shutdown began.
    pub grace: Duration,
    /// With it, a connection begins with TLS, in [`ServeOptions::header_timeout`]; one in the clear is answered 400.
    pub tls: Option<Arc<ServerConfig>>,
    /// Headers, as name and value, of the answers that don't come from the app: refusals and handlers that panicked.
    pub refusal_headers: Vec<(&'static str, String)>,
    /// Where connections are counted.
    pub tally: Arc<Tally>,
}

impl Default for ServeOptions {
    /// The limits of SPEC §5 where it has them.
    fn default() -> Self {
        Self {
            max_connections: 1024,
            limited_by: "server.max_connections",
            max_refused: 64,
            always_answered: &[],
            header_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            grace: Duration::from_secs(10),
            tls: None,
            refusal_headers: Vec::new(),
            tally: Arc::default(),
        }
    }
}
