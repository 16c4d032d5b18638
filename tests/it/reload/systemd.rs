//! What systemd is told of a start, an edit and an end (`sd_notify(3)`), and a SIGHUP that comes early.

use std::{
    fs,
    mem::MaybeUninit,
    process::Child,
    thread,
    time::{Duration, Instant},
};

use async_std::task;
use rustix::{
    fs::inotify::{self, CreateFlags, WatchFlags},
    process::{Pid, Signal, kill_process},
};
use sd_notify::NotifyState;

use super::manager::Manager;
use crate::{
    daemon::sample,
    running::{Running, keyviz, whole},
    stub::Stub,
    support::{PATIENCE, eventually},
};

const PEERS: &str = "fanout.peers = ['127.0.0.1:1', '127.0.0.1:2']\n";

/// A daemon that systemd started, over [`whole`] of `text`.
fn started(text: &str, watchdog_usec: Option<u32>) -> (Running, Manager) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, whole(text)).unwrap();
    let manager = Manager::beside(folder.path());
    let mut command = keyviz(&["run", "--config", file.to_str().unwrap()]);
    manager.watch(&mut command);
    if let Some(usec) = watchdog_usec {
        command.env("WATCHDOG_USEC", usec.to_string());
    }
    (Running::launched(folder, &file, command), manager)
}

fn is_ready(message: &str) -> bool {
    message.lines().any(|line| line == "READY=1")
}

#[test]
fn a_start_is_told_once_with_the_generation_and_the_peers() {
    let (daemon, manager) = started(PEERS, None);
    // What an answered command was told before is all that the start has to tell.
    daemon.asked("status");
    thread::sleep(Duration::from_millis(500));
    assert_eq!(manager.told(), ["READY=1\nSTATUS=generation 1, 2 peers, none asked yet\n"]);
}

#[test]
fn without_peers_the_status_says_what_to_edit() {
    let local = Stub::node("n1", &sample(1));
    let (daemon, manager) = started(&format!("local.source = 'http'\nlocal.url = 'http://{}'", local.name()), None);
    manager.told_when("readiness", |told| told.iter().any(|message| is_ready(message)));
    let mend = format!("generation 1, no peers yet: name them in fanout.peers of {}", daemon.file.display());
    assert_eq!(manager.status(), mend);
}

#[test]
fn a_node_on_this_host_that_is_down_is_told_though_no_entry_lists_it() {
    let peer = Stub::node("n2", &sample(1));
    let down = "local.source = 'http'\nlocal.url = 'http://127.0.0.1:1'\n";
    let (daemon, manager) = started(&format!("{down}fanout.peers = ['{}']\n", peer.name()), None);
    assert!(daemon.asked("status")["local"]["last_error"].is_null());
    daemon.matrix();
    let status = daemon.asked("status");
    assert_eq!(status["local"]["entry"], "127.0.0.1:1");
    assert_eq!(status["peers"][0]["role"], "peer");
    assert_eq!(status["local"]["last_error"]["reason"], "refused");
    let expected = "generation 1, 1 of 1 peer ok; the node on this host fails (refused)";
    manager.told_when("what fails", |_| manager.status() == expected);

    daemon.edit(&format!("{down}fanout.peers = ['127.0.0.1:1', '{}']\n", peer.name()));
    assert_ne!(daemon.asked("reload")["result"], "rejected", "the watch may have taken it before");
    let status = daemon.asked("status");
    assert!(status["local"].is_null());
    assert_eq!(status["peers"][0]["role"], "self");
    assert_eq!(status["peers"][0]["last_error"]["reason"], "refused");
}

#[test]
fn that_no_entry_is_the_node_on_this_host_is_said_once_all_have_answered() {
    let (local, peer) = (Stub::node("n1", &sample(1)), Stub::node("n2", &sample(1)));
    let by_name = |stub: &Stub| stub.name().replace("127.0.0.1", "localhost");
    let here = format!("local.source = 'http'\nlocal.url = 'http://{}'\n", local.name());
    let daemon = Running::start(&format!("{here}fanout.peers = ['{}']\n", by_name(&peer)));
    let why = || daemon.asked("status")["local"]["why"].clone();
    assert_eq!(why(), "no entry of fanout.peers is known to be it yet");
    daemon.matrix();
    assert_eq!(why(), "no entry of fanout.peers is it");

    daemon.edit(&format!("{here}fanout.peers = ['{}', '{}']\n", by_name(&peer), by_name(&local)));
    daemon.asked("reload");
    assert_eq!(why(), "no entry of fanout.peers is known to be it yet");
    daemon.matrix();
    let status = daemon.asked("status");
    assert!(status["local"].is_null(), "{status}");
    assert_eq!(status["peers"][1]["role"], "self");
}

