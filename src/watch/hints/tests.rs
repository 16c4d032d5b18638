use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use async_std::task;
use futures_util::FutureExt;
use notify::{
    Event as Told, EventKind,
    event::{AccessKind, AccessMode, DataChange, Flag, MetadataKind, ModifyKind},
};

use super::*;

const DATA: EventKind = EventKind::Modify(ModifyKind::Data(DataChange::Any));
const MODE: EventKind = EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any));

/// The state that follows one file, and that file.
fn following() -> (tempfile::TempDir, State, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().canonicalize().unwrap().join("config.toml");
    fs::write(&file, "").unwrap();
    let trail = Arc::new(Trail::of(std::slice::from_ref(&file)));
    (folder, State { trail, ..State::default() }, file)
}

fn told(kind: EventKind, path: &Path) -> Told {
    Told::new(kind).add_path(path.to_owned())
}

#[test]
fn only_names_on_the_trail_count() {
    let (folder, mut state, file) = following();
    let now = Instant::now();
    for other in ["config.toml.dpkg-new", ".config.toml.swp", "4913", "config.toml~"] {
        assert!(!state.take_in(Ok(told(DATA, &file.with_file_name(other))), now), "{other}");
    }
    assert!(!state.take_in(Ok(told(EventKind::Access(AccessKind::Open(AccessMode::Any)), &file)), now));
    assert!(state.burst.is_none());
    assert!(state.take_in(Ok(told(DATA, &file)), now));
    assert!(state.take_in(Ok(told(MODE, &folder.path().canonicalize().unwrap())), now));
}

#[test]
fn either_end_of_a_renaming_counts() {
    let (_folder, mut state, file) = following();
    let event = Told::new(MODE).add_path(file.with_file_name("new")).add_path(file);
    assert!(state.take_in(Ok(event), Instant::now()));
}

#[test]
fn lost_events_and_failures_count_though_they_name_nothing() {
    let (_folder, mut state, _) = following();
    assert!(state.take_in(Ok(Told::new(EventKind::Other).set_flag(Flag::Rescan)), Instant::now()));
    assert!(!state.broken);
    assert!(state.take_in(Err(notify::Error::generic("broken")), Instant::now()));
    assert!(state.broken);
}

#[test]
fn a_million_events_are_one_hint() {
    let (_folder, state, file) = following();
    let shared = Arc::new(Shared { state: state.into(), ..Shared::default() });
    let mut reporter = Reporter(Arc::clone(&shared));
    let mut hints = Hints(shared);
    (0..1_000_000).for_each(|_| reporter.handle_event(Ok(told(MODE, &file))));
    task::block_on(timeout(Duration::from_secs(10), hints.settled())).unwrap();
    assert!(hints.0.lock().burst.is_none());
}

#[test]
fn a_call_that_was_dropped_loses_no_hint() {
    let (_folder, state, file) = following();
    let shared = Arc::new(Shared { state: state.into(), ..Shared::default() });
    let mut hints = Hints(Arc::clone(&shared));
    assert!(hints.settled().now_or_never().is_none());
    Reporter(shared).handle_event(Ok(told(MODE, &file)));
    assert!(hints.settled().now_or_never().is_none(), "it has not come to rest yet");
    task::block_on(timeout(Duration::from_secs(10), hints.settled())).unwrap();
}

#[test]
fn a_waiting_call_is_woken() {
    let (_folder, state, file) = following();
    let shared = Arc::new(Shared { state: state.into(), ..Shared::default() });
    let mut hints = Hints(Arc::clone(&shared));
    let waiting = task::spawn(async move { hints.settled().await });
    task::block_on(task::sleep(Duration::from_millis(50)));
    Reporter(shared).handle_event(Ok(told(DATA, &file)));
    task::block_on(timeout(Duration::from_secs(10), waiting)).unwrap();
}
