use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures_util::{AsyncRead, AsyncWrite};
use hyper::rt::{Sleep, Timer};
use smol_hyper::rt::SmolTimer;

use super::{pace::Pace, places::Place};

/// Whose turn it is on a connection, known to the service that answers and to the [`Wire`] that writes.
///
/// hyper refuses a head it can't parse by itself, with an empty body. It is the only thing it writes while no request
/// is in hand, so the wire holds it back and the connection ends with a refusal in our own form.
#[derive(Debug)]
pub(super) struct Turn {
    state: AtomicU8,
    place: Arc<Place>,
}

const IDLE: u8 = 0;
const ANSWERING: u8 = 1;
const ANSWERED: u8 = 2;

impl Turn {
    pub(super) fn new(place: Arc<Place>) -> Self {
        Self { state: AtomicU8::new(IDLE), place }
    }

    /// A request came; its answer lasts until the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Answering {
        self.state.store(ANSWERING, Ordering::Release);
        self.place.works();
        Answering(Arc::clone(self))
    }

    /// No request is in hand and every answer was written.
    pub(super) fn is_idle(&self) -> bool {
        self.state.load(Ordering::Acquire) == IDLE
    }

    fn flushed(&self) {
        if self.state.compare_exchange(ANSWERED, IDLE, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.place.waits();
        }
    }
}

/// Lives as long as the body of an answer.
#[derive(Debug)]
pub(super) struct Answering(Arc<Turn>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.state.store(ANSWERED, Ordering::Release);
    }
}

/// A socket as hyper writes to it: a client that reads nothing for too long, or too slowly, is an error.
pub(super) struct Wire<T> {
    inner: T,
    turn: Arc<Turn>,
    pace: Pace,
    /// Fires when the client has been waited for long enough.
    alarm: Option<Pin<Box<dyn Sleep>>>,
    is_stalled: bool,
}

impl<T> Wire<T> {
    pub(super) fn new(inner: T, turn: Arc<Turn>, patience: Duration) -> Self {
        Self { inner, turn, pace: Pace::new(patience), alarm: None, is_stalled: false }
    }

    pub(super) fn into_inner(self) -> T {
        self.inner
    }

    /// Whether it was given up because of the client's pace.
    pub(super) fn is_stalled(&self) -> bool {
        self.is_stalled
    }

    /// Of a write or a flush, in which the client took `bytes`.
    fn watch<R>(
        &mut self,
        cx: &mut Context<'_>,
        progress: Poll<io::Result<R>>,
        bytes: impl FnOnce(&R) -> usize,
    ) -> Poll<io::Result<R>> {
        if let Poll::Ready(result) = progress {
            self.alarm = None;
            self.pace.took(result.as_ref().map_or(0, bytes), Instant::now());
            return Poll::Ready(result);
        }
        let Self { pace, alarm, .. } = self;
        let alarm = alarm.get_or_insert_with(|| SmolTimer::new().sleep(pace.waits(Instant::now())));
        alarm.as_mut().poll(cx).map(|()| {
            self.is_stalled = true;
            Err(io::Error::new(io::ErrorKind::TimedOut, "the client read too slowly, or not at all"))
        })
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Wire<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.turn.is_idle() {
            return Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()));
        }
        let progress = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.watch(cx, progress, |&bytes| bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        if let Poll::Ready(Ok(())) = flushed {
            self.turn.flushed();
        }
        // TLS takes more than the socket does, and then waits here.
        self.watch(cx, flushed, |()| 0)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use async_std::task;
    use futures_util::{AsyncWriteExt, FutureExt};

    use super::*;
    use crate::http::server::places::Places;

    /// Takes all there is, as TLS does, and gets rid of nothing.
    struct Hoard;

    impl AsyncWrite for Hoard {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(buf.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    /// Takes a byte now and then.
    #[derive(Default)]
    struct Trickle(Option<Pin<Box<dyn Sleep>>>);

    impl AsyncWrite for Trickle {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            let pause = self.0.get_or_insert_with(|| SmolTimer::new().sleep(Duration::from_millis(20)));
            pause.as_mut().poll(cx).map(|()| {
                self.0 = None;
                Ok(1)
            })
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// Of a connection at its answer.
    fn wire<T>(inner: T, patience: Duration) -> (Wire<T>, Answering) {
        let place = Arc::new(Places::default()).take(1, Duration::ZERO).now_or_never().flatten().unwrap();
        let turn = Arc::new(Turn::new(Arc::new(place)));
        let answering = turn.begin();
        (Wire::new(inner, turn, patience), answering)
    }

    #[test]
    fn what_was_taken_and_is_never_sent_is_an_error() {
        let (mut wire, _answering) = wire(Hoard, Duration::from_millis(10));
        task::block_on(async {
            wire.write_all(b"answer").await.unwrap();
            assert_eq!(wire.flush().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        });
        assert!(wire.is_stalled());
    }

    #[test]
    fn a_byte_now_and_then_is_an_error_in_the_end() {
        let (mut wire, _answering) = wire(Trickle::default(), Duration::from_millis(500));
        let sent = task::block_on(wire.write_all(&[0; 10_000]));
        assert_eq!(sent.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(wire.is_stalled());
    }
}
