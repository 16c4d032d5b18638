//! What systemd is told (`sd_notify(3)`), so that `systemctl status` shows what the daemon thinks of itself.

use std::{
    env, io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
    path::{Path, PathBuf},
    sync::{Mutex, Once, PoisonError},
    time::Duration,
};

use async_std::{future, task};
use sd_notify::NotifyState;

use crate::text::is_unsafe;

/// Most bytes of a status; systemd shows one line of it.
const STATUS_MAX: usize = 900;

/// A full queue may hold up a message, and never the daemon.
const SEND_TIMEOUT: Duration = Duration::from_secs(1);

/// The service manager that started this process. Without one every call does nothing.
pub(super) struct Supervisor {
    socket: Option<PathBuf>,
    /// How often to ping the watchdog, a third of the time it waits; none if nobody watches.
    watchdog: Option<Duration>,
    last_status: Mutex<Option<String>>,
    complained: Once,
}

impl Supervisor {
    /// The one that `$NOTIFY_SOCKET` names, with the watchdog of `$WATCHDOG_USEC` if that is meant for this process.
    pub(super) fn from_env() -> Self {
        let socket = env::var_os("NOTIFY_SOCKET").filter(|path| !path.is_empty()).map(PathBuf::from);
        Self::new(socket, sd_notify::watchdog_enabled())
    }

    /// `limit` is how long the watchdog waits for a ping.
    fn new(socket: Option<PathBuf>, limit: Option<Duration>) -> Self {
        let watchdog = limit.filter(|limit| socket.is_some() && !limit.is_zero()).map(|limit| limit / 3);
        Self { socket, watchdog, last_status: Mutex::default(), complained: Once::new() }
    }

    /// Whether anybody listens.
    pub(super) fn is_there(&self) -> bool {
        self.socket.is_some()
    }

    /// Started, or done with reloading.
    pub(super) fn ready(&self, status: &str) {
        self.send_status(&[NotifyState::Ready], status);
    }

    /// A reload has begun; [`Supervisor::ready`] must follow, whatever comes of it.
    pub(super) fn reloading(&self) {
        // systemd takes the READY=1 that follows for an older reload's unless it knows when this one began.
        let began = NotifyState::monotonic_usec_now().ok();
        let states: Vec<_> = [NotifyState::Reloading].into_iter().chain(began).collect();
        self.send(&states);
    }

    /// A line for `systemctl status`, sent if it is another than the last.
    pub(super) fn status(&self, text: &str) {
        if self.last_status.lock().unwrap_or_else(PoisonError::into_inner).as_ref() != Some(&one_line(text)) {
            self.send_status(&[], text);
        }
    }

    /// From now on the end of the process is meant.
    pub(super) fn stopping(&self) {
        self.send(&[NotifyState::Stopping]);
    }

    /// Pings the watchdog for as long as it is polled, whenever `alive` says true within one pause between two pings. So a
    /// daemon that makes no progress is restarted; returns at once if nobody watches.
    pub(super) async fn keep_alive<F: Future<Output = bool>>(&self, alive: impl Fn() -> F) {
        let Some(pause) = self.watchdog else { return };
        loop {
            if future::timeout(pause, alive()).await == Ok(true) {
                self.send(&[NotifyState::Watchdog]);
            } else {
                log::warn!("no sign of progress within {pause:?}; the watchdog is not pinged");
            }
            task::sleep(pause).await;
        }
    }

    fn send_status(&self, before: &[NotifyState<'_>], text: &str) {
        let line = one_line(text);
        let mut last = self.last_status.lock().unwrap_or_else(PoisonError::into_inner);
        let states: Vec<_> = before.iter().cloned().chain([NotifyState::Status(&line)]).collect();
        if self.send(&states) {
            *last = Some(line);
        }
    }

    /// Sends all in one datagram; false if nobody took it.
    fn send(&self, states: &[NotifyState<'_>]) -> bool {
        let Some(socket) = &self.socket else { return false };
        let lines: String = states.iter().map(|state| format!("{state}\n")).collect();
        let sent = send(socket, lines.as_bytes());
        if let Err(error) = &sent {
            self.complained.call_once(|| log::debug!("notify {}: {error}", socket.display()));
        }
        sent.is_ok()
    }
}

fn send(socket: &Path, message: &[u8]) -> io::Result<()> {
    let from = UnixDatagram::unbound()?;
    from.set_write_timeout(Some(SEND_TIMEOUT))?;
    // A leading @ stands for an address that is in no file system, as containers have it.
    let to = match socket.as_os_str().as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    from.send_to_addr(message, &to).map(drop)
}

/// `text` as systemd can take it: a line end in it would begin the next assignment.
fn one_line(text: &str) -> String {
    let line: String = text.trim().chars().map(|c| if is_unsafe(c) { ' ' } else { c }).collect();
    if line.len() <= STATUS_MAX {
        return line;
    }
    let cut = line.floor_char_boundary(STATUS_MAX - '…'.len_utf8());
    format!("{}…", &line[..cut])
}

#[cfg(test)]
mod tests;
