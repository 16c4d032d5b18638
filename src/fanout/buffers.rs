//! Memory of large bodies, used again.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use async_std::task;
use bytes::Bytes;

/// Bodies smaller than this are left to the allocator.
const LARGE: usize = 1 << 20;

/// More than an allocation of this size glibc maps by itself and gives back when it is freed. Freeing a smaller one makes
/// it keep that much from then on, in every thread's arena. What is not written to costs nothing.
const MAPPED: usize = 32 << 20;

/// Most bytes that free buffers have room for together: those of two large requests. What was written to them is memory that
/// nobody accounts for.
const KEPT: usize = 512 << 20;

/// Buffers that nobody needed for so long are freed.
const IDLE: Duration = Duration::from_secs(2);

/// Buffers for bodies: a large one that was given back is taken again while requests keep coming, since new memory costs
/// as much as filling it, and freed soon after.
#[derive(Debug, Default)]
pub(crate) struct Buffers(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    free: Vec<Vec<u8>>,
    /// The least that were free at once since the last sweep: so many were not needed.
    unneeded: usize,
    swept: bool,
}

impl Buffers {
    /// An empty buffer for `bytes`, which may turn out to be more.
    pub(crate) fn take(&self, bytes: usize) -> Vec<u8> {
        if bytes < LARGE {
            return Vec::with_capacity(bytes);
        }
        let capacity = MAPPED.saturating_add(bytes);
        self.lock().take(capacity).unwrap_or_else(|| Vec::with_capacity(capacity))
    }

    /// Makes room for `more` bytes.
    pub(crate) fn reserve(self: &Arc<Self>, buffer: &mut Vec<u8>, more: usize) {
        let needed = buffer.len() + more;
        if needed > buffer.capacity() {
            let mut larger = self.take(needed.max(buffer.capacity() * 2));
            larger.extend_from_slice(buffer);
            self.give(mem::replace(buffer, larger));
        }
    }

    /// Takes a buffer back.
    pub(crate) fn give(self: &Arc<Self>, mut buffer: Vec<u8>) {
        if buffer.capacity() < MAPPED {
            return;
        }
        buffer.clear();
        let mut state = self.lock();
        if buffer.capacity() + state.free.iter().map(Vec::capacity).sum::<usize>() > KEPT {
            return;
        }
        state.free.push(buffer);
        if !mem::replace(&mut state.swept, true) {
            task::spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// The buffer as bytes to be shared; it comes back when the last of them are dropped.
    pub(crate) fn share(self: &Arc<Self>, buffer: Vec<u8>) -> Bytes {
        Bytes::from_owner(Shared { buffer, home: Arc::clone(self) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The smallest that has the capacity, else the largest: so the same bodies find the same buffers again.
    fn take(&mut self, capacity: usize) -> Option<Vec<u8>> {
        let fit = |(_, buffer): &(usize, &Vec<u8>)| match buffer.capacity() {
            enough if enough >= capacity => (false, enough),
            less => (true, usize::MAX - less),
        };
        let (place, _) = self.free.iter().enumerate().min_by_key(fit)?;
        let buffer = self.free.swap_remove(place);
        self.unneeded = self.unneeded.min(self.free.len());
        Some(buffer)
    }

    /// Frees what was not needed since the last time; whether nothing is left.
    fn sweep(&mut self) -> bool {
        self.free.drain(..self.unneeded);
        self.unneeded = self.free.len();
        self.swept = !self.free.is_empty();
        !self.swept
    }
}

async fn sweep(buffers: Weak<Buffers>) {
    loop {
        task::sleep(IDLE).await;
        match buffers.upgrade() {
            Some(buffers) if !buffers.lock().sweep() => {}
            _ => return,
        }
    }
}

struct Shared {
    buffer: Vec<u8>,
    home: Arc<Buffers>,
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.home.give(mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free(buffers: &Buffers) -> usize {
        buffers.lock().free.len()
    }

    #[test]
    fn a_large_buffer_is_taken_again_and_a_small_one_is_not_kept() {
        let buffers = Arc::new(Buffers::default());
        buffers.give(buffers.take(LARGE - 1));
        assert_eq!(free(&buffers), 0);
        let large = buffers.take(LARGE);
        let address = large.as_ptr();
        buffers.give(large);
        let again = buffers.take(LARGE);
        assert_eq!(again.as_ptr(), address);
    }

    #[test]
    fn a_body_takes_the_smallest_buffer_that_holds_it() {
        let buffers = Arc::new(Buffers::default());
        let all = [3, 1, 2].map(|size| buffers.take(size * LARGE));
        let [three, _, two] = all.each_ref().map(Vec::as_ptr);
        for buffer in all {
            buffers.give(buffer);
        }
        let fitting = buffers.take(2 * LARGE);
        assert_eq!(fitting.as_ptr(), two);
        let largest = buffers.take(9 * LARGE);
        assert_eq!(largest.as_ptr(), three, "what is too small is better than new memory");
    }

    #[test]
    fn no_more_are_kept_than_large_requests_need() {
        let buffers = Arc::new(Buffers::default());
        for buffer in [(); 40].map(|()| buffers.take(LARGE)) {
            buffers.give(buffer);
        }
        let kept: usize = buffers.lock().free.iter().map(Vec::capacity).sum();
        assert!((KEPT / 2..=KEPT).contains(&kept), "{kept}");
    }

    #[test]
    fn what_a_period_did_not_need_is_freed_at_its_end() {
        let buffers = Arc::new(Buffers::default());
        let both = [(); 2].map(|()| buffers.take(LARGE));
        for buffer in both {
            buffers.give(buffer);
        }
        buffers.lock().sweep();
        buffers.give(buffers.take(LARGE));
        assert!(!buffers.lock().sweep());
        assert_eq!(free(&buffers), 1, "one was in use, one never");
        assert!(buffers.lock().sweep());
        assert_eq!(free(&buffers), 0);
    }

    #[test]
    fn shared_bytes_come_back_with_the_last_of_them() {
        let buffers = Arc::new(Buffers::default());
        let shared = buffers.share(buffers.take(LARGE));
        let also = shared.clone();
        drop(shared);
        assert_eq!(free(&buffers), 0);
        drop(also);
        assert_eq!(free(&buffers), 1);
    }

    #[test]
    fn a_body_that_grows_keeps_its_bytes() {
        let buffers = Arc::new(Buffers::default());
        let mut body = Vec::new();
        for byte in 0..=255 {
            buffers.reserve(&mut body, 8 << 10);
            body.extend([byte; 8 << 10]);
        }
        assert!(body.chunks(8 << 10).zip(0..=255).all(|(chunk, byte)| chunk.iter().all(|&other| other == byte)));
        assert!(body.capacity() > MAPPED);
    }
}
