use std::io::{self, Write};

use async_std::task;

use super::{
    Ended, FAILED,
    args::DemoArgs,
    daemon::{Daemon, take_signals},
    logging,
};
use crate::{
    config::{AuthMode, Config, NotAnAddress, PeerEntry},
    demo::{Cluster, Options},
};

/// `keyviz-fanout demo`: a simulated cluster and the daemon over it, in one process.
pub(super) fn demo(args: &DemoArgs) -> Result<u8, Ended> {
    logging::start(&std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".into()));
    let signals = take_signals()?;
    let options = Options { nodes: args.nodes.into(), seed: args.seed, ..Options::default() };
    let cluster = Cluster::start(options).map_err(|error| Ended::new(FAILED, format!("start a node: {error}")))?;
    let config = configuration(args, &cluster).map_err(|error| Ended::new(FAILED, error))?;
    task::block_on(async {
        let daemon = Daemon::bind(config.into(), signals, None).await?;
        introduce(&daemon, &cluster)?;
        Ok(daemon.serve().await)
    })
}

/// The simulated nodes as peers, open to whoever reaches the port, which is on loopback unless `--listen` says
/// otherwise.
fn configuration(args: &DemoArgs, cluster: &Cluster) -> Result<Config, NotAnAddress> {
    let peers = cluster.addresses().into_iter().map(|address| address.to_string().parse::<PeerEntry>());
    let mut config = Config::default();
    config.server.listen = args.listen;
    config.server.allow_insecure = true;
    config.fanout.peers = peers.collect::<Result<_, _>>()?;
    config.auth.mode = AuthMode::None;
    Ok(config)
}

fn introduce(daemon: &Daemon, cluster: &Cluster) -> io::Result<()> {
    let url = format!("http://{}", daemon.address);
    let nodes: Vec<String> = cluster.addresses().iter().map(ToString::to_string).collect();
    let mut out = io::stdout().lock();
    writeln!(out, "A simulated cluster of {} nodes: {}", nodes.len(), nodes.join(" "))?;
    writeln!(out, "Ten minutes of history are there already; one node goes down now and then.")?;
    writeln!(out)?;
    writeln!(out, "Open   {url}/admin/keyviz/")?;
    writeln!(out, "       {url}/admin/api/v1/keyviz/matrix")?;
    writeln!(out, "       {url}/admin/api/v1/keyviz/config")?;
    writeln!(out)?;
    writeln!(out, "Try    keyviz-fanout query --url {url} --format heatmap")?;
    writeln!(out, "       keyviz-fanout query --url {url} --series reads --from 1m")?;
    writeln!(out)?;
    writeln!(out, "Ctrl-C ends it.")?;
    out.flush()
}
