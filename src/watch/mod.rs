//! Hints that files may have changed, however they were changed (SPEC §5 "Reload").
//!
//! A hint says nothing but "look again": whoever gets one reads the files and compares. So a hint too many is harmless, and
//! one too few is what this module exists to prevent. inotify can't tell of a file by its name: the kernel watches inodes,
//! and a name leads to its file through folders and symlinks, each of which can be replaced. [`trail`] therefore finds
//! every name on the way, and the folders that hold them are watched, up to the root; [`settle`] waits until a change is
//! complete.

mod hints;
mod settle;
mod trail;
mod watcher;

use std::{
    path::{self, PathBuf},
    sync::Arc,
};

use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use self::hints::Hints;
use self::{
    hints::{Reporter, Shared},
    trail::Trail,
    watcher::Watcher,
};

/// How often what moves underfoot is looked at again within one [`Watch::follow`].
const ATTEMPTS: usize = 4;

/// How changes are noticed; the word of SPEC §6 `watch.mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// The kernel tells of each.
    Inotify,
    /// Some would go unnoticed, so that the files must be read from time to time.
    Poll,
}

/// Follows files, and gives [`Hints`] that they may have changed. Dropping it ends the watches and their thread.
pub(crate) struct Watch {
    shared: Arc<Shared>,
    watcher: Watcher,
    files: Vec<PathBuf>,
    trail: Arc<Trail>,
    /// Why not everything is watched.
    trouble: Option<String>,
}

impl Watch {
    /// A watch that follows nothing yet, and where its hints come out.
    pub(crate) fn start() -> (Self, Hints) {
        Self::with(|reporter| Ok(Box::new(notify::recommended_watcher(reporter)?)))
    }

    /// The same with watchers that come from `start`.
    fn with(
        mut start: impl FnMut(Reporter) -> notify::Result<Box<dyn notify::Watcher + Send>> + Send + 'static,
    ) -> (Self, Hints) {
        let shared = Arc::<Shared>::default();
        let reporters = Arc::clone(&shared);
        let watcher = Watcher::new(move || start(Reporter(Arc::clone(&reporters))));
        let watch =
            Self { shared: Arc::clone(&shared), watcher, files: Vec::new(), trail: Arc::default(), trouble: None };
        (watch, Hints(shared))
    }

    /// Follows exactly these files from now on. To be called again after every hint and every poll, for it repairs watches
    /// that were lost. Blocks, though not for long.
    ///
    /// What changes after it returns gives a hint, as far as [`Mode::Inotify`] holds: so follow first, then read.
    pub(crate) fn follow(&mut self, files: &[PathBuf]) {
        // Only a working folder that was removed has no path; nothing relative to it can be found either.
        self.files = files.iter().map(|file| path::absolute(file).unwrap_or_else(|_| file.clone())).collect();
        if self.shared.take_broken() {
            self.watcher.stop();
        }
        let trouble = self.renew().err();
        match (&self.trouble, &trouble) {
            (None, Some(why)) => log::warn!("can't watch all files, so they are polled: {why}"),
            (Some(_), None) => log::info!("all files are watched again"),
            _ => {}
        }
        self.trouble = trouble;
    }

    /// Whether changes of every followed file are noticed by themselves.
    pub(crate) fn mode(&self) -> Mode {
        if self.trouble.is_none() { Mode::Inotify } else { Mode::Poll }
    }

    /// What a reader wants to know of what is followed (SPEC §6 `watch.paths`): the files, each symlink on the way to them
    /// and where it ends; sorted, each once. Plain folders are left out.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let mut paths: Vec<_> = self.files.iter().cloned().chain(self.trail.landmarks().map(Into::into)).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    /// Watches the way to each file, until the way found is the same before and after: what changed in between would
    /// otherwise be missed.
    fn renew(&mut self) -> Result<(), String> {
        let mut outcome = Ok(());
        for _ in 0..ATTEMPTS {
            self.trail = Arc::new(Trail::of(&self.files));
            self.shared.follow(Arc::clone(&self.trail));
            outcome = self.watcher.renew(&self.trail);
            if Trail::of(&self.files) == *self.trail {
                break;
            }
        }
        outcome
    }
}

#[cfg(test)]
mod tests;
