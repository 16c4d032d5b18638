//! Black-box tests, one module per area; over real sockets on loopback where there is a wire.

mod codec;
mod http_client;
mod http_server;
