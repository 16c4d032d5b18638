use std::{
    ffi::OsString,
    fmt::Write,
    fs::File,
    io::{self, Read},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::{Found, FoundBy, NotFound, Opened, Problem, discover, permissions::explained, reading::Reading};
use rustix::fs::OFlags;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// Most bytes of a configuration file; one with 1024 peers has a fiftieth of it.
const SIZE_MAX: u64 = 4 << 20;

/// What a file's mode may have at most that holds a key.
const SECRET_MODE: u32 = 0o640;

/// Where the bytes of a configuration came from (SPEC §6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Source {
    /// The file.
    #[serde(serialize_with = "shown")]
    #[schemars(with = "String")]
    pub path: PathBuf,
    /// How it was found.
    pub found_by: FoundBy,
    /// Every path looked at, in order.
    #[serde(serialize_with = "all_shown")]
    #[schemars(with = "Vec<String>")]
    pub searched: Vec<PathBuf>,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
}

/// JSON can't hold a path that is not UTF-8, which must not keep the rest from being told.
fn shown<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

fn all_shown<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
}

/// A file that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("read {}: {cause}", path.display())]
pub struct ReadError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub cause: io::Error,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No file, or not the one that was named.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// A file that can't be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// A file with problems, all of them in file order.
    #[error("{} has {} problem(s); the first: {}", origin.path.display(), problems.len(), first(problems))]
    Invalid {
        /// The file.
        origin: Source,
        /// At least one.
        problems: Vec<Problem>,
    },
}

fn first(problems: &[Problem]) -> String {
    problems.first().map(ToString::to_string).unwrap_or_default()
}

/// Finds, reads and checks the configuration, and reads the files it names. `env` gives an environment variable.
pub fn open(flag: Option<&Path>, env: &impl Fn(&str) -> Option<OsString>) -> Result<Opened, OpenError> {
    open_found(discover(flag, env)?, env, Pipes::Read)
}

/// [`open`] for a file that was found.
pub(crate) fn open_found(
    found: Found,
    env: &impl Fn(&str) -> Option<OsString>,
    pipes: Pipes,
) -> Result<Opened, OpenError> {
    let rust_log = env("RUST_LOG").and_then(|value| value.into_string().ok());
    Reading::take(found, rust_log.as_deref(), pipes).finish()
}

/// As [`open`], without the files that the configuration names: for those who only ask the daemon or its peers, and who
/// may not read its secrets.
pub(crate) fn open_alone(flag: Option<&Path>, env: &impl Fn(&str) -> Option<OsString>) -> Result<Opened, OpenError> {
    Reading::alone(discover(flag, env)?, None, Pipes::Read).finish()
}

/// What to do with a configuration that comes through a pipe: it can be read once, and blocks until it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pipes {
    Read,
    Refuse,
}

/// The bytes of a configuration file, at most 4 MiB.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ReadError> {
    read_config(path, Pipes::Read)
}

pub(super) fn read_config(path: &Path, pipes: Pipes) -> Result<Vec<u8>, ReadError> {
    match pipes {
        Pipes::Read => in_words(path, || read_bounded(File::open(path)?, SIZE_MAX)),
        Pipes::Refuse => read_regular(path, SIZE_MAX),
    }
}

/// The bytes of a file that is there to be read again, at most `max`.
pub(super) fn read_regular(path: &Path, max: u64) -> Result<Vec<u8>, ReadError> {
    in_words(path, || read_bounded(open_regular(path)?, max))
}

/// [`read_regular`] for what nobody may read but its owner and group.
pub(crate) fn read_secret(path: &Path, max: u64) -> Result<Vec<u8>, ReadError> {
    in_words(path, || {
        let file = open_regular(path)?;
        let mode = file.metadata()?.permissions().mode() & 0o777;
        if mode & !SECRET_MODE != 0 {
            let path = path.display();
            let message = format!("its mode is {mode:04o}, wider than {SECRET_MODE:04o}; run `chmod 0640 {path}`");
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        read_bounded(file, max)
    })
}

/// Whether more than its owner and group may read the file.
pub(crate) fn is_open_to_others(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.permissions().mode() & 0o004 != 0)
}

fn open_regular(path: &Path) -> io::Result<File> {
    // Opening a pipe would otherwise wait for somebody to write to it.
    let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = File::options().read(true).custom_flags(nonblocking).open(path)?;
    let kind = file.metadata()?;
    if kind.is_file() || kind.is_dir() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "is a pipe, a socket or a device, which can't be read again"))
}

fn in_words(path: &Path, read: impl FnOnce() -> io::Result<Vec<u8>>) -> Result<Vec<u8>, ReadError> {
    read().map_err(|cause| ReadError { path: path.to_owned(), cause: explained(cause, path) })
}

fn read_bounded(file: File, max: u64) -> io::Result<Vec<u8>> {
    if file.metadata()?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory, not a file"));
    }
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        let message = format!("is larger than {}", super::text::show_size(max));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
