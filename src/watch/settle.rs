use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use notify::{
    EventKind,
    event::{AccessKind, AccessMode, CreateKind, ModifyKind},
};

/// How long nothing must happen before a change counts as made, when nobody is known to be writing.
const QUIET: Duration = Duration::from_millis(100);
/// The same while somebody has a file open that he has written to: he may only be slow.
const QUIET_WHILE_OPEN: Duration = Duration::from_millis(700);
/// The longest that a change is held back after its first event. SPEC §5 wants it live within 2 s.
const LONGEST: Duration = Duration::from_millis(1200);

/// What an event says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Somebody writes to it and has not closed it yet.
    Open,
    /// It was closed after writing, replaced as a whole, or removed.
    Whole,
    /// Something else of it changed, such as its mode.
    Other,
}

impl Change {
    /// None for what changes nothing: opening and reading.
    pub(super) fn of(kind: EventKind) -> Option<Self> {
        match kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(Self::Whole),
            EventKind::Access(_) => None,
            // A new file is empty until its maker writes to it.
            EventKind::Modify(ModifyKind::Data(_)) | EventKind::Create(CreateKind::File) => Some(Self::Open),
            EventKind::Modify(ModifyKind::Name(_)) | EventKind::Create(_) | EventKind::Remove(_) => Some(Self::Whole),
            EventKind::Modify(_) | EventKind::Any | EventKind::Other => Some(Self::Other),
        }
    }
}

/// Events in close succession, taken for one change. Knows no clock: the time is told to it.
#[derive(Debug)]
pub(super) struct Burst {
    first: Instant,
    last: Instant,
    open: BTreeSet<PathBuf>,
}

impl Burst {
    /// One that begins with an event at `now`.
    pub(super) fn new(now: Instant) -> Self {
        Self { first: now, last: now, open: BTreeSet::new() }
    }

    /// Takes in that the file at `path` changed at `now`.
    pub(super) fn add(&mut self, path: &Path, change: Change, now: Instant) {
        self.last = now;
        if change == Change::Open {
            self.open.insert(path.to_owned());
        } else if change == Change::Whole {
            self.open.remove(path);
        }
    }

    /// Takes in that events were lost at `now`: who is writing is not known any more.
    pub(super) fn add_lost(&mut self, now: Instant) {
        self.last = now;
        self.open.clear();
    }

    /// When it is over, unless something is added before. Later for each event, except that the end of writing may bring
    /// it forward.
    pub(super) fn due(&self) -> Instant {
        let quiet = if self.open.is_empty() { QUIET } else { QUIET_WHILE_OPEN };
        (self.last + quiet).min(self.first + LONGEST)
    }
}

#[cfg(test)]
mod tests;
