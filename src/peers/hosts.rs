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
    let port = url.port_or_known_default().unwrap_or(80);
    let found = match url.host() {
        Some(Host::Ipv4(ip)) => vec![SocketAddr::new(ip.into(), port)],
        Some(Host::Ipv6(ip)) => vec![SocketAddr::new(ip.into(), port)],
        Some(Host::Domain(name)) => match timeout(within, look_up(name, port)).await {
            Ok(Ok(found)) => found.to_vec(),
            Ok(Err(_)) | Err(_) => Vec::new(),
        },
        None => Vec::new(),
    };
    let mut found: Vec<_> = found.into_iter().map(|at| SocketAddr::new(at.ip().to_canonical(), at.port())).collect();
    found.sort_unstable();
    found.dedup();
    found
}
