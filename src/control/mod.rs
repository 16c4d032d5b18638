//! The control socket: a Unix stream socket over which `reload` and `status` reach the daemon (SPEC §8).
//!
//! A client sends one line, `{"command":"reload"}` or `{"command":"status"}`; the daemon answers with one JSON document
//! and closes. A request that it could not take is answered `{"error":"…"}`. The socket's permissions decide who may
//! ask: its owner and its group.

mod client;
mod server;

use serde::{Deserialize, Serialize};

pub(crate) use client::ask;
pub(crate) use server::{BindError, ControlSocket};

/// What a client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Command {
    /// Read the file again and apply it.
    Reload,
    /// Say how things stand.
    Status,
}

/// The line that a client sends.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    command: Command,
}

#[cfg(test)]
mod tests;
