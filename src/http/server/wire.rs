use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{AsyncRead, AsyncWrite};
use hyper::rt::{Sleep, Timer};
use smol_hyper::rt::SmolTimer;

/// Whose turn it is on a connection, known to the service that answers and to the [`Wire`] that writes.
///
/// hyper refuses a head it can't parse by itself, with an empty body. It is the only thing it writes while no request
/// is in hand, so the wire holds it back and the connection ends with a refusal in our own form.
#[derive(Debug, Default)]
pub(super) struct Turn(AtomicU8);

const IDLE: u8 = 0;
const ANSWERING: u8 = 1;
const ANSWERED: u8 = 2;

impl Turn {
    /// A request came; its answer lasts until the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Answering {
        self.0.store(ANSWERING, Ordering::Release);
        Answering(Arc::clone(self))
    }

    /// No request is in hand and every answer was written.
    pub(super) fn is_idle(&self) -> bool {
        self.0.load(Ordering::Acquire) == IDLE
    }

    fn flushed(&self) {
        let _ = self.0.compare_exchange(ANSWERED, IDLE, Ordering::AcqRel, Ordering::Acquire);
    }
}

/// Lives as long as the body of an answer.
#[derive(Debug)]
pub(super) struct Answering(Arc<Turn>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.0.store(ANSWERED, Ordering::Release);
    }
}

/// A socket as hyper writes to it: a write without progress for too long is an error.
pub(super) struct Wire<T> {
    inner: T,
    turn: Arc<Turn>,
    patience: Duration,
    stalled: Option<Pin<Box<dyn Sleep>>>,
}

impl<T> Wire<T> {
    pub(super) fn new(inner: T, turn: Arc<Turn>, patience: Duration) -> Self {
        Self { inner, turn, patience, stalled: None }
    }

    pub(super) fn into_inner(self) -> T {
        self.inner
    }

    fn watch<R>(&mut self, cx: &mut Context<'_>, progress: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if progress.is_ready() {
            self.stalled = None;
            return progress;
        }
        let stalled = self.stalled.get_or_insert_with(|| SmolTimer::new().sleep(self.patience));
        stalled.as_mut().poll(cx).map(|()| {
            let patience = humantime::format_duration(self.patience);
            Err(io::Error::new(io::ErrorKind::TimedOut, format!("the client read nothing for {patience}")))
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
        self.watch(cx, progress)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        if let Poll::Ready(Ok(())) = flushed {
            self.turn.flushed();
        }
        // TLS takes more than the socket does, and then waits here.
        self.watch(cx, flushed)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use async_std::task;
    use futures_util::AsyncWriteExt;

    use super::*;

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

    #[test]
    fn what_was_taken_and_is_never_sent_is_an_error() {
        let turn = Arc::new(Turn::default());
        let _answering = turn.begin();
        let mut wire = Wire::new(Hoard, Arc::clone(&turn), Duration::from_millis(10));
        task::block_on(async {
            wire.write_all(b"answer").await.unwrap();
            assert_eq!(wire.flush().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        });
    }
}
