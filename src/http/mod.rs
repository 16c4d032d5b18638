//! hyper 1 under tide  and under surf ([`HyperClient`]): the wire, and nothing of matrices.

mod client;
mod server;

pub use client::{ConnectTimeout, HyperClient, WireError, WireErrorKind};
pub use server::ServeOptions;
