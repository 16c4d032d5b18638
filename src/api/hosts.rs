//! Which Host headers are answered (SPEC §5, `server.allowed_hosts`): a page of another site must not reach this daemon
//! through a name of its own that points here (DNS rebinding).

use std::net::IpAddr;

use url::{Host, Url};

use super::service::Active;
use crate::{
    fanout::Snapshot,
    peers::{Role, interface_addresses},
};

/// Whether `host` names this host. The port does not matter: a forwarded one is as good.
pub(super) fn is_ours(host: Option<&Host<&str>>, active: &Active) -> bool {
    let snapshot = &*active.snapshot;
    match host {
        // HTTP/1.0 may leave it out, and a page of another site can't.
        None => true,
        Some(Host::Ipv4(ip)) => is_our_address((*ip).into(), snapshot),
        Some(Host::Ipv6(ip)) => is_our_address(IpAddr::from(*ip).to_canonical(), snapshot),
        Some(Host::Domain(name)) => is_our_name(name, snapshot),
    }
}

fn is_our_address(ip: IpAddr, snapshot: &Snapshot) -> bool {
    ip.is_loopback()
        || snapshot.config.server.listen.ip() == ip
        || is_allowed(&ip.to_string(), snapshot)
        || interface_addresses().contains(&ip)
        || is_own_entry(&ip.to_string(), snapshot)
}

fn is_our_name(name: &str, snapshot: &Snapshot) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || is_allowed(name, snapshot)
        || is_hostname(name, &gethostname::gethostname().to_string_lossy())
        || is_own_entry(name, snapshot)
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
    let names = |url: &Url| url.host_str().is_some_and(|own| bare(own).eq_ignore_ascii_case(host));
    if snapshot.local.iter().filter_map(|local| local.url.as_ref()).any(names) {
        return true;
    }
    let asked_for: Vec<bool> = snapshot.peers.iter().map(|peer| names(&peer.entry.url)).collect();
    // Who the entries are takes a while to find out, and anybody may send a name that is none of theirs.
    asked_for.contains(&true)
        && asked_for.iter().zip(snapshot.cast()).any(|(asked_for, assigned)| *asked_for && assigned.role == Role::Own)
}

fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}
