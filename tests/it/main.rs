//! Black-box tests, one module per area; over real sockets on loopback where there is a wire.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test's helper fails the test; clippy knows tests by their attribute alone"
)]

mod cli;
mod codec;
mod config;
mod demo;
mod embedded;
mod http_client;
mod http_server;
mod merge_cells;
mod merge_columns;
mod merge_fixtures;
mod merge_properties;
mod merge_rows;
mod merge_strategies;
mod merge_support;
mod oracle;
mod readme;
mod support;
mod views;
