//! hyper 1 under tide ([`serve`]) and under surf ([`HyperClient`]), and rustls under both ([`Identity`], [`Trust`]): the
//! wire, and nothing of matrices.
//!
//! tide and surf speak `http_types`; the sockets, the parsing and the framing are hyper's. Bodies stream both ways,
//! so that neither side holds more than a frame of them.

mod body;
mod client;
mod headers;
mod server;
mod stream;
mod tls;

pub use futures_rustls::rustls;

pub use client::{ConnectTimeout, HyperClient, SentStatus, WireError, WireErrorKind};
pub use server::{Count, ServeOptions, Tally, serve};
pub use tls::{Identity, IdentityError, NotRoots, Trust};
