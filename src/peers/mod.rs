//! Who the peers are, what is remembered of each, and which of them is this node.

mod breaker;
mod hosts;
mod reason;
mod roles;
mod state;

use std::sync::Arc;

pub use breaker::{Breaker, Position};
pub use hosts::{interface_addresses, resolve};
pub(crate) use reason::Reach;
pub use reason::Reason;
pub use roles::{Anchor, Assignment, Facts, Role, assign};
pub use state::{Identity, LastError, Memory, NodeState};

use crate::config::{Config, PeerEntry};

/// Answers "who are the peers?". Today the file does; discovery of the cluster's members can take its place, and a
/// change of membership is then handled as a reload of the configuration is.
pub trait Membership: Send + Sync {
    /// The nodes to ask, in the order in which their answers are merged.
    fn entries(&self, config: &Config) -> Vec<PeerEntry>;
}

/// The list `fanout.peers` of the configuration file.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileMembership;

impl Membership for FileMembership {
    fn entries(&self, config: &Config) -> Vec<PeerEntry> {
        config.fanout.peers.clone()
    }
}

/// An entry of the peer list with what is remembered of it.
#[derive(Debug)]
pub struct Peer {
    /// The entry as written, and its address.
    pub entry: PeerEntry,
    /// What is remembered.
    pub state: NodeState,
}

impl Peer {
    /// Whether its `node_id` is known.
    pub(crate) fn is_known(&self) -> bool {
        self.state.get().identity.node_id().is_some()
    }

    /// Peers for `entries`; those that `before` already has, under the same entry, keep their memory.
    pub fn roster(entries: Vec<PeerEntry>, before: &[Arc<Self>]) -> Vec<Arc<Self>> {
        let mut kept: Vec<_> = before.iter().collect();
        entries
            .into_iter()
            .map(|entry| match kept.iter().position(|peer| peer.entry == entry) {
                Some(i) => Arc::clone(kept.swap_remove(i)),
                None => Arc::new(Self { state: NodeState::at(&entry.url), entry }),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn entry(text: &str) -> PeerEntry {
        PeerEntry { entry: text.into(), url: Url::parse(&format!("http://{text}")).unwrap() }
    }

    #[test]
    fn peers_that_stay_keep_their_memory() {
        let before = Peer::roster(vec![entry("a:1"), entry("b:1")], &[]);
        before[1].state.update(|memory| memory.own_step_ms = Some(1000));
        let after = Peer::roster(vec![entry("c:1"), entry("b:1")], &before);
        assert!(Arc::ptr_eq(&after[1], &before[1]));
        assert_eq!(after[0].state.get().own_step_ms, None);
    }

    #[test]
    fn the_address_of_a_new_peer_is_known_at_once_where_no_name_has_to_be_looked_up() {
        let roster = Peer::roster(vec![entry("[::ffff:192.0.2.1]:8080"), entry("a:1")], &[]);
        let addresses = roster.iter().map(|peer| peer.state.get().addresses).collect::<Vec<_>>();
        assert_eq!(addresses, [vec![([192, 0, 2, 1], 8080).into()], vec![]]);
    }

    #[test]
    fn an_entry_written_twice_gets_two_memories() {
        let roster = Peer::roster(vec![entry("a:1"), entry("a:1")], &[]);
        let again = Peer::roster(vec![entry("a:1"), entry("a:1")], &roster);
        assert!(!Arc::ptr_eq(&again[0], &again[1]));
    }
}
