use std::{net::SocketAddr, sync::Arc, time::Duration};

use url::Url;

use super::{local::LocalSource, wire::Wire};
use crate::{
    config::Config,
    peers::{Anchor, Assignment, Facts, Identity, NodeState, Peer, Role, assign, interface_addresses},
};

/// Everything that one request works with: taken once, and held to the request's end, so that a reload never changes a
/// request in flight.
pub struct Snapshot {
    /// Counts the applied configurations, 1 at start.
    pub generation: u64,
    /// The configuration.
    pub config: Arc<Config>,
    /// The entries of the peer list, this node and duplicates included.
    pub peers: Vec<Arc<Peer>>,
    /// The node on this host, or in this process.
    pub local: Option<Arc<LocalNode>>,
    /// Where this process really listens, once it does.
    pub listen: Option<SocketAddr>,
    pub(crate) wire: Wire,
}

/// The local source with what is remembered of it.
pub struct LocalNode {
    /// Where its matrix comes from.
    pub source: Arc<dyn LocalSource>,
    /// What is remembered.
    pub state: Arc<NodeState>,
    /// Its address, unless it is in this process.
    pub url: Option<Url>,
}

impl Snapshot {
    /// Who each entry is, by what is known now. In the order of [`Snapshot::peers`].
    pub fn cast(&self) -> Vec<Assignment> {
        self.cast_by(|identity| identity.node_id().map(str::to_owned))
    }

    /// Forgets ids of different times that contradict an address: a node that has come back as another one may be known
    /// under one of its names by the id it had before. True where there are such.
    pub(crate) fn doubt_old_ids(&self) -> bool {
        let by_address = self.cast_by(|_| None);
        let mut doubted = false;
        for ((peer, by_id), by_address) in self.peers.iter().zip(self.cast()).zip(by_address) {
            if by_id.role != Role::Peer || by_address.role == Role::Peer {
                continue;
            }
            let local = self.local.as_ref().map(|local| &*local.state);
            let other = by_address.original.map(|j| &self.peers[j].state).or(local);
            if let Some(other) = other.filter(|other| other.get().identified != peer.state.get().identified) {
                doubted = true;
                for state in [other, &peer.state] {
                    state.update(|memory| memory.identity = Identity::Unasked);
                }
            }
        }
        doubted
    }

    fn cast_by(&self, node_id: impl Fn(&Identity) -> Option<String>) -> Vec<Assignment> {
        let local = self.local.as_ref().map(|local| local.state.get()).unwrap_or_default();
        let entries: Vec<Facts> = self
            .peers
            .iter()
            .map(|peer| peer.state.get())
            .map(|memory| Facts {
                node_id: node_id(&memory.identity),
                addresses: memory.addresses,
                ourselves: memory.identity == Identity::Ourselves,
            })
            .collect();
        assign(node_id(&local.identity).as_deref(), &self.anchors(local.addresses), interface_addresses, &entries)
    }

    /// Whether the local node and every entry have been asked who they are, and have answered.
    pub(crate) fn is_settled(&self) -> bool {
        let local = self.local.iter().map(|local| &*local.state);
        local.chain(self.peers.iter().map(|peer| &peer.state)).all(|state| state.get().identity.is_settled())
    }

    /// The entries that are other nodes, each once, by what is known now.
    pub fn others(&self) -> Vec<Arc<Peer>> {
        let peers = self.peers.iter().zip(self.cast());
        peers.filter(|(_, assigned)| assigned.role == Role::Peer).map(|(peer, _)| Arc::clone(peer)).collect()
    }

    fn anchors(&self, local_addresses: Vec<SocketAddr>) -> Vec<Anchor> {
        let whole_host = local_addresses.iter().any(|at| at.ip().is_loopback());
        let local = Anchor { key: "local.url", addresses: local_addresses, whole_host };
        let listen = self.listen.unwrap_or(self.config.server.listen);
        let whole_host = listen.ip().is_unspecified();
        vec![local, Anchor { key: "server.listen", addresses: vec![listen], whole_host }]
    }

    /// Closes the breakers where `fanout.breaker_failures` says that none may be open.
    pub(crate) fn release_breakers(&self) {
        if self.config.fanout.breaker_failures == 0 {
            self.peers.iter().for_each(|peer| peer.state.update(|memory| memory.breaker.close()));
        }
    }

    /// `fanout.timeout`.
    pub fn timeout(&self) -> Duration {
        self.config.fanout.timeout
    }
}
