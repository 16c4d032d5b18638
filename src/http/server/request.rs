//! hyper's request → the app's.

use std::{io, net::SocketAddr};

use async_std::net::TcpStream;
use http_body_util::BodyExt;
use hyper::{
    Request,
    body::{Body, Incoming},
    header::{HOST, HeaderMap, HeaderValue},
    http::uri::{Authority, Uri},
};
use tide::http::{self, Method, Url};

use super::refusal::Refusal;
use crate::http::{body, headers};

/// Both addresses of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) peer: SocketAddr,
    local: SocketAddr,
}

impl Ends {
    /// Fails when the client is gone already.
    pub(super) fn of(stream: &TcpStream) -> io::Result<Self> {
        Ok(Self { peer: stream.peer_addr()?, local: stream.local_addr()? })
    }
}

/// What the app is asked, or why it is not: in words without a Host or a target, which may hold a password (SPEC §3).
pub(super) fn convert(request: Request<Incoming>, ends: Ends) -> Result<http::Request, Refusal> {
    let (mut head, body) = request.into_parts();
    let method = method(&head.method)?;
    let named = host(&head.headers)?;
    if named.is_none() && head.version > hyper::Version::HTTP_10 {
        return Err(Refusal::bad_request("the request has no Host"));
    }
    // A target in absolute form overrides the Host header (RFC 9112 §3.2.2).
    if let Some(value) = head.uri.authority().and_then(|authority| HeaderValue::try_from(authority.as_str()).ok()) {
        head.headers.insert(HOST, value);
    }
    let mut converted = http::Request::new(method, url(&head.uri, named.as_ref(), ends.local)?);
    if !body.is_end_stream() {
        converted.set_body(body::incoming(body.map_err(io::Error::other)));
    }
    headers::copy_in(&head.headers, converted.as_mut());
    converted.set_peer_addr(Some(ends.peer));
    converted.set_local_addr(Some(ends.local));
    converted.set_version(Some(match head.version {
        hyper::Version::HTTP_10 => http::Version::Http1_0,
        _ => http::Version::Http1_1,
    }));
    Ok(converted)
}

/// Methods are case-sensitive, and `http_types` knows a closed set in any case. CONNECT asks for a proxy.
fn method(method: &hyper::Method) -> Result<Method, Refusal> {
    match method.as_str().parse::<Method>() {
        Ok(known) if known.as_ref() == method.as_str() && known != Method::Connect => Ok(known),
        _ => Err(Refusal::method_not_allowed(method.as_str())),
    }
}

/// The one valid Host, if there is a Host at all.
fn host(headers: &HeaderMap) -> Result<Option<Authority>, Refusal> {
    let mut all = headers.get_all(HOST).iter();
    let Some(first) = all.next() else { return Ok(None) };
    let valid = Authority::try_from(first.as_bytes()).ok().filter(|host| !host.as_str().contains('@'));
    match (valid, all.next()) {
        (Some(host), None) => Ok(Some(host)),
        (None, _) => Err(Refusal::bad_request(
            "the Host is invalid: it has to be a name or an address, with a port or without, and no user",
        )),
        (_, Some(_)) => Err(Refusal::bad_request("the request has more than one Host")),
    }
}

fn url(target: &Uri, host: Option<&Authority>, local: SocketAddr) -> Result<Url, Refusal> {
    let authority = match target.authority().or(host) {
        Some(authority) => authority.as_str().to_owned(),
        None => local.to_string(),
    };
    let path = match target.path_and_query().map_or("/", |path| path.as_str()) {
        "*" => "/",
        path => path,
    };
    let separator = if path.starts_with('/') { "" } else { "/" };
    Url::parse(&format!("http://{authority}{separator}{path}"))
        .map_err(|error| Refusal::bad_request(format!("the request target or its Host is invalid: {error}")))
}
