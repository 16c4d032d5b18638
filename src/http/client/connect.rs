use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use async_std::{future::timeout, net::TcpStream};
use futures_rustls::{TlsConnector, pki_types::ServerName};
use url::{Host, Url};

use super::{
    ConnectTimeout,
    error::{WireError, WireErrorKind},
};
use crate::{
    http::{
        stream::BoxStream,
        tls::{Trust, broken_handshake},
    },
    lookup::look_up,
};

/// A connection to the host of `url`, after at most `within`: for `https`, after a handshake with a host that `trust`
/// believes.
pub(super) async fn open(
    url: &Url,
    ConnectTimeout(within): ConnectTimeout,
    trust: &Trust,
) -> Result<BoxStream, WireError> {
    let secure = match url.scheme() {
        "http" => false,
        "https" => true,
        other => {
            let message = format!("scheme {other:?} is neither http nor https");
            return Err(WireError::new(WireErrorKind::Connect, message));
        }
    };
    let target = Target::of(url)?;
    let deadline = Instant::now() + within;
    let addresses = target.addresses(within).await?;
    let stream = target.connect(&addresses, deadline, within).await?;
    // A request is written at once; waiting to fill a segment gains nothing.
    let _ = stream.set_nodelay(true);
    if secure { target.shake_hands(stream, trust, deadline, within).await } else { Ok(Box::new(stream)) }
}

struct Target<'a> {
    host: Host<&'a str>,
    port: u16,
}

impl<'a> Target<'a> {
    fn of(url: &'a Url) -> Result<Self, WireError> {
        match (url.host(), url.port_or_known_default()) {
            (Some(host), Some(port)) => Ok(Self { host, port }),
            _ => Err(WireError::new(WireErrorKind::Dns, format!("{url} names no host"))),
        }
    }

    async fn addresses(&self, within: Duration) -> Result<Vec<SocketAddr>, WireError> {
        let name = match self.host {
            Host::Ipv4(ip) => return Ok(vec![(ip, self.port).into()]),
            Host::Ipv6(ip) => return Ok(vec![(ip, self.port).into()]),
            Host::Domain(name) => name,
        };
        let why = match timeout(within, look_up(name, self.port)).await {
            Ok(Ok(found)) if !found.is_empty() => return Ok(found.to_vec()),
            Ok(Ok(_)) => "it has none".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {}", humantime::format_duration(within)),
        };
        Err(WireError::new(WireErrorKind::Dns, format!("look up the address of {name}: {why}")))
    }

    /// Tries the addresses in their order; each may use its share of what is left, so that one that swallows
    /// packets leaves time for the next. It is refused when all of them refuse.
    async fn connect(
        &self,
        addresses: &[SocketAddr],
        deadline: Instant,
        within: Duration,
    ) -> Result<TcpStream, WireError> {
        let mut failure = None;
        for (tried, address) in addresses.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            let share = u32::try_from(addresses.len() - tried).map_or(left, |waiting| left / waiting);
            let error = match timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => self.failed(&error),
                Err(_) => self.late(within),
            };
            failure = failure.filter(|kept: &WireError| kept.kind == WireErrorKind::Connect).or(Some(error));
        }
        Err(failure.unwrap_or_else(|| self.late(within)))
    }

    async fn shake_hands(
        &self,
        stream: TcpStream,
        trust: &Trust,
        deadline: Instant,
        within: Duration,
    ) -> Result<BoxStream, WireError> {
        let Self { host, port } = self;
        let failed = |why: String| WireError::new(WireErrorKind::Tls, format!("no TLS with {host}:{port}: {why}"));
        let name = self.name().ok_or_else(|| failed("it is no name that a certificate can have".into()))?;
        let shaking = async {
            let connector = TlsConnector::from(trust.client().await.map_err(io::Error::other)?);
            connector.connect(name, stream).await
        };
        match timeout(deadline.saturating_duration_since(Instant::now()), shaking).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) => Err(failed(broken_handshake(&error))),
            Err(_) => Err(failed(format!("the handshake was not over within {}", humantime::format_duration(within)))),
        }
    }

    /// What the certificate has to be for.
    fn name(&self) -> Option<ServerName<'static>> {
        match self.host {
            Host::Domain(name) => ServerName::try_from(name.to_owned()).ok(),
            Host::Ipv4(ip) => Some(IpAddr::from(ip).into()),
            Host::Ipv6(ip) => Some(IpAddr::from(ip).into()),
        }
    }

    fn failed(&self, error: &io::Error) -> WireError {
        let Self { host, port } = self;
        if error.kind() == io::ErrorKind::ConnectionRefused {
            WireError::new(WireErrorKind::Refused, format!("{host}:{port} refused the connection"))
        } else {
            WireError::new(WireErrorKind::Connect, format!("no connection to {host}:{port}: {error}"))
        }
    }

    fn late(&self, within: Duration) -> WireError {
        let Self { host, port } = self;
        let within = humantime::format_duration(within);
        WireError::new(WireErrorKind::Connect, format!("no connection to {host}:{port} within {within}"))
    }
}
