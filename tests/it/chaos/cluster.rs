//! All simulated nodes, and the hand that changes their moods, stops them and starts them again.

use std::{
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;

use super::{
    behaviour::Behaviour,
    ledger::Ledger,
    node::{Mood, Naming, Node},
};

const NODES: usize = 20;

pub(super) struct Cluster {
    nodes: Vec<Node>,
    /// What each node's next changes are drawn from, so that they depend on the seed alone.
    fates: Vec<Rng>,
    due: Vec<Instant>,
}

impl Cluster {
    pub(super) fn start(seed: u64, ledger: &Arc<Ledger>) -> Self {
        let mut nodes: Vec<Node> = Vec::new();
        for index in 0..NODES {
            // To the node before it, which is sound at times: whoever follows gets a matrix there.
            let elsewhere = nodes.last().map_or_else(|| "/".into(), |node| format!("http://{}/", node.address));
            nodes.push(Node::start(index, seed, ledger, elsewhere));
        }
        let fates = (0..NODES as u64).map(|index| Rng::with_seed(seed.wrapping_add(index))).collect();
        Self { nodes, fates, due: vec![Instant::now(); NODES] }
    }

    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.address).collect()
    }

    /// Changes whatever is due until `over` says so.
    pub(super) fn storm(&mut self, over: impl Fn() -> bool) {
        while !over() {
            for ((node, rng), due) in self.nodes.iter_mut().zip(&mut self.fates).zip(&mut self.due) {
                if *due <= Instant::now() {
                    change(node, rng);
                    *due = Instant::now() + Duration::from_millis(rng.u64(200..2500));
                }
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// All are up and sound from now on.
    pub(super) fn heal(&mut self) {
        for node in &mut self.nodes {
            node.feels(Mood::SOUND);
            if node.stub.is_none() {
                node.restart(false);
            }
        }
    }

    /// What every node does at this moment.
    pub(super) fn describe(&self) -> String {
        self.nodes.iter().map(|node| node.describe() + "\n").collect()
    }
}

/// A node that was down comes back, as another one or as itself; else it goes down, or gets another mood.
fn change(node: &mut Node, rng: &mut Rng) {
    if node.stub.is_none() {
        return node.restart(rng.bool());
    }
    if rng.u8(0..10) == 0 {
        return node.stop();
    }
    let matrix = if rng.u8(0..20) < 11 { &Behaviour::SOUND[..] } else { &Behaviour::FAULTS[..] };
    let cluster = if rng.u8(0..3) > 0 { Naming::True } else { Naming::ALL[rng.usize(..Naming::ALL.len())] };
    node.feels(Mood { matrix: matrix[rng.usize(..matrix.len())], cluster });
}
