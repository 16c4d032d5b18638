//! The definitions of all commands and options; the comments on them are the help that a terminal shows.
#![expect(clippy::doc_markdown, reason = "the help is read in a terminal, as it stands")]

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use super::time::Moment;
use crate::matrix::Series;

/// Cluster-wide key visualizer for elastickv: asks every node, merges strictly, says what is missing.
#[derive(Debug, Parser)]
#[command(name = "keyviz-fanout", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(super) struct Cli {
    /// Without one: run
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// The configuration file [default: $KEYVIZ_FANOUT_CONFIG, else the first that exists of
    /// $XDG_CONFIG_HOME/keyviz-fanout/config.toml (~/.config/…) and /etc/keyviz-fanout/config.toml]
    #[arg(long, global = true, value_name = "PATH", value_hint = ValueHint::FilePath, display_order = 100)]
    pub(super) config: Option<PathBuf>,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   failed; check: the file has problems; peers: a node did not answer;
      reload: the file was refused; reload, status: no daemon answered
  2   wrong usage, or a file that can't be read
  78  run: a configuration that does not start";

const QUERY_EXAMPLES: &str = "\
Examples:
  keyviz-fanout query --format heatmap --from 1h
  keyviz-fanout query --series reads --rows 20 --session @session.txt
  keyviz-fanout query --format csv --from 2026-11-23T03:00:00Z --to 2026-11-23T04:00:00Z > night.csv";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve until SIGTERM or Ctrl-C (the default)
    Run,
    /// Print every problem of a configuration file, one a line, as path:line:column: key: message
    Check(CheckArgs),
    /// Serve a simulated cluster: no node and no file needed
    Demo(DemoArgs),
    /// Show the cluster's matrix in the terminal
    Query(QueryArgs),
    /// Ask each peer once: who answers, how fast, what is wrong
    Peers(PeersArgs),
    /// Have the daemon read its file again, wait, and say what changed or why the file is refused
    Reload(ControlArgs),
    /// Say how the daemon does: its configuration, its last reload, its peers, and what is wrong
    Status(ControlArgs),
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The file [default: the one that run would take]
    #[arg(value_hint = ValueHint::FilePath)]
    pub(super) path: Option<PathBuf>,
    /// Report as one JSON object, for machines
    #[arg(long)]
    pub(super) json: bool,
    /// Print every key of a valid file with its value and where that is from
    #[arg(long)]
    pub(super) print: bool,
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// How many nodes to simulate, 1 to 64
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
    /// A file with the value of the admin_session cookie [default: the value in $KEYVIZ_SESSION, else one made with
    /// auth.signing_key_file where that may be read]
    #[arg(long, value_name = "@FILE")]
    pub(super) session: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = QUERY_EXAMPLES)]
pub(super) struct QueryArgs {
    /// The daemon [default: server.listen of the configuration file, else http://127.0.0.1:8090]
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,
    #[command(flatten)]
    pub(super) session: SessionArgs,
    /// What to count: reads, writes, read_bytes or write_bytes
    #[arg(long, value_name = "SERIES", default_value_t = Series::Writes)]
    pub(super) series: Series,
    /// At most this many rows, the hottest, 1 to 1024 [default: 1024]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(super) rows: Option<u32>,
    /// Start: 15m (ago), 2026-11-23T03:00:00Z, or Unix milliseconds [default: all that the nodes keep]
    #[arg(long, value_name = "TIME")]
    pub(super) from: Option<Moment>,
    /// End, written as --from is [default: now]
    #[arg(long, value_name = "TIME")]
    pub(super) to: Option<Moment>,
    /// How long to wait for the answer, such as 30s; more than the daemon's own fanout.timeout
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = humantime::parse_duration)]
    pub(super) timeout: Duration,
    /// table: the hottest rows; heatmap: the picture; csv: a line per cell that is not 0; json: the answer as it came
    #[arg(long, value_name = "FORMAT", value_enum, hide_possible_values = true, default_value_t = Format::Table)]
    pub(super) format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Table,
    Heatmap,
    Csv,
    Json,
}

#[derive(Debug, Args)]
pub(super) struct PeersArgs {
    #[command(flatten)]
    pub(super) session: SessionArgs,
}

#[derive(Debug, Args)]
pub(super) struct ControlArgs {
    /// The daemon's control socket [default: server.control_socket of the configuration file, else
    /// /run/keyviz-fanout/control.sock]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(super) socket: Option<PathBuf>,
    /// Print the daemon's answer as one JSON object, for machines
    #[arg(long)]
    pub(super) json: bool,
}
