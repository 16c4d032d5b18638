//! What stands in for systemd: the socket that `NOTIFY_SOCKET` names, and what was said there.

use std::{
    io,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use async_std::task;

use crate::support::eventually;

/// A service manager; it stops listening when it is dropped.
pub(crate) struct Manager {
    path: PathBuf,
    told: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
}

impl Manager {
    /// With its socket in `folder`.
    pub(crate) fn beside(folder: &Path) -> Self {
        let manager = Self { path: folder.join("notify.sock"), told: Arc::default(), over: Arc::default() };
        let socket = UnixDatagram::bind(&manager.path).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let (told, over) = (Arc::clone(&manager.told), Arc::clone(&manager.over));
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            while !over.load(Ordering::Relaxed) {
                match socket.recv(&mut buffer) {
                    Ok(length) => told.lock().unwrap().push(String::from_utf8(buffer[..length].to_vec()).unwrap()),
                    Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                }
            }
        });
        manager
    }

    /// Has `command` report to this one.
    pub(crate) fn watch<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("NOTIFY_SOCKET", &self.path)
    }

    /// Each message so far: assignments, one a line.
    pub(crate) fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    /// All messages so far, once `holds` is true of them.
    pub(crate) fn told_when(&self, what: &str, holds: impl Fn(&[String]) -> bool) -> Vec<String> {
        task::block_on(eventually(what, async || Some(self.told()).filter(|told| holds(told))))
    }

    /// What the status line says now.
    pub(crate) fn status(&self) -> String {
        let told = self.told();
        let mut lines = told.iter().rev().flat_map(|message| message.lines());
        lines.find_map(|line| line.strip_prefix("STATUS=")).unwrap_or_default().to_owned()
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
