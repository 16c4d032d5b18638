use std::{
    cell::LazyCell,
    net::{IpAddr, SocketAddr},
};

use crate::words::words;

words! {
    /// What an entry is in a fan-out (SPEC §3).
    pub enum Role {
        /// This node.
        Own = "self",
        /// Another node.
        Peer = "peer",
        /// A node that an earlier entry already stands for.
        Duplicate = "duplicate",
    }
}

/// What is known of an entry.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Its `node_id`.
    pub node_id: Option<String>,
    /// What it resolves to.
    pub addresses: Vec<SocketAddr>,
    /// It answered with this process's own instance id.
    pub ourselves: bool,
}

/// An address under which this node is known to be reached: that of `local.url`, or of `server.listen`.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// The key that gave it, for the explanation.
    pub key: &'static str,
    /// What it resolves to.
    pub addresses: Vec<SocketAddr>,
    /// Whether this host's other addresses reach it too: a wildcard bind, or a loopback `local.url`, which is this
    /// host's node and so most likely listens beyond loopback.
    pub whole_host: bool,
}

/// An entry's role and the reason for it, for introspection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The role.
    pub role: Role,
    /// Why, in words.
    pub why: String,
    /// For a duplicate, the index of the entry that counts.
    pub original: Option<usize>,
}

/// Gives every entry its role. Identities decide; addresses propose where an id is not to be had (SPEC §3). `interfaces`
/// gives the addresses of this host; the system is asked for them only where they matter.
pub fn assign(
    local_id: Option<&str>,
    anchors: &[Anchor],
    interfaces: impl FnOnce() -> Vec<IpAddr>,
    entries: &[Facts],
) -> Vec<Assignment> {
    let interfaces = LazyCell::new(interfaces);
    let is_here = |ip: IpAddr| interfaces.contains(&ip);
    let mut assigned: Vec<Assignment> = Vec::with_capacity(entries.len());
    for (i, facts) in entries.iter().enumerate() {
        let assignment = match own(local_id, anchors, &is_here, facts) {
            Some(why) => Assignment { role: Role::Own, why, original: None },
            None => original(entries, &assigned, i).unwrap_or_else(|| Assignment {
                role: Role::Peer,
                why: facts.node_id.as_ref().map_or_else(|| "another address".into(), |id| format!("node_id {id}")),
                original: None,
            }),
        };
        assigned.push(assignment);
    }
    assigned
}

fn own(local_id: Option<&str>, anchors: &[Anchor], is_here: &impl Fn(IpAddr) -> bool, facts: &Facts) -> Option<String> {
    if facts.ourselves {
        return Some("its answer carries this process's instance id".into());
    }
    if let (Some(local), Some(id)) = (local_id, &facts.node_id) {
        return (local == id).then(|| format!("same node_id as the local node, {id}"));
    }
    anchors.iter().find_map(|anchor| {
        let at = facts.addresses.iter().find(|at| anchor.reaches(**at, is_here))?;
        Some(format!("{at} is the address of {}", anchor.key))
    })
}

fn original(entries: &[Facts], assigned: &[Assignment], i: usize) -> Option<Assignment> {
    let facts = &entries[i];
    (0..i).filter(|&j| assigned[j].role == Role::Peer).find_map(|j| {
        let why = if let (Some(a), Some(b)) = (&entries[j].node_id, &facts.node_id) {
            (a == b).then(|| format!("same node_id as an earlier entry, {a}"))?
        } else {
            let shared = facts.addresses.iter().find(|at| entries[j].addresses.contains(at))?;
            format!("resolves to {shared}, as an earlier entry does")
        };
        Some(Assignment { role: Role::Duplicate, why, original: Some(j) })
    })
}

impl Anchor {
    fn reaches(&self, at: SocketAddr, is_here: &impl Fn(IpAddr) -> bool) -> bool {
        self.addresses.iter().any(|own| {
            own.port() == at.port()
                && (own.ip() == at.ip()
                    || (self.whole_host && !at.ip().is_loopback() && is_here(at.ip()))
                    || (own.ip().is_unspecified() && is_first_loopback(at.ip())))
        })
    }
}

/// `127.0.0.1` and `::1` reach a wildcard bind, while another loopback address may well be bound by somebody else.
fn is_first_loopback(ip: IpAddr) -> bool {
    ip == IpAddr::from([127, 0, 0, 1]) || ip == IpAddr::from(std::net::Ipv6Addr::LOCALHOST)
}

#[cfg(test)]
mod tests;
