//! Black-box tests, one module per area; over real sockets on loopback where there is a wire.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that can't go on has failed")]

mod cli;
mod codec;
mod config;
mod config_oracle;
mod config_properties;
mod control_commands;
mod daemon;
mod demo;
mod embedded;
mod fanout_auth;
mod fanout_breaker;
mod fanout_calls;
mod fanout_decode;
mod fanout_faults;
mod fanout_guard;
mod fanout_log;
mod fanout_redaction;
mod fanout_self;
mod fanout_sharing;
mod fanout_warnings;
mod http_client;
mod http_server;
mod interface;
mod logs;
mod membership;
mod merge_cells;
mod merge_columns;
mod merge_fixtures;
mod merge_properties;
mod merge_rows;
mod merge_strategies;
mod merge_support;
mod mint;
mod network;
mod oracle;
mod readme;
mod reload;
mod running;
mod stub;
mod support;
mod tls;
mod view_status;
mod view_verdict;
mod views;
