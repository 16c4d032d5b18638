use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use notify::{ErrorKind, RecursiveMode};

use super::trail::Trail;

type Boxed = Box<dyn notify::Watcher + Send>;

/// One of notify's watchers, got when needed, and what it watches. Dropping it ends its thread and its watches.
pub(super) struct Watcher {
    start: Box<dyn FnMut() -> notify::Result<Boxed> + Send>,
    running: Option<Boxed>,
    watched: Vec<PathBuf>,
}

impl Watcher {
    /// Starts nothing yet; `start` is called each time one is needed and none runs.
    pub(super) fn new(start: impl FnMut() -> notify::Result<Boxed> + Send + 'static) -> Self {
        Self { start: Box::new(start), running: None, watched: Vec::new() }
    }

    /// Watches what `trail` needs and nothing else, each of it anew: the kernel watches inodes and notify names, so that
    /// a folder that was replaced under its name, or moved away and back, would be watched in name only.
    ///
    /// The error says what could not be watched, and why; as much as can be is watched all the same.
    pub(super) fn renew(&mut self, trail: &Trail) -> Result<(), String> {
        if self.running.is_none() {
            self.running = Some((self.start)().map_err(|error| reason(&error))?);
        }
        for path in mem::take(&mut self.watched) {
            // Whatever vanished is not watched any more.
            let _ = self.call(|running| running.unwatch(&path));
        }
        // A folder is watched before those in it, so that one that is replaced meanwhile is noticed.
        let folders: Vec<_> = trail.folders().into_iter().map(|folder| self.watch(folder)).collect();
        // For writes that pass by the folder: through another hard link, or a bind mount of the file alone. They are extra,
        // and a file that may not be read can't be watched.
        trail.files().for_each(|file| drop(self.watch(file)));
        folders.into_iter().collect()
    }

    /// Ends the watcher; the next [`renew`](Self::renew) starts another.
    pub(super) fn stop(&mut self) {
        let running = self.running.take();
        self.watched.clear();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(running)));
    }

    fn watch(&mut self, path: &Path) -> Result<(), String> {
        self.call(|running| running.watch(path, RecursiveMode::NonRecursive))
            .map_err(|why| format!("{}: {why}", path.display()))?;
        self.watched.push(path.to_owned());
        Ok(())
    }

    /// notify panics when the thread behind its handle is gone, as it is when it could not be started: that is one more
    /// way of not having inotify.
    fn call(&mut self, call: impl FnOnce(&mut Boxed) -> notify::Result<()>) -> Result<(), String> {
        let Some(running) = &mut self.running else { return Err("the watcher has ended".to_owned()) };
        if let Ok(result) = catch_unwind(AssertUnwindSafe(|| call(running))) {
            result.map_err(|error| reason(&error))
        } else {
            self.stop();
            Err("the watcher's thread is gone".to_owned())
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop();
    }
}

/// notify's error in our words, which name the limit to raise.
fn reason(error: &notify::Error) -> String {
    match &error.kind {
        ErrorKind::MaxFilesWatch => "no inotify watch is left (fs.inotify.max_user_watches)".to_owned(),
        ErrorKind::PathNotFound => "not found".to_owned(),
        ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    }
}
