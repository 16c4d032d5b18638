//! Black-box tests, one module per area, in one binary; over real sockets on loopback where there is a wire.

mod codec;
mod demo;
mod http_client;
mod http_server;
mod merge_properties;
mod merge_strategies;
mod oracle;
mod views;
