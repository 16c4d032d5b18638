use std::{
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use futures_util::{AsyncRead, AsyncWrite};

/// A stream that is not read before something was written to it.
///
/// An overloaded server may answer 503 before it reads, and hyper takes an answer that is there before its request
/// for a broken protocol.
pub(super) struct AskFirst<T> {
    inner: T,
    asked: bool,
    reader: Option<Waker>,
}

impl<T> AskFirst<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, asked: false, reader: None }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for AskFirst<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.asked {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        self.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for AskFirst<T> {
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
        let mut stream = AskFirst::new(Cursor::new(b"request, answer".to_vec()));
        let mut answer = String::new();
        assert!(stream.read_to_string(&mut answer).now_or_never().is_none());
        stream.write_all(b"request").now_or_never().unwrap().unwrap();
        stream.read_to_string(&mut answer).now_or_never().unwrap().unwrap();
        assert_eq!(answer, ", answer");
    }
}
