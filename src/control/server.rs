use std::{
    fs::{self, Metadata, Permissions},
    io,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    time::Duration,
};

use async_std::{
    future::timeout,
    io::{BufReader, prelude::*},
    os::unix::net::{UnixListener, UnixStream},
    task,
};
use futures_util::{FutureExt, StreamExt, stream};
use rustix::{fs::Mode, process::umask};
use serde_json::{Value, json};

use super::{Command, Request};
use crate::config::SOCKET_PATH_MAX;

/// Read and write for the owner and the group.
const MODE: u32 = 0o660;
/// Most bytes of a request, with its line end.
const MAX_LINE: u64 = 256;
/// Most connections at once; further ones wait.
const MAX_CONNECTIONS: usize = 16;
/// Pause after a failed accept, and so between two complaints about that.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// A control socket that clients can connect to. Dropping it removes the file, unless another has taken its place.
#[derive(Debug)]
pub(crate) struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
    file: FileId,
    pub(super) patience: Patience,
}

/// Device and inode of a file.
type FileId = (u64, u64);

/// How long a client may keep a connection waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Until its line has arrived.
    pub(super) reading: Duration,
    /// Until it has taken the answer.
    pub(super) writing: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { reading: Duration::from_secs(1), writing: Duration::from_secs(10) }
    }
}

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
#[error("open the control socket {} (server.control_socket): {cause}", path.display())]
pub(crate) struct BindError {
    path: PathBuf,
    cause: Cause,
}

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("in use: another daemon answers there; end that one, or name another path")]
    InUse,
    #[error("what is there is no socket and stays; remove it, or name another path")]
    NoSocket,
    #[error("there is no folder {}; make it, or name another path", .0.display())]
    NoFolder(PathBuf),
    #[error("the path has {0} bytes, at most {SOCKET_PATH_MAX}; name a shorter one")]
    TooLong(usize),
    #[error("{error}; let the daemon's user write in {}, or name another path", folder.display())]
    NoRights { error: io::Error, folder: PathBuf },
    #[error(transparent)]
    Other(io::Error),
}

impl ControlSocket {
    /// Binds a socket at `path`, closed to others than its owner and its group from its first moment, in place of one
    /// that a daemon left behind when it ended. Must run before other threads make files: the umask is theirs too.
    pub(crate) async fn bind(path: &Path) -> Result<Self, BindError> {
        let failed = |cause| BindError { path: path.to_owned(), cause };
        remove_stale(path).await.map_err(failed)?;
        let (listener, file) = listen(path).await.map_err(|error| failed(Cause::of(error, path)))?;
        Ok(Self { listener, path: path.to_owned(), file, patience: Patience::default() })
    }

    /// Answers clients, until dropped. Nothing that one does ends it; a client that goes away leaves what it asked for
    /// running to its end, and so does dropping this.
    pub(crate) async fn serve<F>(self, answer: impl Fn(Command) -> F)
    where
        F: Future<Output = Value> + Send + 'static,
    {
        let clients =
            stream::unfold(&self.listener, |listener| async move { Some((accept(listener).await, listener)) });
        clients.for_each_concurrent(MAX_CONNECTIONS, |client| talk(client, self.patience, &answer)).await;
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| file_id(&found) == self.file) {
            // Left behind, it is replaced at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl BindError {
    /// Whether it takes another configuration, or another folder, to start.
    pub(crate) fn is_lasting(&self) -> bool {
        !matches!(self.cause, Cause::InUse | Cause::Other(_))
    }
}

impl Cause {
    fn of(error: io::Error, path: &Path) -> Self {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NoFolder(folder.to_owned()),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NoRights { error, folder: folder.to_owned() }
            }
            _ if path.as_os_str().len() > SOCKET_PATH_MAX => Self::TooLong(path.as_os_str().len()),
            _ => Self::Other(error),
        }
    }
}

/// Removes a socket that nobody listens on.
async fn remove_stale(path: &Path) -> Result<(), Cause> {
    // A path that can't be looked at can't be bound either, and that error says more.
    let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        return Err(Cause::NoSocket);
    }
    match UnixStream::connect(path).await {
        Ok(_) => Err(Cause::InUse),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => match fs::symlink_metadata(path) {
            // Another daemon that starts at this moment may have put its own there.
            Ok(now) if file_id(&now) != file_id(&found) => Err(Cause::InUse),
            _ => fs::remove_file(path).map_err(|error| Cause::of(error, path)),
        },
        Err(error) => Err(Cause::of(error, path)),
    }
}

async fn listen(path: &Path) -> io::Result<(UnixListener, FileId)> {
    // Owner and group keep the right to execute for now: it means nothing on a socket, and much on a folder that
    // another thread might make at this moment.
    let before = umask(Mode::RWXO);
    // Binding does not wait, so nothing else of this thread runs under that umask.
    let bound = UnixListener::bind(path).await;
    umask(before);
    let listener = bound?;
    let file = file_id(&fs::symlink_metadata(path)?);
    fs::set_permissions(path, Permissions::from_mode(MODE)).inspect_err(|_| drop(fs::remove_file(path)))?;
    Ok((listener, file))
}

fn file_id(found: &Metadata) -> FileId {
    (found.dev(), found.ino())
}

async fn accept(listener: &UnixListener) -> UnixStream {
    loop {
        match listener.accept().await {
            Ok((client, _)) => return client,
            Err(error) => {
                log::error!("accept a connection on the control socket: {error}");
                task::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn talk<F>(client: UnixStream, patience: Patience, answer: &impl Fn(Command) -> F)
where
    F: Future<Output = Value> + Send + 'static,
{
    let said = match request(&client, patience.reading).await {
        Ok(Some(command)) => finish(answer(command)).await,
        // A daemon that is starting looks in this way whether the socket is in use.
        Ok(None) => return,
        Err(refused) => json!({ "error": refused }),
    };
    let text = format!("{said}\n");
    // Whoever went away, or does not read, has no use for the answer.
    let _ = timeout(patience.writing, (&client).write_all(text.as_bytes())).await;
}

/// The client's command; none when it hung up without a word.
async fn request(client: &UnixStream, within: Duration) -> Result<Option<Command>, String> {
    let mut line = Vec::new();
    let mut reader = BufReader::new(client).take(MAX_LINE);
    let reading = reader.read_until(b'\n', &mut line);
    match timeout(within, reading).await {
        Err(_) => Err(format!("no request line in {}", humantime::format_duration(within))),
        Ok(Err(error)) => Err(format!("read the request: {error}")),
        Ok(Ok(0)) => Ok(None),
        Ok(Ok(_)) if line.len() as u64 == MAX_LINE && !line.ends_with(b"\n") => {
            Err(format!("the request line is longer than {MAX_LINE} bytes"))
        }
        Ok(Ok(_)) => serde_json::from_slice(&line)
            .map(|Request { command }| Some(command))
            .map_err(|error| format!("not a request such as {{\"command\":\"status\"}}: {error}")),
    }
}

/// Runs `work` to its end on a task of its own, whatever becomes of the client; a panic in it is an answer too.
async fn finish(work: impl Future<Output = Value> + Send + 'static) -> Value {
    let outcome = task::spawn(AssertUnwindSafe(work).catch_unwind()).await;
    outcome.unwrap_or_else(|_| {
        log::error!("a command on the control socket panicked");
        json!({ "error": "the daemon failed at this command; its log says where" })
    })
}
