use std::{
    os::unix::net::UnixDatagram,
    sync::atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;

use super::*;

/// systemd's end of the socket.
struct Manager {
    socket: UnixDatagram,
    folder: TempDir,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self { socket, folder }
    }

    fn supervisor(&self, limit: Option<Duration>) -> Supervisor {
        Supervisor::new(Some(self.folder.path().join("notify")), limit)
    }

    /// What was sent so far, a text per datagram: a send has arrived when it returns.
    fn told(&self) -> Vec<String> {
        let mut buffer = [0; 2000];
        std::iter::from_fn(|| self.socket.recv(&mut buffer).ok().map(|end| buffer[..end].to_vec()))
            .map(|bytes| String::from_utf8(bytes).unwrap())
            .collect()
    }
}

#[test]
fn a_start_a_reload_and_an_end_are_told_each_in_one_datagram() {
    let manager = Manager::new();
    let supervisor = manager.supervisor(None);
    supervisor.ready("3 peers");
    supervisor.reloading();
    supervisor.ready("4 peers");
    supervisor.stopping();
    let told = manager.told();
    let [start, reload, reloaded, end] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!([start, reloaded, end], ["READY=1\nSTATUS=3 peers\n", "READY=1\nSTATUS=4 peers\n", "STOPPING=1\n"]);
    let began = reload.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").and_then(|rest| rest.strip_suffix('\n'));
    assert!(began.is_some_and(|usec| usec.parse::<u64>().is_ok()), "{reload}");
}

#[test]
fn a_status_is_sent_when_it_is_another_than_the_last() {
    let manager = Manager::new();
    let supervisor = manager.supervisor(None);
    supervisor.ready("a");
    for status in ["a", "b", "b\n", "a"] {
        supervisor.status(status);
    }
    assert_eq!(manager.told(), ["READY=1\nSTATUS=a\n", "STATUS=b\n", "STATUS=a\n"]);
}

#[test]
fn a_status_that_nobody_took_is_sent_again() {
    let manager = Manager::new();
    let supervisor = manager.supervisor(None);
    let (socket, aside) = (manager.folder.path().join("notify"), manager.folder.path().join("aside"));
    std::fs::rename(&socket, &aside).unwrap();
    supervisor.status("a");
    std::fs::rename(&aside, &socket).unwrap();
    supervisor.status("a");
    supervisor.status("a");
    assert_eq!(manager.told(), ["STATUS=a\n"]);
}

#[test]
fn a_status_is_one_line_and_not_long() {
    assert_eq!(one_line("config.toml:7:\r\u{1b}[31mbad\u{202e}\nREADY=1\n"), "config.toml:7:  [31mbad  READY=1");
    assert_eq!(one_line(&"x".repeat(STATUS_MAX)), "x".repeat(STATUS_MAX));
    for text in ["x".repeat(STATUS_MAX + 1), "é".repeat(STATUS_MAX), "€".repeat(STATUS_MAX)] {
        let line = one_line(&text);
        assert!(line.len() <= STATUS_MAX && line.len() > STATUS_MAX - 6, "{}", line.len());
        assert!(line.strip_suffix('…').is_some_and(|kept| text.starts_with(kept)));
    }
}

#[test]
fn without_a_manager_nothing_is_done() {
    let supervisor = Supervisor::new(None, Some(Duration::from_secs(3)));
    supervisor.ready("a");
    supervisor.reloading();
    supervisor.status("b");
    supervisor.stopping();
    assert_eq!(supervisor.watchdog, None);
    task::block_on(supervisor.keep_alive(async || panic!("asked though nobody watches")));
}

#[test]
fn the_watchdog_is_pinged_thrice_as_often_as_it_asks() {
    let watchdog = |limit| Manager::new().supervisor(limit).watchdog;
    assert_eq!(watchdog(Some(Duration::from_secs(30))), Some(Duration::from_secs(10)));
    assert_eq!((watchdog(None), watchdog(Some(Duration::ZERO))), (None, None));
}

#[test]
fn only_signs_of_life_ping_the_watchdog() {
    let manager = Manager::new();
    let supervisor = manager.supervisor(Some(Duration::from_millis(30)));
    let asked = AtomicU32::new(0);
    let (done, all_asked) = async_std::channel::bounded(1);
    // The first two checks answer, the third says no, the fourth hangs; the fifth is the sign that all are over.
    let alive = || {
        let turn = asked.fetch_add(1, Ordering::Relaxed);
        let done = done.clone();
        async move {
            match turn {
                0 | 1 => true,
                2 => false,
                3 => std::future::pending().await,
                _ => done.send(()).await.is_err(),
            }
        }
    };
    let all_asked = async { all_asked.recv().await.unwrap() };
    let watched = futures_util::future::select(Box::pin(supervisor.keep_alive(alive)), Box::pin(all_asked));
    task::block_on(future::timeout(Duration::from_secs(30), watched)).unwrap();
    assert_eq!(manager.told(), ["WATCHDOG=1\n", "WATCHDOG=1\n"]);
}
