use std::{
    io,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::future::poll_fn;
use hyper::{
    Request, Response,
    body::{Body, Frame, Incoming, SizeHint},
    client::conn::http1::{self, Connection},
};
use smol_hyper::rt::FuturesIo;

use super::{
    dialogue::{Answered, Dialogue},
    error::{WireError, WireErrorKind},
};
use crate::http::{body::Outgoing, stream::BoxStream};

/// Most bytes read at once; the buffer grows to it while reads fill it.
const READ_BUFFER: usize = 512 * 1024;
/// Most bytes of a response's head.
const MAX_HEAD: usize = 64 * 1024;
/// Most bytes until the head of the answer is there, interim heads included; what comes with it counts as read before.
const MAX_HEADS: usize = 2 * MAX_HEAD;

/// A response's body together with its connection.
///
/// Whoever reads the body drives the connection, so a reader that waits holds back the peer, and dropping the body
/// closes the socket: no task is left behind.
pub(super) struct Exchange {
    incoming: Incoming,
    connection: Option<Connection<FuturesIo<Dialogue<BoxStream>>, Outgoing>>,
}

impl Exchange {
    /// Sends a request and waits for the head of its answer.
    pub(super) async fn send(stream: BoxStream, request: Request<Outgoing>) -> Result<Response<Self>, WireError> {
        let answered = Answered::default();
        let (mut sender, mut connection) = http1::Builder::new()
            .max_buf_size(READ_BUFFER)
            .max_header_size(MAX_HEAD)
            .handshake(FuturesIo::new(Dialogue::new(stream, MAX_HEADS, answered.clone())))
            .await
            .map_err(|error| WireError::new(WireErrorKind::Io, format!("open the connection: {error}")))?;
        let mut answer = pin!(sender.send_request(request));
        let mut running = true;
        let answer = poll_fn(|cx| {
            running = running && connection.poll_without_shutdown(cx).is_pending();
            answer.as_mut().poll(cx)
        })
        .await;
        answered.now();
        match answer {
            Ok(response) => Ok(response.map(|incoming| Self { incoming, connection: running.then_some(connection) })),
            Err(error) => Err(WireError::in_head(&error, !connection.into_parts().read_buf.is_empty())),
        }
    }

    fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = Pin::new(&mut self.incoming).poll_frame(cx);
        if let Poll::Ready(None | Some(Err(_))) = frame {
            self.connection = None;
        }
        frame.map_err(|error| WireError::in_body(&error).into())
    }
}

impl Body for Exchange {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = self.poll_incoming(cx);
        let Some(connection) = &mut self.connection else { return frame };
        if frame.is_ready() {
            return frame;
        }
        if connection.poll_without_shutdown(cx).is_ready() {
            self.connection = None;
        }
        self.poll_incoming(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
