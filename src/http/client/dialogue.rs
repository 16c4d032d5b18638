use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use futures_util::{AsyncRead, AsyncWrite};

use super::error::{WireError, WireErrorKind};

/// A stream on which the peer is heard once it was asked, and has to come to the point.
///
/// An overloaded server may answer 503 before it reads, and hyper takes an answer that is there before its request
/// for a broken protocol. And hyper passes over interim heads (1xx) within one poll for as long as more are there, so a
/// peer that sends nothing else would keep the thread, and no timer of the task that waits for it would have its turn.
pub(super) struct Dialogue<T> {
    inner: T,
    asked: bool,
    reader: Option<Waker>,
    /// Bytes that may still be read before the answer's head is there.
    patience: usize,
    answered: Answered,
}

/// Says to a [`Dialogue`] that the answer's head is there: from then on everything is read.
#[derive(Clone, Default)]
pub(super) struct Answered(Arc<AtomicBool>);

impl Answered {
    pub(super) fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<T> Dialogue<T> {
    /// Reads no more once `patience` bytes came without the head of the answer.
    pub(super) fn new(inner: T, patience: usize, answered: Answered) -> Self {
        Self { inner, asked: false, reader: None, patience, answered }
    }

    fn is_out_of_patience(&self) -> bool {
        self.patience == 0 && !self.answered.0.load(Ordering::Relaxed)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Dialogue<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if !self.asked {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        if self.is_out_of_patience() {
            let message = "interim answers (1xx) came, and no end of them";
            return Poll::Ready(Err(WireError::new(WireErrorKind::Malformed, message).into()));
        }
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        if let Poll::Ready(Ok(bytes)) = read {
            self.patience = self.patience.saturating_sub(bytes);
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Dialogue<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        if written.is_ready() {
            self.asked = true;
            if let Some(reader) = self.reader.take() {
                reader.wake();
            }
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{AsyncReadExt, AsyncWriteExt, FutureExt, io::Cursor};

    use super::*;

    #[test]
    fn an_answer_waits_for_the_request() {
        let mut stream = Dialogue::new(Cursor::new(b"request, answer".to_vec()), 100, Answered::default());
        let mut answer = String::new();
        assert!(stream.read_to_string(&mut answer).now_or_never().is_none());
        stream.write_all(b"request").now_or_never().unwrap().unwrap();
        stream.read_to_string(&mut answer).now_or_never().unwrap().unwrap();
        assert_eq!(answer, ", answer");
    }

    #[test]
    fn what_never_comes_to_the_point_is_not_read_for_ever() {
        let answered = Answered::default();
        let mut stream = Dialogue::new(Cursor::new(vec![b'1'; 30]), 10, answered.clone());
        stream.write_all(b"ask").now_or_never().unwrap().unwrap();
        let mut some = [0; 9];
        for _ in 0..2 {
            stream.read_exact(&mut some).now_or_never().unwrap().unwrap();
        }
        assert!(stream.read_exact(&mut some).now_or_never().unwrap().is_err());
        answered.now();
        stream.read_exact(&mut some).now_or_never().unwrap().unwrap();
    }
}
