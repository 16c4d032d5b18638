//! Black-box tests, one module per area; over real sockets on loopback where there is a wire.

mod codec;
mod config;
mod daemon;
mod demo;
mod embedded;
mod fanout_decode;
mod fanout_faults;
mod fanout_redaction;
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
mod stub;
mod support;
mod views;
