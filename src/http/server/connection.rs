//! One connection: hyper parses and frames, the app answers.

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    sync::Arc,
};

use async_std::net::TcpStream;
use futures_util::{FutureExt, future::poll_fn, select_biased};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
    server::conn::http1,
    service::service_fn,
};
use smol_hyper::rt::{FuturesIo, SmolTimer};
use socket2::SockRef;
use tide::http;

use super::{
    Host, ServeOptions, Terms,
    door::panic_message,
    opening,
    places::Place,
    refusal::{self, Refusal},
    request::{self, Ends},
    wire::{Answering, Turn, Wire},
};
use crate::http::{body::Outgoing, headers, stream::BoxStream};

/// Most bytes of a request's head; a longer one is 431.
const MAX_HEAD: usize = 64 * 1024;
/// Most bytes that the kernel holds for a client beyond what is on its way to it. It would hold megabytes, out of sight of
/// every limit of this process, and tell of progress once in a megabyte, which a slow line takes minutes for.
const MAX_UNSENT: u32 = 512 * 1024;

/// Serves one connection to its end.
pub(super) async fn run<S>(socket: TcpStream, host: Arc<Host<S>>, place: Arc<Place>, terms: Terms)
where
    S: Clone + Send + Sync + 'static,
{
    let Ok(ends) = Ends::of(&socket) else { return };
    prepare(&socket);
    let options = terms.applied_to((host.options)());
    let Some(stream) = open(&socket, &options, &terms).await else { return };
    let turn = Arc::new(Turn::new(place));
    let wire = FuturesIo::new(Wire::new(stream, Arc::clone(&turn), options.write_timeout));
    let over_limit = matches!(terms, Terms::OverLimit);
    let service = service_fn(|request| {
        let (host, answering) = (Arc::clone(&host), turn.begin());
        async move { Ok::<_, Infallible>(host.answer(request, ends, over_limit, answering).await) }.boxed()
    });
    let (mut stop, keep_alive) = match terms {
        Terms::Open(stop) => (stop, true),
        Terms::Last | Terms::OverLimit => (std::future::pending().boxed().shared(), false),
    };
    let mut connection = parser(&options, over_limit).keep_alive(keep_alive).serve_connection(wire, service);
    let mut stopping = false;
    let served = poll_fn(|cx| {
        if !stopping && stop.poll_unpin(cx).is_ready() {
            stopping = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        connection.poll_without_shutdown(cx)
    })
    .await;
    let wire = connection.into_parts().io.into_inner();
    if wire.is_stalled() {
        options.tally.stalled.add_one();
    }
    let stream = wire.into_inner();
    match served {
        Ok(()) if stopping => refusal::end(stream).await,
        Ok(()) => refusal::linger(stream, &socket).await,
        Err(error) => {
            log::debug!("connection of {} ended: {error}", ends.peer);
            if let Some(answer) = host.owed(&error, over_limit).filter(|_| turn.is_idle()) {
                refusal::send(stream, &socket, &answer).await;
            }
        }
    }
}

async fn open(socket: &TcpStream, options: &ServeOptions, terms: &Terms) -> Option<BoxStream> {
    select_biased! {
        opened = pin!(opening::open(socket, options).fuse()) => opened,
        () = pin!(terms.are_over().fuse()) => None,
    }
}

/// What can't be set stays as it is: the connection is slower then, or takes more memory.
fn prepare(socket: &TcpStream) {
    // Answers are written whole or in large frames; waiting to fill a segment gains nothing.
    let _ = socket.set_nodelay(true);
    let _ = SockRef::from(socket).set_tcp_notsent_lowat(MAX_UNSENT);
}

fn parser(options: &ServeOptions, over_limit: bool) -> http1::Builder {
    let mut parser = http1::Builder::new();
    parser
        .timer(SmolTimer::new())
        .header_read_timeout(if over_limit { refusal::MOMENT } else { options.header_timeout })
        .max_buf_size(MAX_HEAD)
        .max_header_size(MAX_HEAD)
        .writev(true);
    parser
}

impl<S> Host<S>
where
    S: Clone + Send + Sync + 'static,
{
    async fn answer(
        &self,
        request: Request<Incoming>,
        ends: Ends,
        over_limit: bool,
        answering: Answering,
    ) -> Response<Outgoing<Answering>> {
        let head_only = request.method() == Method::HEAD;
        let response = match request::convert(request, ends) {
            Ok(request) if over_limit && !self.always_answers(&request) => {
                Err(Refusal::too_many_connections(&(self.options)()))
            }
            Ok(request) => self.ask(request).await,
            Err(refusal) => Err(refusal),
        };
        let response = response.unwrap_or_else(|refusal| refusal.into_response(&(self.options)().refusal_headers));
        to_hyper(response, head_only).map(|body| Outgoing::new(body, answering))
    }

    fn always_answers(&self, request: &http::Request) -> bool {
        matches!(request.method(), http::Method::Get | http::Method::Head)
            && (self.options)().always_answered.contains(&request.url().path())
    }

    /// What is still to be said to a client of whose head hyper made nothing.
    fn owed(&self, error: &hyper::Error, over_limit: bool) -> Option<String> {
        let options = (self.options)();
        let unasked = || (over_limit && error.is_timeout()).then(|| Refusal::too_many_connections(&options));
        let refusal = Refusal::of_head(error).or_else(unasked)?;
        Some(refusal.to_text(&options.refusal_headers))
    }

    /// The app's answer; a handler that panics costs its own request alone.
    async fn ask(&self, request: http::Request) -> Result<http::Response, Refusal> {
        let what = format!("{} {}", request.method(), request.url().path());
        match AssertUnwindSafe(self.app.respond(request)).catch_unwind().await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => {
                log::error!("{what}: {error}");
                Err(Refusal::internal())
            }
            Err(panic) => {
                log::error!("{what}: the handler panicked: {}", panic_message(&*panic));
                Err(Refusal::internal())
            }
        }
    }
}

/// The framing is hyper's, from the body's length; only an answer to HEAD may declare a length without a body.
fn to_hyper(mut response: http::Response, head_only: bool) -> Response<http::Body> {
    let body = response.take_body();
    let mut headers = headers::copy_out(response.as_ref());
    headers.remove(TRANSFER_ENCODING);
    if !(head_only && body.is_empty() == Some(true)) {
        headers.remove(CONTENT_LENGTH);
    }
    let mut converted = Response::new(body);
    *converted.status_mut() =
        StatusCode::from_u16(response.status().into()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *converted.headers_mut() = headers;
    converted
}
