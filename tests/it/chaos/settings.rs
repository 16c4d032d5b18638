//! The configurations that the daemon is given, one an edit, each with a number that its log tells.

use std::{fmt::Write, net::SocketAddr, time::Duration};

use fastrand::Rng;
use keyviz_fanout::{
    config::{Dedupe, Step},
    merge::Options,
};

use crate::running::HEAD;

/// An entry that can't be connected to: the broadcast address.
const NOWHERE: &str = "255.255.255.255:9";

/// This node is the local one, where there is one.
const LOCAL: usize = 0;

/// This node may be listed twice.
const TWICE: usize = 1;

/// The number of a configuration, in milliseconds, is what its `server.shutdown_grace` is over this.
const GRACE: Duration = Duration::from_secs(10);

/// What the test knows of a configuration.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) number: u64,
    pub(super) peers: Vec<Entry>,
    pub(super) local: Option<Entry>,
    pub(super) timeout: Duration,
    connect_timeout: Duration,
    pub(super) body_cap: u64,
    memory_budget: u64,
    pub(super) max_cells: u64,
    max_concurrent: usize,
    pub(super) row_limit: usize,
    breaker_failures: u32,
    pub(super) step: Step,
    pub(super) dedupe: Dedupe,
    /// Whether the caller's session goes to the nodes; else nobody's does.
    pub(super) forwards: bool,
}

/// A line of `fanout.nodes`, or of the file.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    /// Who is behind it; nobody behind [`NOWHERE`].
    pub(super) node: Option<usize>,
}

impl Settings {
    /// Everybody is asked, and has time.
    pub(super) fn calm(number: u64, addresses: &[SocketAddr]) -> Self {
        let entries = addresses.iter().enumerate().map(|(node, at)| Entry { name: at.to_string(), node: Some(node) });
        let peers: Vec<_> = entries.collect();
        Self {
            number,
            local: Some(peers[LOCAL].clone()),
            peers,
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            body_cap: 1 << 20,
            memory_budget: 64 << 20,
            max_cells: 1 << 20,
            max_concurrent: 64,
            row_limit: 1024,
            breaker_failures: 3,
            step: Step::Auto,
            dedupe: Dedupe::Window,
            forwards: true,
        }
    }

    /// Anything.
    pub(super) fn any(number: u64, addresses: &[SocketAddr], rng: &mut Rng) -> Self {
        let calm = Self::calm(number, addresses);
        let timeout = Duration::from_millis(rng.u64(150..900));
        let body_cap = pick(rng, &[2 << 10, 8 << 10, 64 << 10, 512 << 10]);
        let step = Step::Millis(pick(rng, &[100, 137, 250, 1000, 60_000]));
        Self {
            peers: any_peers(calm.peers.clone(), rng),
            local: calm.local.clone().filter(|_| rng.u8(0..10) < 7),
            timeout,
            connect_timeout: timeout.min(Duration::from_millis(rng.u64(50..400))),
            body_cap,
            memory_budget: pick(rng, &[body_cap, 2 * body_cap, 8 << 20]),
            max_cells: pick(rng, &[1024, 2048, 1 << 20, 1 << 20]),
            max_concurrent: pick(rng, &[2, 5, 64, 64, 64]),
            row_limit: pick(rng, &[1, 3, 1000, 1024]),
            breaker_failures: pick(rng, &[0, 1, 3, 3, 5]),
            step: pick(rng, &[Step::Auto, Step::Auto, Step::Off, step]),
            dedupe: pick(rng, &[Dedupe::Window, Dedupe::Slot]),
            forwards: rng.u8(0..10) < 8,
            ..calm
        }
    }

    /// The whole file. What tells its number comes last: half a file has none.
    pub(super) fn text(&self) -> String {
        let Self { connect_timeout, body_cap, memory_budget, max_cells, max_concurrent, row_limit, .. } = self;
        let peers: Vec<&str> = self.peers.iter().map(|entry| &*entry.name).collect();
        let mut text = format!("{HEAD}auth.mode = '{}'\n", if self.forwards { "forward" } else { "none" });
        if let Some(Entry { name, .. }) = &self.local {
            let _ = writeln!(text, "local.source = 'http'\nlocal.url = 'http://{name}'");
        }
        let step = match self.step {
            Step::Auto => "auto".into(),
            Step::Off => "off".into(),
            Step::Millis(step) => format!("{step}ms"),
        };
        let dedupe = if self.dedupe == Dedupe::Window { "window" } else { "slot" };
        let _ = write!(
            text,
            "fanout.peers = {peers:?}\nfanout.timeout = '{:?}'\nfanout.connect_timeout = '{connect_timeout:?}'\n\
             fanout.body_cap = '{body_cap}B'\nfanout.memory_budget = '{memory_budget}B'\nfanout.max_cells = {max_cells}\n\
             fanout.max_concurrent = {max_concurrent}\nfanout.row_limit = {row_limit}\n\
             fanout.breaker_failures = {}\nmerge.step = '{step}'\nmerge.dedupe = '{dedupe}'\n\
             server.shutdown_grace = '{}ms'\n",
            self.timeout,
            self.breaker_failures,
            GRACE.as_millis() + u128::from(self.number)
        );
        text
    }

    pub(super) fn merge(&self, from: Option<i64>, to: Option<i64>, rows: usize) -> Options {
        let Self { step, dedupe, max_cells, .. } = *self;
        Options { step, dedupe, from_unix_ms: from, to_unix_ms: to, rows, max_cells }
    }
}

/// The number of the configuration whose `server.shutdown_grace` is this, if it is one of these.
pub(super) fn number_of(grace: &str) -> Option<u64> {
    let over = humantime::parse_duration(grace).ok()?.checked_sub(GRACE)?;
    u64::try_from(over.as_millis()).ok().filter(|&number| number > 0)
}

/// Some are missing, one may be listed twice, one may lead nowhere, and the order is any.
fn any_peers(mut peers: Vec<Entry>, rng: &mut Rng) -> Vec<Entry> {
    let again = Entry { name: format!("http://{}", peers[TWICE].name), node: Some(TWICE) };
    peers.retain(|_| rng.u8(0..10) < 9);
    if rng.bool() {
        peers.push(again);
    }
    if rng.u8(0..3) == 0 {
        peers.push(Entry { name: NOWHERE.into(), node: None });
    }
    if rng.bool() {
        rng.shuffle(&mut peers);
    }
    peers
}

fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(..from.len())]
}
