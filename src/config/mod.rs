//! The configuration: one TOML file, checked whole before anything uses it, then immutable (SPEC §5).
//!
//! [`discover()`] finds the file, [`load()`] turns its text into a [`Loaded`] or into every [`Problem`] in it, and
//! [`open()`] does both. A request takes one [`Config`] and keeps it to its end, so an edit never changes a request in
//! flight.
//!
//! The way of a text: `document` (TOML, each key alone) → `rules` (keys together) → [`Config`]. Every
//! key is stated once, in [`KEYS`]; every default once, in the `Default` of its section.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use url::Url;

mod address;
mod changes;
mod discover;
mod document;
mod effective;
mod file;
mod keys;
mod kind;
mod load;
mod mixture;
mod named;
mod permissions;
mod problem;
mod reading;
mod rules;
mod socket;
mod suggest;
mod syntax;
mod text;

pub(crate) use self::socket::control_socket_in;
pub use self::{
    address::NotAnAddress,
    changes::{Change, changes},
    discover::{Found, FoundBy, NotFound, discover},
    effective::{effective, effective_toml},
    file::{OpenError, ReadError, Source, open},
    keys::{KEYS, Key, Reload},
    load::{Loaded, Origin, load},
    mixture::Pending,
    named::NamedFiles,
    problem::Problem,
    reading::Opened,
};

pub(crate) use self::{
    effective::{Effective, of_each_key},
    file::{Pipes, is_open_to_others, open_alone, open_found, read, read_secret},
    mixture::over_running,
    named::beside,
    reading::{Fingerprint, Reading},
};
pub(crate) use self::{
    kind::{SOCKET_PATH_MAX, parse_filter},
    text::quote,
};

/// The checked configuration, every key of SPEC §5. `Config::default()` is what an empty file means, except that an
/// empty file asks nobody and is therefore refused.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Config {
    /// `[server]`: where and to whom this daemon answers.
    pub server: Server,
    /// `[local]`: the node on this host.
    pub local: Local,
    /// `[fanout]`: who is asked, and the limits of asking.
    pub fanout: Fanout,
    /// `[merge]`: how answers become one.
    pub merge: Merge,
    /// `[auth]`: who may read.
    pub auth: Auth,
    /// `[tls]`: trust towards `https://` peers.
    pub tls: Tls,
    /// `[log]`: what is logged.
    pub log: Log,
}

/// `[server]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Address to listen on; port 0 takes a free one. Restart only.
    pub listen: SocketAddr,
    /// Unix socket for `reload` and `status`. Restart only.
    pub control_socket: Option<PathBuf>,
    /// PEM certificate chain; with `tls_key_file` serves HTTPS.
    pub tls_cert_file: Option<PathBuf>,
    /// PEM private key.
    pub tls_key_file: Option<PathBuf>,
    /// Plain HTTP, or no authorization, beyond loopback.
    pub allow_insecure: bool,
    /// Bearer token that opens `/metrics`.
    pub metrics_token_file: Option<PathBuf>,
    /// Host names answered besides this host's own.
    pub allowed_hosts: Vec<String>,
    /// Most connections open at once.
    pub max_connections: usize,
    /// Time to drain on SIGTERM.
    pub shutdown_grace: Duration,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8090)),
            control_socket: None,
            tls_cert_file: None,
            tls_key_file: None,
            allow_insecure: false,
            metrics_token_file: None,
            allowed_hosts: Vec::new(),
            max_connections: 1024,
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

/// `[local]`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Local {
    /// Where the local matrix comes from; `None` when there is no node on this host (`local.source = "none"`).
    pub node: Option<LocalNode>,
    /// `local.url` and `local.name` beside `local.source = "none"`.
    pub idle: IdleNode,
}

/// What the file says of a node that is not used: nothing comes of it, and it is shown as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct IdleNode {
    /// `local.url`.
    pub url: Option<Url>,
    /// `local.name`.
    pub name: String,
}

/// A node on this host, reached over HTTP (`local.source = "http"`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalNode {
    /// Its admin address: scheme, host and port alone.
    pub url: Url,
    /// Its name in the answer: `local.name`, or host:port of `url`.
    pub name: String,
}

/// `[fanout]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fanout {
    /// The nodes to ask, in the file's order.
    pub peers: Vec<PeerEntry>,
    /// One deadline over everything for a peer.
    pub timeout: Duration,
    /// Bound on name lookup and connect within it.
    pub connect_timeout: Duration,
    /// Most bytes read of one response body.
    pub body_cap: u64,
    /// Most bytes of bodies in flight together.
    pub memory_budget: u64,
    /// Most merged rows × columns.
    pub max_cells: u64,
    /// Most calls in flight in one request.
    pub max_concurrent: usize,
    /// `rows` asked of every node.
    pub row_limit: u32,
    /// Failures in a row that open a peer's breaker; 0 never opens it.
    pub breaker_failures: u32,
}

impl Default for Fanout {
    fn default() -> Self {
        Self {
            peers: Vec::new(),
            timeout: Duration::from_secs(2),
            connect_timeout: Duration::from_millis(500),
            body_cap: 64 << 20,
            memory_budget: 512 << 20,
            max_cells: 32 << 20,
            max_concurrent: 64,
            row_limit: 1024,
            breaker_failures: 3,
        }
    }
}

/// One entry of `fanout.peers`; `"10.0.0.1:8080".parse()` makes one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PeerEntry {
    /// As written in the file.
    pub entry: String,
    /// Scheme, host and port alone.
    pub url: Url,
}

/// `[merge]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Merge {
    /// Width of a merged column.
    pub step: Step,
    /// What makes windows of two nodes the same window.
    pub dedupe: Dedupe,
}

/// Width of a merged column (SPEC §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Step {
    /// The median of the nodes' own steps.
    #[default]
    Auto,
    /// Columns are the union of the exact timestamps.
    Off,
    /// This many milliseconds, 100 … 3,600,000.
    Millis(i64),
}

/// What makes windows of two nodes the same window (SPEC §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Dedupe {
    /// The exact timestamp.
    #[default]
    Window,
    /// The slot on the node's grid.
    Slot,
}

/// `[auth]`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Auth {
    /// Who may read, and as whom nodes are called.
    pub mode: AuthMode,
    /// The cluster's session key.
    pub signing_key_file: Option<PathBuf>,
    /// A key that still verifies.
    pub previous_key_file: Option<PathBuf>,
}

/// Who may read (SPEC §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AuthMode {
    /// The caller's session goes to the nodes; they decide.
    #[default]
    Forward,
    /// Sessions are verified here, nodes are called with one of our own.
    Mint,
    /// Anyone who reaches the port.
    None,
}

/// `[tls]`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tls {
    /// Extra roots for `https://` peers.
    pub ca_file: Option<PathBuf>,
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// `env_logger` filter; `RUST_LOG` wins.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".into() }
    }
}

#[cfg(test)]
mod tests;
