use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use async_std::future::timeout;
use event_listener::Event;
use notify::{EventHandler, EventKind, event::ModifyKind};

use super::{
    settle::{Burst, Change},
    trail::Trail,
};

/// The receiving end of a [`Watch`](super::Watch): says when it is time to read the followed files again.
#[derive(Debug)]
pub(crate) struct Hints(pub(super) Arc<Shared>);

impl Hints {
    /// Resolves once something changed and writing has come to rest; never once the [`Watch`](super::Watch) is gone.
    /// Dropped before that, it loses nothing: the next call resolves instead.
    pub(crate) async fn settled(&mut self) {
        loop {
            let changed = self.0.changed.listen();
            match self.0.take_due(Instant::now()) {
                Pending::Due => return,
                // Either way it is looked at again.
                Pending::Later(due) => drop(timeout(due.saturating_duration_since(Instant::now()), changed).await),
                Pending::Nothing => changed.await,
            }
        }
    }

    /// Whether something changed that [`settled`](Self::settled) has not told of yet.
    pub(crate) fn are_pending(&self) -> bool {
        self.0.lock().burst.is_some()
    }
}

/// What notify's thread and the tasks share. Its size is bounded by the trail's, however many events come.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Event,
}

#[derive(Debug, Default)]
struct State {
    /// What is followed now: other names in the same folders are nobody's business.
    trail: Arc<Trail>,
    burst: Option<Burst>,
    broken: bool,
}

/// What there is to be told.
#[derive(Debug, PartialEq, Eq)]
enum Pending {
    Nothing,
    Later(Instant),
    Due,
}

impl Shared {
    /// From now on, only what happens on `trail` counts.
    pub(super) fn follow(&self, trail: Arc<Trail>) {
        self.lock().trail = trail;
    }

    /// Whether the watcher reported a failure of its own since the last call.
    pub(super) fn take_broken(&self) -> bool {
        std::mem::take(&mut self.lock().broken)
    }

    fn take_due(&self, now: Instant) -> Pending {
        let mut state = self.lock();
        match state.burst.as_ref().map(Burst::due) {
            None => Pending::Nothing,
            Some(due) if due > now => Pending::Later(due),
            Some(_) => {
                state.burst = None;
                Pending::Due
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes in what the watcher reports at `now`; false when it is of no interest.
    fn take_in(&mut self, event: notify::Result<notify::Event>, now: Instant) -> bool {
        match event {
            Ok(event) if !event.need_rescan() => self.take_in_change(&event, now),
            lost => {
                self.broken |= lost.is_err();
                self.burst(now).add_lost(now);
                true
            }
        }
    }

    fn take_in_change(&mut self, event: &notify::Event, now: Instant) -> bool {
        let Some(change) = Change::of(event.kind) else { return false };
        let trail = Arc::clone(&self.trail);
        let mut counts = false;
        let is_written = !(event.kind.is_create() || event.kind.is_remove() || is_rename(event.kind));
        let counts_for = |path: &Path| trail.contains(path) && !(is_written && trail.is_special(path));
        for path in event.paths.iter().filter(|path| counts_for(path)) {
            self.burst(now).add(path, change, now);
            counts = true;
        }
        counts
    }

    fn burst(&mut self, now: Instant) -> &mut Burst {
        self.burst.get_or_insert_with(|| Burst::new(now))
    }
}

fn is_rename(kind: EventKind) -> bool {
    matches!(kind, EventKind::Modify(ModifyKind::Name(_)))
}

/// The end that notify's thread holds.
#[derive(Debug)]
pub(super) struct Reporter(pub(super) Arc<Shared>);

impl EventHandler for Reporter {
    fn handle_event(&mut self, event: notify::Result<notify::Event>) {
        let of_interest = self.0.lock().take_in(event, Instant::now());
        if of_interest {
            self.0.changed.notify(usize::MAX);
        }
    }
}

#[cfg(test)]
mod tests;
