//! The daemon, in a process of its own: this program started again.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use async_std::{net::TcpListener, task};
use keyviz_fanout::{
    Config, Service, app,
    config::{AuthMode, Step},
    http::{ServeOptions, serve},
};

/// The variable that makes this program the daemon: the nodes, separated by commas.
pub(crate) const PEERS: &str = "KEYVIZ_BENCH_PEERS";

pub(crate) struct Daemon {
    process: Child,
    address: SocketAddr,
}

impl Daemon {
    pub(crate) fn start(peers: &[SocketAddr]) -> Self {
        let peers: Vec<_> = peers.iter().map(ToString::to_string).collect();
        let mut process = Command::new(env::current_exe().unwrap())
            .env(PEERS, peers.join(","))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { process, address: address.trim().parse().unwrap() }
    }

    /// The response with the merged matrix.
    pub(crate) fn matrix(&self) -> Vec<u8> {
        super::get(self.address)
    }

    /// The most memory that the process ever held.
    pub(crate) fn peak_memory_kb(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Is the daemon until it is killed.
pub(crate) fn run(peers: &str) {
    let mut config = Config::default();
    config.fanout.peers = peers.split(',').map(|peer| peer.parse().unwrap()).collect();
    config.fanout.timeout = Duration::from_mins(1);
    config.merge.step = Step::Off;
    config.auth.mode = AuthMode::None;
    task::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        println!("{address}");
        std::io::stdout().flush().unwrap();
        let service = Service::builder(config).listens_on(address).build();
        serve(listener, app(service), ServeOptions::default, std::future::pending()).await;
    });
}
