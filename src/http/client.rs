//! surf over hyper.

mod connect;
mod dialogue;
mod error;
mod exchange;

use std::time::Duration;

use hyper::{
    Request,
    header::{CONNECTION, HOST, HeaderValue},
};
use surf::{
    HttpClient,
    http::{self, Error, StatusCode, Url, Version},
};
use url::Position;

pub use error::{WireError, WireErrorKind};

use super::{
    body::{self, Outgoing},
    headers,
    tls::Trust,
};
use exchange::Exchange;

/// How long name lookup, connect and the TLS handshake may take together; put into a request's extensions. Without it, 5 s.
#[derive(Clone, Copy, Debug)]
pub struct ConnectTimeout(pub Duration);

impl Default for ConnectTimeout {
    fn default() -> Self {
        Self(Duration::from_secs(5))
    }
}

/// An HTTP/1.1 client for surf: one connection a request, no redirects, no proxies, no decompression. For `https` it
/// believes what a [`Trust`] in the request's extensions says.
///
/// There is no deadline but [`ConnectTimeout`]: drop the future, or the response with its body, and the connection is
/// closed at once. A failure is a [`WireError`], to be found by [`WireError::of_call`] and [`WireError::of_read`].
#[derive(Clone, Copy, Debug, Default)]
pub struct HyperClient;

#[async_trait::async_trait]
impl HttpClient for HyperClient {
    async fn send(&self, request: http::Request) -> Result<http::Response, Error> {
        call(request).await.map_err(|error| Error::new(StatusCode::BadGateway, error))
    }
}

async fn call(mut request: http::Request) -> Result<http::Response, WireError> {
    let within = request.ext().get().copied().unwrap_or_default();
    let trust = request.ext().get::<Trust>().cloned().unwrap_or_default();
    let stream = connect::open(request.url(), within, &trust).await?;
    let (head, body) = Exchange::send(stream, to_hyper(&mut request)?).await?.into_parts();
    let mut response = http::Response::new(known(head.status));
    response.ext_mut().insert(SentStatus(head.status.as_u16()));
    response.set_version(Some(match head.version {
        hyper::Version::HTTP_10 => Version::Http1_0,
        _ => Version::Http1_1,
    }));
    response.set_body(body::incoming(body));
    headers::copy_in(&head.headers, response.as_mut());
    Ok(response)
}

fn to_hyper(request: &mut http::Request) -> Result<Request<Outgoing>, WireError> {
    let url = request.url();
    let target = &url[Position::BeforePath..Position::AfterQuery];
    let host = HeaderValue::try_from(authority(url));
    let mut converted = Request::builder()
        .method(request.method().as_ref())
        .uri(target)
        .body(Outgoing::new(http::Body::empty(), ()))
        .map_err(|error| WireError::new(WireErrorKind::Malformed, format!("request for {target:?}: {error}")))?;
    *converted.headers_mut() = headers::copy_out(request.as_ref());
    converted.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    if let Ok(host) = host {
        converted.headers_mut().insert(HOST, host);
    }
    *converted.body_mut() = Outgoing::new(request.take_body(), ());
    Ok(converted)
}

/// Host and, unless it is the scheme's own, port.
fn authority(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

/// The status as it was sent, in a response's extensions: `http_types` does not know them all, and a 299 is no 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentStatus(pub u16);

impl SentStatus {
    /// Of a response of any client; one that keeps no such record knows its status.
    pub fn of(response: &http::Response) -> u16 {
        response.ext().get::<Self>().map_or_else(|| response.status().into(), |sent| sent.0)
    }
}

/// A status that `http_types` doesn't know becomes the x00 of its class (RFC 9110 §15).
fn known(status: hyper::StatusCode) -> StatusCode {
    StatusCode::try_from(status.as_u16()).unwrap_or_else(|_| match status.as_u16() / 100 {
        1 => StatusCode::Continue,
        2 => StatusCode::Ok,
        3 => StatusCode::MultipleChoice,
        4 => StatusCode::BadRequest,
        _ => StatusCode::InternalServerError,
    })
}
