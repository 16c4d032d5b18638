//! keyviz-fanout: the cluster-wide key visualizer of elastickv, as a library.
//!
//! # Layout
//! | module | what |
//! |---|---|
//! | [`matrix`] | one node's matrix and its codec; pure |
//! | [`mod@merge`] | matrices → the cluster's matrix, with findings; pure |
//! | [`config`] | the configuration file, checked; where it was found |
//! | [`peers`] | who the peers are, and what is remembered of each |
//! | [`fanout`] | asks all nodes within one deadline and merges the answers |
//! | [`http`] | hyper under tide and under surf |
//! | [`api`] | the HTTP interface as a tide app, to serve or to mount |
//! | [`demo`] | a simulated cluster |
//! | [`cli`] | the commands of the binary |

pub mod api;
pub mod cli;
pub mod config;
pub mod demo;
pub mod fanout;
pub mod http;
pub mod matrix;
pub mod merge;
pub mod metrics;
pub mod peers;
