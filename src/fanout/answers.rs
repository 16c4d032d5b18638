//! Answers that clients have still to read: as many as there is memory for, the newest first.

use std::{
    collections::BTreeMap,
    io, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use bytesize::ByteSize;
use futures_util::{AsyncBufRead, AsyncRead};

/// A smaller one costs no more than the connection that it is sent on.
pub(crate) const SMALL: usize = 64 << 10;

/// Between two lines of the log that say that answers are given up.
const SILENCE: Duration = Duration::from_secs(1);

/// All answers of the process that are held for their readers.
///
/// A client that doesn't read keeps its answer from being freed. So where all together are over the limit, the one that
/// was held longest is given up, and not the one that has just been made: whoever reads is served.
#[derive(Debug, Default)]
pub(crate) struct Answers(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// By age, the oldest first.
    held: BTreeMap<u64, Held>,
    bytes: u64,
    next_id: u64,
    given_up: u64,
    told: Option<Instant>,
}

#[derive(Debug)]
struct Held {
    slot: Arc<Slot>,
    since: Instant,
}

/// The bytes, until they are given up.
#[derive(Debug)]
struct Slot {
    bytes: Mutex<Option<Bytes>>,
    length: usize,
}

/// An encoded answer, shared by all who asked for it. It may be given up while clients that don't read hold too many:
/// they find their connections cut.
#[derive(Clone, Debug)]
pub struct AnswerBody(Arc<Owned>);

#[derive(Debug)]
struct Owned {
    slot: Arc<Slot>,
    /// None for one that nobody counts.
    counted: Option<(u64, Arc<Answers>)>,
}

impl Answers {
    /// Holds one more, and gives up the oldest ones until all are within `limit` bytes; but never the one just made.
    pub(crate) fn hold(self: &Arc<Self>, bytes: Bytes, limit: u64) -> AnswerBody {
        let length = bytes.len();
        let slot = Arc::new(Slot { bytes: Mutex::new(Some(bytes)), length });
        let counted = (length > SMALL).then(|| (self.count(&slot, limit), Arc::clone(self)));
        AnswerBody(Arc::new(Owned { slot, counted }))
    }

    fn count(&self, slot: &Arc<Slot>, limit: u64) -> u64 {
        let mut state = self.lock();
        let id = state.next_id;
        state.next_id += 1;
        state.bytes += slot.length as u64;
        state.held.insert(id, Held { slot: Arc::clone(slot), since: Instant::now() });
        while state.bytes > limit && state.held.len() > 1 {
            state.give_up_oldest(limit);
        }
        id
    }

    /// Bytes held, and how many answers were given up.
    pub(crate) fn usage(&self) -> (u64, u64) {
        let state = self.lock();
        (state.bytes, state.given_up)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remove(&mut self, id: u64) -> Option<Held> {
        let held = self.held.remove(&id)?;
        self.bytes -= held.slot.length as u64;
        Some(held)
    }

    fn give_up_oldest(&mut self, limit: u64) {
        let oldest = self.held.first_key_value().map(|(&id, _)| id);
        let Some(Held { slot, since }) = oldest.and_then(|id| self.remove(id)) else { return };
        drop(slot.lock().take());
        self.given_up += 1;
        if self.told.is_none_or(|told| told.elapsed() >= SILENCE) {
            self.told = Some(Instant::now());
            let (length, limit) = (ByteSize(slot.length as u64), ByteSize(limit));
            let age = since.elapsed().as_secs_f64();
            log::warn!(
                "an answer of {length} was given up, and its connections are cut: clients that don't read hold more than \
                 {limit} (fanout.memory_budget), and it was the oldest, {age:.1} s old; {} so far",
                self.given_up
            );
        }
    }
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Option<Bytes>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AnswerBody {
    /// One that there is as long as the process: nobody counts it, and it is never given up.
    pub(crate) fn lasting(bytes: Bytes) -> Self {
        let length = bytes.len();
        Self(Arc::new(Owned { slot: Arc::new(Slot { bytes: Mutex::new(Some(bytes)), length }), counted: None }))
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.0.slot.length
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads it from its beginning; an error once it was given up.
    pub fn reader(&self) -> impl AsyncBufRead + Send + Sync + Unpin + 'static {
        Reader { answer: self.clone(), at: 0, lent: Bytes::new() }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some((id, answers)) = &self.counted {
            // Freed by the slot, not under the lock.
            let _held = answers.lock().remove(*id);
        }
    }
}

/// Has the bytes in hand only between a look and its consumption, so that they are freed when they are given up, however
/// long ago the client has read last.
struct Reader {
    answer: AnswerBody,
    at: usize,
    lent: Bytes,
}

impl AsyncBufRead for Reader {
    fn poll_fill_buf(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.lent.is_empty() && this.at < this.answer.len() {
            let bytes = this.answer.0.slot.lock().clone();
            let given_up = || io::Error::other("the answer was given up: clients that don't read held too many");
            this.lent = bytes.ok_or_else(given_up)?.slice(this.at..);
        }
        Poll::Ready(Ok(&this.lent))
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        self.at += amount;
        drop(mem::take(&mut self.lent));
    }
}

impl AsyncRead for Reader {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let Poll::Ready(bytes) = self.as_mut().poll_fill_buf(cx)? else { return Poll::Pending };
        let length = bytes.len().min(buffer.len());
        buffer[..length].copy_from_slice(&bytes[..length]);
        self.consume(length);
        Poll::Ready(Ok(length))
    }
}

#[cfg(test)]
mod tests {
    use async_std::task;
    use futures_util::{AsyncBufReadExt, AsyncReadExt, FutureExt};

    use super::*;

    const LENGTH: usize = 2 * SMALL;

    fn hold(answers: &Arc<Answers>, byte: u8, limit: usize) -> AnswerBody {
        answers.hold(vec![byte; LENGTH].into(), limit as u64)
    }

    fn read(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        task::block_on(reader.read_to_end(&mut all)).map(|_| all)
    }

    #[test]
    fn over_the_limit_the_oldest_is_given_up_and_the_newest_is_kept() {
        let answers = Arc::default();
        let all = [1, 2, 3].map(|byte| hold(&answers, byte, 2 * LENGTH));
        assert_eq!(answers.usage(), (2 * LENGTH as u64, 1));
        let [a, b, c] = all.each_ref().map(|answer| read(&mut answer.reader()));
        assert!(a.unwrap_err().to_string().contains("given up"));
        assert_eq!((b.unwrap(), c.unwrap()), (vec![2; LENGTH], vec![3; LENGTH]));
        drop(all);
        assert_eq!(answers.usage(), (0, 1));
    }

    #[test]
    fn one_alone_may_be_larger_than_the_limit() {
        let answers = Arc::default();
        let answer = hold(&answers, 1, 10);
        assert_eq!(read(&mut answer.reader()).unwrap().len(), LENGTH);
    }

    #[test]
    fn a_reader_that_was_stopped_half_way_keeps_nothing_from_being_freed() {
        struct Watched(Vec<u8>, #[expect(dead_code, reason = "held")] Arc<()>);
        impl AsRef<[u8]> for Watched {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        let (answers, alive) = (Arc::default(), Arc::new(()));
        let bytes = Bytes::from_owner(Watched(vec![1; LENGTH], Arc::clone(&alive)));
        let mut reader = Answers::hold(&answers, bytes, LENGTH as u64).reader();
        assert_eq!(reader.fill_buf().now_or_never().unwrap().unwrap().len(), LENGTH);
        reader.consume_unpin(1000);
        let _newer = hold(&answers, 2, LENGTH);
        assert_eq!(Arc::strong_count(&alive), 1, "freed, though the reader is still there");
        assert!(reader.fill_buf().now_or_never().unwrap().is_err());
    }

    #[test]
    fn an_answer_counts_until_the_last_who_shares_it_is_done() {
        let answers = Arc::default();
        let answer = hold(&answers, 1, LENGTH);
        let (first, second) = (answer.reader(), answer.reader());
        drop((answer, first));
        assert_eq!(answers.usage().0, LENGTH as u64);
        drop(second);
        assert_eq!(answers.usage().0, 0);
    }

    #[test]
    fn small_ones_are_neither_counted_nor_given_up() {
        let answers: Arc<Answers> = Arc::default();
        let small = answers.hold(vec![1; SMALL].into(), 1);
        let _large = hold(&answers, 2, 1);
        assert_eq!(answers.usage(), (LENGTH as u64, 0));
        assert_eq!(read(&mut small.reader()).unwrap().len(), SMALL);
    }
}
