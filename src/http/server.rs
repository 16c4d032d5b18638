use std::time::Duration;

/// What the accept loop asks for at each connection, so that it can change while serving.
#[derive(Clone, Copy, Debug)]
pub struct ServeOptions {
    /// Most connections open at once; one more is answered 503 and closed.
    pub max_connections: usize,
    /// Time for a request's head to arrive.
    pub header_timeout: Duration,
    /// Time for connections to finish once shutdown began.
    pub grace: Duration,
}
