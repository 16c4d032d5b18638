#![expect(clippy::doc_markdown, reason = "the help is read in a terminal, as it stands")]

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::time::Moment;
use crate::matrix::Series;

/// Cluster-wide key visualizer for elastickv: asks every node, merges strictly, says what is missing.
#[derive(Debug, Parser)]
#[command(
    name = "keyviz-fanout",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 failed, \
    2 wrong usage or unreadable file, 78 a configuration that does not start."
)]
pub(super) struct Cli {
    /// Without one: run
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// The configuration file [default: $KEYVIZ_FANOUT_CONFIG, else the first of
    /// $XDG_CONFIG_HOME/keyviz-fanout/config.toml and /etc/keyviz-fanout/config.toml that exists]
    #[arg(long, global = true, value_name = "PATH")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve until SIGTERM or Ctrl-C (the default)
    Run,
    /// Print every problem of a configuration file, one a line
    Check(CheckArgs),
    /// Serve a simulated cluster: no node and no file needed
    Demo(DemoArgs),
    /// Show the cluster's matrix in the terminal
    Query(QueryArgs),
    /// Ask each peer once: who answers, how fast, what is wrong
    Peers(PeersArgs),
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The file [default: the one the daemon would use]
    pub(super) path: Option<PathBuf>,
    /// For machines
    #[arg(long)]
    pub(super) json: bool,
    /// Print the effective file, with the origin of each value
    #[arg(long)]
    pub(super) print: bool,
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Simulated nodes
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(super) nodes: u16,
    /// Where to serve; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    pub(super) listen: SocketAddr,
    /// The same seed makes the same traffic
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
}

/// A session for nodes that ask for one.
#[derive(Debug, Args)]
pub(super) struct SessionArgs {
    /// File with the value of the admin_session cookie, as @FILE [default: $KEYVIZ_SESSION, the value itself]
    #[arg(long, value_name = "@FILE")]
    pub(super) session: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct QueryArgs {
    /// The daemon [default: server.listen of the configuration file, else http://127.0.0.1:8090]
    #[arg(long)]
    pub(super) url: Option<String>,
    #[command(flatten)]
    pub(super) session: SessionArgs,
    /// reads, writes, read_bytes or write_bytes
    #[arg(long, default_value_t = Series::Writes)]
    pub(super) series: Series,
    /// Most rows, the hottest stay
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(super) rows: Option<u32>,
    /// Start: 15m (ago), 2026-11-23T03:00:00Z, or Unix milliseconds
    #[arg(long, value_name = "TIME")]
    pub(super) from: Option<Moment>,
    /// End, as for --from
    #[arg(long, value_name = "TIME")]
    pub(super) to: Option<Moment>,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// The hottest rows
    Table,
    /// The answer as it came
    Json,
    /// A line per cell, for a spreadsheet
    Csv,
    /// The picture
    Heatmap,
}

#[derive(Debug, Args)]
pub(super) struct PeersArgs {
    #[command(flatten)]
    pub(super) session: SessionArgs,
}