#[test]
fn an_edit_that_is_taken_is_a_reload_from_its_begin_to_readiness() {
    let (daemon, manager) = started(PEERS, None);
    let before = monotonic_usec(&NotifyState::monotonic_usec_now().unwrap().to_string());
    daemon.edit(&format!("{PEERS}fanout.timeout = '3s'"));
    daemon.runs_timeout("3s");
    let told = manager.told_when("readiness after the edit", |told| {
        told.last().is_some_and(|message| message == "READY=1\nSTATUS=generation 2, 2 peers, none asked yet\n")
    });
    let after = monotonic_usec(&NotifyState::monotonic_usec_now().unwrap().to_string());
    let [_start, reload, _end] = told.as_slice() else { panic!("{told:?}") };
    let (reloading, began) = reload.trim_end().split_once('\n').unwrap();
    assert_eq!(reloading, "RELOADING=1");
    assert!((before..=after).contains(&monotonic_usec(began)), "{before}, {began}, {after}");
}

fn monotonic_usec(assignment: &str) -> u64 {
    assignment.strip_prefix("MONOTONIC_USEC=").unwrap().parse().unwrap()
}

#[test]
fn a_refused_edit_is_in_the_status_with_its_place_until_it_is_mended() {
    let (daemon, manager) = started(PEERS, None);
    daemon.edit(&format!("{PEERS}fanout.timeout = 3\nfanout.timeuot = '3s'"));
    assert_eq!(daemon.asked("reload")["result"], "rejected");
    let told = manager.told_when("readiness", |told| told.len() >= 3);
    assert!(told[1].starts_with("RELOADING=1\n") && is_ready(&told[2]), "systemd waits for readiness: {told:?}");
    let status = manager.status();
    let refused = format!("; last edit REFUSED: {}:5:18: fanout.timeout: ", daemon.file.display());
    assert!(status.starts_with("generation 1, ") && status.contains(&refused), "{status}");
    assert!(status.ends_with(" (and 1 more)"), "{status}");

    daemon.edit(PEERS);
    assert_ne!(daemon.asked("reload")["result"], "rejected");
    manager.told_when("the status without it", |_| manager.status() == "generation 1, 2 peers, none asked yet");
}

#[test]
fn an_end_is_told_before_it_comes() {
    let (mut daemon, manager) = started(PEERS, None);
    daemon.signal("-TERM");
    assert!(daemon.ended().success());
    let told = manager.told_when("the end", |told| told.last().is_some_and(|message| message == "STOPPING=1\n"));
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn the_watchdog_is_pinged_again_and_again_and_only_where_there_is_one() {
    let pings = |told: &[String]| told.iter().filter(|message| *message == "WATCHDOG=1\n").count();
    let (_watched, manager) = started(PEERS, Some(1_000_000));
    let (_unwatched, indifferent) = started(PEERS, None);
    let told = manager.told_when("three pings", |told| pings(told) >= 3);
    assert!(is_ready(&told[0]), "nobody watches before readiness: {told:?}");
    assert_eq!(pings(&indifferent.told()), 0);
}

fn hang_up(child: &Child) {
    kill_process(Pid::from_child(child), Signal::HUP).unwrap();
}

/// The signal was not lost: it is an attempt.
fn assert_heard(daemon: &mut Running) {
    task::block_on(eventually("the signal's attempt", async || {
        assert_eq!(daemon.child.try_wait().unwrap(), None, "{}", daemon.log());
        daemon.log().contains("] configuration unchanged (signal)").then_some(())
    }));
}

/// Signals are heard before anything else is done. The file is long, so that reading it takes its time.
#[test]
fn a_sighup_that_comes_with_the_first_look_into_the_file_waits_for_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, whole(PEERS) + &"# nothing to see\n".repeat(200_000)).unwrap();
    let looks = inotify::init(CreateFlags::NONBLOCK).unwrap();
    inotify::add_watch(&looks, &file, WatchFlags::OPEN).unwrap();
    let command = keyviz(&["run", "--config", file.to_str().unwrap()]);
    let mut daemon = Running::disturbed(folder, &file, command, |child| {
        let mut buffer = [MaybeUninit::uninit(); 1024];
        let mut looks = inotify::Reader::new(looks, &mut buffer);
        let begin = Instant::now();
        while looks.next().is_err() {
            assert!(begin.elapsed() < PATIENCE, "it never looked");
        }
        hang_up(child);
    });
    assert_heard(&mut daemon);
}

/// Whether the process has a handler for SIGHUP. From its start until then the kernel ends it by that signal, and nothing
/// in the program can help that; systemd sends none before readiness.
fn hears_hangups(child: &Child) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() & 1 == 1
}

#[test]
fn a_sighup_at_any_moment_of_the_start_is_heard() {
    for delay_us in std::iter::repeat_with(|| fastrand::u64(0..30_000)).take(24) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, whole(PEERS)).unwrap();
        let command = keyviz(&["run", "--config", file.to_str().unwrap()]);
        let mut daemon = Running::disturbed(folder, &file, command, |child| {
            while !hears_hangups(child) {
                thread::yield_now();
            }
            thread::sleep(Duration::from_micros(delay_us));
            hang_up(child);
        });
        assert_heard(&mut daemon);
    }
}
