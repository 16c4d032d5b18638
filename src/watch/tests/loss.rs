//! What happens where inotify can't be had, or what it gave is lost; and that nothing is kept for ever.

use std::os::unix::fs::symlink;

use notify::{Error, ErrorKind, RecursiveMode};

use super::*;

/// What an [`Unreliable`] watcher does to its caller.
#[derive(Default)]
struct Faults {
    no_instance: AtomicBool,
    no_watches: AtomicBool,
    dead_thread: AtomicBool,
    started: AtomicUsize,
}

/// notify's own watcher, with the faults it can have.
struct Unreliable {
    inner: notify::RecommendedWatcher,
    faults: Arc<Faults>,
}

impl notify::Watcher for Unreliable {
    fn new<F: notify::EventHandler>(_: F, _: notify::Config) -> notify::Result<Self> {
        Err(Error::generic("made by the test alone"))
    }

    fn watch(&mut self, path: &Path, mode: RecursiveMode) -> notify::Result<()> {
        assert!(!self.faults.dead_thread.load(SeqCst), "as notify does");
        // The outer folders still get theirs, as when others take the last ones.
        if self.faults.no_watches.load(SeqCst) && path.components().count() > 2 {
            return Err(Error::new(ErrorKind::MaxFilesWatch).add_path(path.to_owned()));
        }
        self.inner.watch(path, mode)
    }

    fn unwatch(&mut self, path: &Path) -> notify::Result<()> {
        self.inner.unwatch(path)
    }

    fn kind() -> notify::WatcherKind {
        notify::WatcherKind::Inotify
    }
}

impl Drop for Unreliable {
    fn drop(&mut self) {
        assert!(!self.faults.dead_thread.load(SeqCst), "as notify does");
    }
}

/// A plain file, followed by a watcher with these faults.
fn unreliable(faults: &Arc<Faults>) -> Followed {
    let faults = Arc::clone(faults);
    let start = move |reporter| {
        faults.started.fetch_add(1, SeqCst);
        if faults.no_instance.load(SeqCst) {
            return Err(Error::io(std::io::Error::other("too many open files")));
        }
        let inner = notify::recommended_watcher(reporter)?;
        Ok(Box::new(Unreliable { inner, faults: Arc::clone(&faults) }) as Box<dyn notify::Watcher + Send>)
    };
    Followed::with(plain, Watch::with(start))
}

/// While `fault` holds, the mode is poll; then inotify is back, and tells of changes.
#[track_caller]
fn survives(fault: fn(&Faults) -> &AtomicBool) {
    let faults = Arc::<Faults>::default();
    fault(&faults).store(true, SeqCst);
    let mut followed = unreliable(&faults);
    for text in ["1", "2"] {
        assert_eq!(followed.watch.mode(), Mode::Poll);
        followed.follow();
        assert_eq!(followed.watch.mode(), Mode::Poll);
        fault(&faults).store(false, SeqCst);
        followed.follow();
        assert_eq!(followed.watch.mode(), Mode::Inotify);
        fs::write(&followed.file, text).unwrap();
        followed.becomes(text);
        fault(&faults).store(true, SeqCst);
        followed.follow();
    }
    fault(&faults).store(false, SeqCst);
}

#[test]
fn without_an_instance_it_is_polled_until_there_is_one() {
    let faults = Arc::<Faults>::default();
    faults.no_instance.store(true, SeqCst);
    let mut followed = unreliable(&faults);
    assert_eq!(followed.watch.mode(), Mode::Poll);
    faults.no_instance.store(false, SeqCst);
    followed.follow();
    assert_eq!(followed.watch.mode(), Mode::Inotify);
    fs::write(&followed.file, "1").unwrap();
    followed.becomes("1");
}

#[test]
fn without_watches_it_is_polled_until_there_are_some() {
    survives(|faults| &faults.no_watches);
}

#[test]
fn without_its_thread_it_is_polled_until_another_is_started() {
    survives(|faults| &faults.dead_thread);
}

#[test]
fn a_watcher_that_failed_is_replaced() {
    let faults = Arc::<Faults>::default();
    let mut followed = unreliable(&faults);
    let mut reporter = Reporter(Arc::clone(&followed.watch.shared));
    notify::EventHandler::handle_event(&mut reporter, Err(Error::generic("broken")));
    assert!(followed.hinted_within(PATIENCE), "what it did not tell is looked for");
    assert_eq!(faults.started.load(SeqCst), 2);
    fs::write(&followed.file, "1").unwrap();
    followed.becomes("1");
}

/// For each inotify instance of this process that watches the inode, the number of its watches.
fn instances_watching(inode: u64) -> Vec<usize> {
    let infos = fs::read_dir("/proc/self/fdinfo").unwrap().flatten();
    let watches = infos.filter_map(|info| fs::read_to_string(info.path()).ok());
    watches
        .filter(|text| text.contains(&format!(" ino:{inode:x} ")))
        .map(|text| text.lines().filter(|line| line.starts_with("inotify wd:")).count())
        .collect()
}

#[test]
fn nothing_grows_however_often_it_follows() {
    let faults = Arc::<Faults>::default();
    let mut followed = unreliable(&faults);
    let inode = fs::metadata(&followed.root).unwrap().ino();
    followed.file = followed.root.join("a/config.toml");
    fs::create_dir(followed.root.join("a")).unwrap();
    plain(&followed.root.join("a"));
    followed.follow();
    let at_first = instances_watching(inode);
    assert_eq!(at_first.len(), 1);
    for i in 0..300 {
        // Folders that were moved away are still there, and must not be watched on.
        let [folder, away] = [PathBuf::from("a"), format!("away {i}").into()].map(|name| followed.root.join(name));
        if i % 2 == 0 { fs::rename(&folder, away) } else { fs::remove_dir_all(&folder) }.unwrap();
        if i % 3 == 0 {
            followed.follow();
        }
        fs::create_dir(&folder).unwrap();
        plain(&folder);
        followed.follow();
        assert_eq!(instances_watching(inode), at_first, "round {i}");
    }
    assert_eq!(faults.started.load(SeqCst), 1, "so there is one thread and one set of descriptors");
}

#[test]
fn folders_no_longer_on_the_way_are_let_go() {
    let mut followed = Followed::new(plain);
    let inode = fs::metadata(&followed.root).unwrap().ino();
    let [current, new] = ["current", "new"].map(|name| followed.root.join(name));
    followed.file = current.join("config.toml");
    let mut release = |name: &str| {
        fs::create_dir(followed.root.join(name)).unwrap();
        plain(&followed.root.join(name));
        symlink(name, &new).unwrap();
        fs::rename(&new, &current).unwrap();
        followed.follow();
        instances_watching(inode)
    };
    let at_first = release("0");
    for i in 1..20 {
        assert_eq!(release(&i.to_string()), at_first);
    }
}

#[test]
fn dropping_it_ends_its_watches() {
    let Followed { _folder, root, watch, .. } = Followed::new(plain);
    let inode = fs::metadata(&root).unwrap().ino();
    assert_eq!(instances_watching(inode).len(), 1);
    drop(watch);
    let deadline = Instant::now() + PATIENCE;
    while !instances_watching(inode).is_empty() {
        assert!(Instant::now() < deadline, "its thread goes on");
        std::thread::sleep(Duration::from_millis(10));
    }
}
