use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    time::{Duration, Instant},
};

use async_std::{future::timeout, task};
use tempfile::TempDir;

use super::*;

mod loss;
mod ways;

/// How long a hint may take, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait for a hint that must not come: some times what one takes that does.
const SILENCE: Duration = Duration::from_millis(400);

/// A followed file in a folder of its own.
struct Followed {
    _folder: TempDir,
    root: PathBuf,
    file: PathBuf,
    watch: Watch,
    hints: Hints,
}

impl Followed {
    /// Follows the file that `prepare` makes in an empty folder.
    fn new(prepare: impl FnOnce(&Path) -> PathBuf) -> Self {
        Self::with(prepare, Watch::start())
    }

    fn with(prepare: impl FnOnce(&Path) -> PathBuf, (watch, hints): (Watch, Hints)) -> Self {
        let folder = TempDir::new().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let mut followed = Self { _folder: folder, file: prepare(&root), root, watch, hints };
        followed.follow();
        followed
    }

    fn follow(&mut self) {
        self.watch.follow(std::slice::from_ref(&self.file));
    }

    /// Whether a hint comes; follows again when one does, as the daemon would.
    fn hinted_within(&mut self, patience: Duration) -> bool {
        let hinted = task::block_on(timeout(patience, self.hints.settled())).is_ok();
        self.follow();
        hinted
    }

    /// Reads the file after each hint, and only then, until it holds `text`.
    #[track_caller]
    fn becomes(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(self.hinted_within(left), "no hint that the file is now {text:?}");
            if fs::read_to_string(&self.file).is_ok_and(|read| read == text) {
                return;
            }
        }
    }

    /// Waits until all that happened was told.
    fn rest(&mut self) {
        while self.hinted_within(SILENCE) {}
    }
}

/// A plain file.
fn plain(root: &Path) -> PathBuf {
    let file = root.join("config.toml");
    fs::write(&file, "0").unwrap();
    file
}

#[test]
fn reading_and_following_give_no_hint() {
    let mut followed = Followed::new(plain);
    assert_eq!(followed.watch.mode(), Mode::Inotify);
    for _ in 0..10 {
        fs::read(&followed.file).unwrap();
        fs::read_dir(&followed.root).unwrap().for_each(drop);
        followed.follow();
    }
    assert!(!followed.hinted_within(SILENCE));
}

#[test]
fn other_names_give_no_hint() {
    let mut followed = Followed::new(plain);
    for name in ["config.toml.dpkg-new", "config.toml.dpkg-old", ".config.toml.swp", "4913", "config.toml~"] {
        let path = followed.root.join(name);
        fs::write(&path, "other").unwrap();
        fs::rename(&path, followed.root.join("moved")).unwrap();
        fs::remove_file(followed.root.join("moved")).unwrap();
    }
    fs::create_dir(followed.root.join("folder")).unwrap();
    fs::write(followed.root.join("folder/config.toml"), "other").unwrap();
    assert!(!followed.hinted_within(SILENCE));
}

#[test]
fn a_file_followed_no_more_gives_no_hint() {
    let mut followed = Followed::new(plain);
    let other = followed.root.join("key");
    followed.watch.follow(std::slice::from_ref(&other));
    fs::write(&followed.file, "1").unwrap();
    let hint = task::block_on(timeout(SILENCE, followed.hints.settled()));
    assert!(hint.is_err());
    fs::write(&other, "1").unwrap();
    task::block_on(timeout(PATIENCE, followed.hints.settled())).unwrap();
}

#[test]
fn each_of_several_files_gives_hints() {
    let mut followed = Followed::new(plain);
    let files = ["config.toml", "key", "tls/cert.pem"].map(|name| followed.root.join(name));
    for file in &files {
        followed.watch.follow(&files);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "1").unwrap();
        task::block_on(timeout(PATIENCE, followed.hints.settled())).unwrap();
    }
}

#[test]
fn paths_are_the_files_the_links_and_their_ends() {
    let mut followed = Followed::new(plain);
    let root = followed.root.clone();
    fs::create_dir(root.join("real")).unwrap();
    fs::write(root.join("real/key"), "").unwrap();
    std::os::unix::fs::symlink("real", root.join("link")).unwrap();
    followed.watch.follow(&[root.join("missing/ca.pem"), root.join("link/key"), root.join("config.toml")]);
    let expected = ["config.toml", "link", "link/key", "missing", "missing/ca.pem", "real/key"];
    assert_eq!(followed.watch.paths(), expected.map(|name| root.join(name)));
}

#[test]
fn the_mode_is_a_word_of_the_introspection() {
    assert_eq!(serde_json::to_string(&[Mode::Inotify, Mode::Poll]).unwrap(), r#"["inotify","poll"]"#);
}
