//! Which Host headers are answered (SPEC §5, `server.allowed_hosts`): a page of another site must not reach this daemon
//! through a name of its own that points here (DNS rebinding).

use std::net::IpAddr;

use url::{Host, Url};

use super::service::Active;
use crate::{
    fanout::{Snapshot, locate},
    peers::{Peer, Role, interface_addresses},
};

/// Whether `host` names this host. The port does not matter: a forwarded one is as good.
pub(super) async fn is_ours(host: Option<&Host<&str>>, active: &Active) -> bool {
    let snapshot = &*active.snapshot;
    match host {
        // HTTP/1.0 may leave it out, and a page of another site can't.
        None => true,
        Some(Host::Ipv4(ip)) => is_our_address((*ip).into(), snapshot),
        Some(Host::Ipv6(ip)) => is_our_address(IpAddr::from(*ip).to_canonical(), snapshot),
        Some(Host::Domain(name)) => is_our_name(name.strip_suffix('.').unwrap_or(name), snapshot).await,
    }
}

fn is_our_address(ip: IpAddr, snapshot: &Snapshot) -> bool {
    ip.is_loopback()
        || snapshot.config.server.listen.ip() == ip
        || is_allowed(&ip.to_string(), snapshot)
        || interface_addresses().contains(&ip)
        || is_own_entry(&ip.to_string(), snapshot)
}

async fn is_our_name(name: &str, snapshot: &Snapshot) -> bool {
    if name.eq_ignore_ascii_case("localhost")
        || is_allowed(name, snapshot)
        || is_hostname(name, &gethostname::gethostname().to_string_lossy())
        || is_own_entry(name, snapshot)
    {
        return true;
    }
    // The first request after a start may be by the name under which this host is listed; nobody's other name is worth a
    // look-up.
    if !snapshot.peers.iter().any(|peer| names(&peer.entry.url, name)) {
        return false;
    }
    locate(snapshot, |entry| names(entry, name)).await;
    is_own_entry(name, snapshot)
}

fn is_allowed(host: &str, snapshot: &Snapshot) -> bool {
    snapshot.config.server.allowed_hosts.iter().any(|allowed| bare(allowed).eq_ignore_ascii_case(host))
}

/// The host name, with or without its domain.
fn is_hostname(name: &str, hostname: &str) -> bool {
    let short = hostname.split('.').next().unwrap_or(hostname);
    !name.is_empty() && (name.eq_ignore_ascii_case(hostname) || name.eq_ignore_ascii_case(short))
}

fn is_own_entry(host: &str, snapshot: &Snapshot) -> bool {
    if snapshot.local.iter().filter_map(|local| local.url.as_ref()).any(|url| names(url, host)) {
        return true;
    }
    let asked_for: Vec<bool> = snapshot.peers.iter().map(|peer| names(&peer.entry.url, host)).collect();
    // Who the entries are takes a while to find out, and anybody may send a name that is none of theirs.
    if !asked_for.contains(&true) {
        return false;
    }
    let here = interface_addresses();
    // A name of the file's that leads here is this host's, whoever answers at its port: Debian gives a host's own 127.0.1.1.
    let leads_here =
        |peer: &Peer| peer.state.get().addresses.iter().any(|at| at.ip().is_loopback() || here.contains(&at.ip()));
    let entries = snapshot.peers.iter().zip(snapshot.cast());
    asked_for
        .iter()
        .zip(entries)
        .any(|(asked_for, (peer, assigned))| *asked_for && (assigned.role == Role::Own || leads_here(peer)))
}

fn names(url: &Url, host: &str) -> bool {
    url.host_str().is_some_and(|own| bare(own).eq_ignore_ascii_case(host))
}

fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}
