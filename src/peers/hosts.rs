use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use async_std::future::timeout;
use url::{Host, Url};

use crate::lookup::look_up;

/// The addresses of this host's interfaces; none when the system does not tell.
pub fn interface_addresses() -> Vec<IpAddr> {
    if_addrs::get_if_addrs().map(|all| all.iter().map(if_addrs::Interface::ip).collect()).unwrap_or_default()
}

/// What the host and port of `url` resolve to, sorted; nothing when that takes longer than `within` or fails.
pub async fn resolve(url: &Url, within: Duration) -> Vec<SocketAddr> {
    let Some(Host::Domain(name)) = url.host() else { return literal(url).into_iter().collect() };
    let found = match timeout(within, look_up(name, port_of(url))).await {
        Ok(Ok(found)) => found.to_vec(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    };
    let mut found: Vec<_> = found.into_iter().map(|at| SocketAddr::new(at.ip().to_canonical(), at.port())).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The address of `url` where it needs no look-up.
pub(super) fn literal(url: &Url) -> Option<SocketAddr> {
    let ip: IpAddr = match url.host()? {
        Host::Ipv4(ip) => ip.into(),
        Host::Ipv6(ip) => ip.into(),
        Host::Domain(_) => return None,
    };
    Some(SocketAddr::new(ip.to_canonical(), port_of(url)))
}

fn port_of(url: &Url) -> u16 {
    url.port_or_known_default().unwrap_or(80)
}
