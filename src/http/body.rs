//! Bodies between hyper (frames of [`Bytes`]) and `http_types` (an `AsyncBufRead`).

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_util::{AsyncBufRead, TryStreamExt};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use tide::http;

/// Most bytes handed to hyper at once: enough for few system calls, and what is held for a client that doesn't read. Larger
/// ones are no faster.
const FRAME: usize = 64 * 1024;

/// An `http_types` body as hyper sends it. Each frame is copied once, out of the reader's buffer.
///
/// `G` lives as long as the body does.
#[derive(Debug)]
pub(super) struct Outgoing<G = ()> {
    body: http::Body,
    /// Bytes still to come, if that is known.
    left: Option<usize>,
    _guard: G,
}

impl<G> Outgoing<G> {
    pub(super) fn new(body: http::Body, guard: G) -> Self {
        Self { left: body.len(), body, _guard: guard }
    }
}

impl<G: Unpin> Body for Outgoing<G> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        let Self { body, left, .. } = &mut *self;
        let buffered = ready!(Pin::new(&mut *body).poll_fill_buf(cx))?;
        let Some(bytes) = next_frame(buffered, *left)? else { return Poll::Ready(None) };
        Pin::new(body).consume(bytes.len());
        *left = left.map(|left| left - bytes.len());
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, |left| SizeHint::with_exact(left as u64))
    }
}

/// What to send of the `buffered` bytes with `left` to come; `None` at the end. A body short of its length is an error,
/// so that the connection breaks off instead of promising more.
fn next_frame(buffered: &[u8], left: Option<usize>) -> io::Result<Option<Bytes>> {
    let length = buffered.len().min(left.unwrap_or(usize::MAX)).min(FRAME);
    match (length, left) {
        (0, Some(left)) => {
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("the body ended {left} bytes early")))
        }
        (0, None) => Ok(None),
        _ => Ok(Some(Bytes::copy_from_slice(&buffered[..length]))),
    }
}

/// A body from the wire as `http_types` reads it, with its length when that was declared.
pub(super) fn incoming<B>(body: B) -> http::Body
where
    B: Body<Data = Bytes, Error = io::Error> + Send + Sync + Unpin + 'static,
{
    let length = body.size_hint().exact().and_then(|length| usize::try_from(length).ok());
    http::Body::from_reader(body.into_data_stream().into_async_read(), length)
}
