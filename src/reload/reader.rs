use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_std::task;

use crate::{
    api::Trigger,
    config::{Fingerprint, Found, Pipes, Reading},
    watch::{Hints, Mode, Watch},
};

/// Between two readings of a file that somebody may be writing.
const PAUSE: Duration = Duration::from_millis(100);

/// So long a reading has to stay the same before it counts.
const STEADY: Duration = Duration::from_millis(200);

/// The same for one that looks as if it were half written.
const STEADY_UNFINISHED: Duration = Duration::from_millis(500);

/// After this the last reading counts, steady or not: somebody may be writing without end.
const LONGEST: Duration = Duration::from_millis(700);

/// The same where no event told of the change: SPEC §5 leaves more time then, and whoever asks waits for the verdict.
const LONGEST_UNTOLD: Duration = Duration::from_secs(3);

/// Reads the file and what it names, and follows what it has read.
pub(super) struct Reader {
    found: Found,
    rust_log: Option<String>,
    watch: Arc<Mutex<Watch>>,
    /// What is followed: the files of the last reading.
    following: Vec<PathBuf>,
}

impl Reader {
    pub(super) fn new(found: Found, rust_log: Option<String>) -> (Self, Hints) {
        let (watch, hints) = Watch::start();
        let following = vec![found.path.clone()];
        (Self { found, rust_log, watch: Arc::new(Mutex::new(watch)), following }, hints)
    }

    /// The file's path, to be shown.
    pub(super) fn path(&self) -> String {
        self.found.path.display().to_string()
    }

    /// How changes are noticed, and of what.
    pub(super) fn watching(&self) -> (Mode, Vec<String>) {
        let watch = lock(&self.watch);
        (watch.mode(), watch.paths().iter().map(|path| path.to_string_lossy().into_owned()).collect())
    }

    /// Reads until it finds what was `seen` before, or what looks whole, or what stays as it is.
    pub(super) async fn read(&mut self, trigger: Trigger, seen: Fingerprint) -> Reading {
        let begun = Instant::now();
        let longest = if trigger == Trigger::Watch { LONGEST } else { LONGEST_UNTOLD };
        let mut reading = self.read_once().await;
        let (mut since, mut steady) = (Instant::now(), Duration::ZERO);
        loop {
            let found = reading.fingerprint();
            if found == seen || steady >= steady_for(trigger, &reading) || begun.elapsed() >= longest {
                return reading;
            }
            task::sleep(PAUSE).await;
            // From the end of one reading to the beginning of another, or one that takes long would pass for two.
            let again = Instant::now();
            reading = self.read_once().await;
            if reading.fingerprint() != found {
                since = Instant::now();
            }
            steady = again.saturating_duration_since(since);
        }
    }

    /// Follows before it reads: what changes later is told by a hint. What the file names is known only once it is read.
    async fn read_once(&mut self) -> Reading {
        let reading = self.follow_and_read().await;
        // Of a file that is broken nobody knows what it names: what it named before is kept in sight.
        if reading.is_broken() || reading.paths() == self.following {
            return reading;
        }
        self.following = reading.paths();
        self.follow_and_read().await
    }

    async fn follow_and_read(&self) -> Reading {
        let (watch, following) = (Arc::clone(&self.watch), self.following.clone());
        let (found, rust_log) = (self.found.clone(), self.rust_log.clone());
        let reading = task::spawn_blocking(move || {
            lock(&watch).follow(&following);
            Reading::take(found, rust_log.as_deref(), Pipes::Refuse)
        });
        reading.await
    }
}

/// How long a reading has to stay the same. One that is whole and valid counts at once if an event told that the writing
/// is over; an error counts when it is there to stay.
fn steady_for(trigger: Trigger, reading: &Reading) -> Duration {
    match trigger {
        _ if reading.seems_unfinished() => STEADY_UNFINISHED,
        Trigger::Watch if !reading.is_broken() => Duration::ZERO,
        _ => STEADY,
    }
}

fn lock(watch: &Mutex<Watch>) -> MutexGuard<'_, Watch> {
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}
