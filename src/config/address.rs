//! Addresses of nodes and host names: stricter than a URL, because an entry names a node and nothing in it.

use std::{
    net::{Ipv6Addr, SocketAddr},
    str::FromStr,
};

use url::{Host, Url};

use super::{PeerEntry, text::quote};
use crate::text::is_unsafe;

/// Most characters of a host name, by DNS.
pub(super) const HOST_MAX: usize = 253;

impl FromStr for PeerEntry {
    type Err = NotAnAddress;

    /// An entry as the file would have it.
    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        parse_peer(text).map(|url| Self { entry: text.to_owned(), url }).map_err(NotAnAddress)
    }
}

/// The text is no entry of a peer list; says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAnAddress(String);

/// `host:port`, `[v6]:port`, `http://host[:port]` or `https://…` as scheme, host and port alone (SPEC §5).
fn parse_peer(text: &str) -> Result<Url, String> {
    refuse_credentials(text)?;
    if let Some((scheme, rest)) = text.split_once("://") {
        return parse_with_scheme(scheme, rest);
    }
    let (host, port) = split_authority(text)?;
    if port.is_none() {
        return Err(format!("{} has no port, such as \"{host}:8080\"", shown(text)));
    }
    build("http", text)
}

/// `http://host[:port]` or `https://…`; like a peer, but the scheme must be there.
pub(super) fn parse_node_url(text: &str) -> Result<Url, String> {
    refuse_credentials(text)?;
    if let Some((scheme, rest)) = text.split_once("://") {
        return parse_with_scheme(scheme, rest);
    }
    split_authority(text)?;
    Err(format!("{} has no scheme; write \"http://{text}\"", shown(text)))
}

fn parse_with_scheme(scheme: &str, rest: &str) -> Result<Url, String> {
    let scheme = scheme.to_ascii_lowercase();
    if !["http", "https"].contains(&scheme.as_str()) {
        return Err(format!("scheme {} is neither http nor https", shown(&scheme)));
    }
    if rest.is_empty() {
        return Err("has no host".into());
    }
    split_authority(rest)?;
    build(&scheme, rest)
}

fn build(scheme: &str, authority: &str) -> Result<Url, String> {
    let url = Url::parse(&format!("{scheme}://{authority}"))
        .map_err(|error| format!("{} is no address: {error}", shown(authority)))?;
    match url.host_str().map_or(0, str::len) {
        length if length > HOST_MAX => {
            Err(format!("a host name of {length} characters is too long, at most {HOST_MAX}"))
        }
        _ if !is_as_written(&url, authority) => {
            Err(format!("{} is not the name or address of a host", quote(authority)))
        }
        _ => Ok(url),
    }
}

/// URLs know more ways to write a host than DNS: `1.2.3` is 1.2.0.3 to them, `%41` is `a`, and `*` is a name.
fn is_as_written(url: &Url, authority: &str) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => authority.starts_with(&address.to_string()),
        Some(Host::Domain(name)) => {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !authority.contains('%') && name.bytes().all(is_plain)
        }
        Some(Host::Ipv6(_)) => true,
        None => false,
    }
}

/// Host (v6 in its brackets) and port of `host[:port]`, and nothing else around them.
fn split_authority(text: &str) -> Result<(&str, Option<u16>), String> {
    refuse_extras(text)?;
    let end = match text.find(']') {
        Some(bracket) if text.starts_with('[') => bracket + 1,
        _ => text.find(':').unwrap_or(text.len()),
    };
    let (host, port) = text.split_at(end);
    if port.get(1..).is_some_and(|rest| rest.contains(':')) {
        return Err(format!("{} looks like an IPv6 address, which needs brackets: \"[::1]:8080\"", shown(text)));
    }
    if host.is_empty() {
        return Err(format!("{} has no host", shown(text)));
    }
    if host.starts_with('[') && host.contains('%') {
        return Err(format!("{} has a zone id, which is not supported; use an address without one", shown(text)));
    }
    match port.strip_prefix(':') {
        Some(port) => Ok((host, Some(parse_port(port)?))),
        None if port.is_empty() => Ok((host, None)),
        None => Err(format!("{}: after the brackets only a port may follow", shown(text))),
    }
}

/// Goes before everything else, so that no other message repeats what stands before the `@`.
fn refuse_credentials(text: &str) -> Result<(), String> {
    if text.contains('@') {
        return Err("has a user name or password; leave out all up to the @, credentials come from the caller".into());
    }
    Ok(())
}

fn refuse_extras(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("is empty; write \"host:port\"".into());
    }
    if text.contains(|c: char| c.is_whitespace() || is_unsafe(c)) {
        return Err(format!("{} has white space, control or invisible characters in it", shown(text)));
    }
    // What follows may be a token in a query: only the part that should stay is repeated.
    let Some(end) = text.find(['/', '\\', '?', '#']) else { return Ok(()) };
    let what = match text.as_bytes()[end] {
        b'?' => "a query",
        b'#' => "a fragment",
        _ => "a path",
    };
    Err(format!("has {what}; end it after {}", shown(&text[..end])))
}

fn parse_port(text: &str) -> Result<u16, String> {
    if text.is_empty() {
        return Err("has no port after the colon".into());
    }
    if !is_number(text) {
        return Err("what follows the colon is no port, a number in 1…65535".into());
    }
    text.parse().ok().filter(|&port| port > 0).ok_or_else(|| format!("port {text:?} is not in 1…65535"))
}

/// `text` for a message. Where a user name and a password lack their `@`, the password stands in the place of the port:
/// what follows a colon is repeated only where it is a number, or where all is an IPv6 address.
fn shown(text: &str) -> String {
    match text.split_once(':') {
        Some((head, rest)) if !is_number(rest) && !text.starts_with('[') && text.parse::<Ipv6Addr>().is_err() => {
            quote(&format!("{head}:…"))
        }
        _ => quote(text),
    }
}

/// Short enough for a port that was mistyped.
fn is_number(text: &str) -> bool {
    text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An IP address and port to listen on; names are not looked up.
pub(super) fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        let port = text.rsplit_once(':').map(|(_, port)| port).filter(|port| port.parse::<u16>().is_ok());
        let meant = format!("127.0.0.1:{}", port.unwrap_or("8090"));
        format!("{} is not an IP address with a port, such as \"{meant}\"", quote(text))
    })
}

/// A host name or address as a `Host` header spells it, in lower case, without port.
pub(super) fn parse_host(text: &str) -> Result<String, String> {
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Ok(Host::<&str>::Ipv6(address).to_string());
    }
    if text.contains('*') {
        return Err(format!("{}: wildcards are not supported; name each host", quote(text)));
    }
    if text.contains("://") || text.contains('/') {
        return Err(format!("{} is a URL; write the host name alone", quote(text)));
    }
    if text.contains(':') && !text.starts_with('[') {
        return Err(format!("{} has a port; write the host name alone, it is valid for every port", quote(text)));
    }
    match Host::parse(text) {
        // A number is read as an address in disguise (`1` is 0.0.0.1): a slip, not a name.
        Ok(Host::Ipv4(address)) if address.to_string() != text => Err(format!("{} is not a host name", quote(text))),
        Ok(host) if text.len() <= HOST_MAX => Ok(host.to_string()),
        _ => Err(format!("{} is not a host name", quote(text))),
    }
}
