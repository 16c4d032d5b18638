//! Black-box tests, over real sockets on loopback where there is a wire.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test fails the test")]

mod http_client;
mod http_server;
