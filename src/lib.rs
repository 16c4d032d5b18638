//! keyviz-fanout: the cluster-wide key visualizer of elastickv, as a library.
//!
//! A node samples its own traffic as a matrix, key range × time. This crate asks all nodes of a cluster for theirs at
//! once, merges the answers strictly, says which are missing, and serves the result as a tide app. The binary
//! `keyviz-fanout` is a thin shell around it; a node written on tide mounts the same app into its own:
//!
//! ```
//! use keyviz_fanout::{Config, LocalSource, Service, config::NotAnAddress, mount};
//!
//! /// `sampler` is the node's own share of the matrix, asked in process.
//! fn add_keyviz(node: &mut tide::Server<()>, sampler: impl LocalSource) -> Result<(), NotAnAddress> {
//!     let mut config = Config::default();
//!     config.fanout.peers = vec!["10.0.0.2:8080".parse()?, "10.0.0.3:8080".parse()?];
//!     mount(node, Service::builder(config).local(sampler).build());
//!     Ok(())
//! }
//! ```
//!
//! `examples/embedded.rs` is such a node, whole.
//!
//! # Layout
//! | module | what |
//! |---|---|
//! | [`matrix`] | one node's matrix and its codec; pure |
//! | [`mod@merge`] | matrices → the cluster's matrix, with findings; pure |
//! | [`config`] | the configuration file, checked; where it was found |
//! | [`session`] | the cluster's sessions, verified and made |
//! | `watch`, `reload` | the file is followed; an edit is applied whole or not at all |
//! | `control` | the socket of the commands `reload` and `status` |
//! | [`peers`] | who the peers are, and what is remembered of each |
//! | [`fanout`] | asks all nodes within one deadline and merges the answers |
//! | [`http`] | hyper under tide and under surf, TLS under both |
//! | [`api`] | the HTTP interface as a tide app, to serve or to mount |
//! | [`metrics`] | what is counted, for Prometheus |
//! | `descriptors` | how the files that may be open are shared out |
//! | [`demo`] | a simulated cluster |
//! | `words` | closed sets of words on the wire |
//! | [`cli`] | the commands of the binary |
//!
//! Dependencies point downwards only: `cli` → {`reload`, `control`} → `api` → `fanout` → {`peers`, `http`, `merge`} →
//! `matrix`; `config`, `session` and `watch` are used by those who need them and use none.
//!
//! # Invariants
//! - A request takes one [`fanout::Snapshot`] (configuration, peers, generation) and keeps it to its end.
//! - A node's answer is checked whole before any of it is merged, and each node is counted once.
//! - The merge depends on the order of its inputs and on their data: never on arrival, hashing or the clock.
//! - Credentials live in a [`fanout::Caller`] and leave it only as a `Cookie` header; they are taken out of every text
//!   that came from a peer before it is kept.
//! - Nothing that a peer or a client sends makes the process panic, and no peer delays an answer past its deadline.

pub mod api;
pub mod cli;
pub mod config;
mod control;
pub mod demo;
mod descriptors;
pub mod fanout;

mod flights;
pub mod http;
mod lookup;
pub mod matrix;
pub mod merge;
pub mod metrics;
pub mod peers;
mod reload;
pub mod session;
mod text;
mod watch;
mod words;

pub use api::{Service, app, mount};
pub use config::Config;
pub use fanout::{Fanout, LocalMatrix, LocalSource};
pub use peers::Membership;
