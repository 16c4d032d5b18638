//! Black-box tests, over real sockets on loopback where there is a wire.

mod http_client;
mod http_server;
