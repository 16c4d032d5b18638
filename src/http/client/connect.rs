use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use async_std::{future::timeout, net::TcpStream};
use futures_util::{AsyncRead, AsyncWrite};
use url::{Host, Url};

use super::{
    ConnectTimeout,
    error::{WireError, WireErrorKind},
};
use crate::lookup::look_up;

/// What a request travels on.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

pub(super) type BoxStream = Box<dyn Stream>;

/// A connection to the host of `url`, after at most `within`.
pub(super) async fn open(url: &Url, ConnectTimeout(within): ConnectTimeout) -> Result<BoxStream, WireError> {
    if url.scheme() != "http" {
        return Err(WireError::new(WireErrorKind::Tls, format!("{} is not supported yet", url.scheme())));
    }
    let target = Target::of(url)?;
    let deadline = Instant::now() + within;
    let addresses = target.addresses(within).await?;
    let stream = target.connect(&addresses, deadline, within).await?;
    // A request is written at once; waiting to fill a segment gains nothing.
    let _ = stream.set_nodelay(true);
    Ok(Box::new(stream))
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
