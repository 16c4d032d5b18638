use std::{
    ffi::OsString,
    fmt::Write,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Found, FoundBy, Loaded, NotFound, Problem, discover, load::load_bytes};

/// Most bytes of a configuration file; one with 1024 peers has a fiftieth of it.
const SIZE_MAX: u64 = 4 << 20;

/// Where the bytes of a configuration came from (SPEC §6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// How it was found.
    pub found_by: FoundBy,
    /// Every path looked at, in order.
    pub searched: Vec<PathBuf>,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
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

/// Finds, reads and checks the configuration. `env` gives an environment variable.
pub fn open(flag: Option<&Path>, env: &impl Fn(&str) -> Option<OsString>) -> Result<(Loaded, Source), OpenError> {
    let rust_log = env("RUST_LOG").and_then(|value| value.into_string().ok());
    open_found(discover(flag, env)?, rust_log.as_deref())
}

/// Reads and checks a file that was found: at start, and again at every reload.
pub fn open_found(found: Found, rust_log: Option<&str>) -> Result<(Loaded, Source), OpenError> {
    let bytes = read(&found.path)?;
    let Found { path, found_by, searched } = found;
    let source = Source { path, found_by, searched, sha256: sha256_hex(&bytes) };
    match load_bytes(&bytes, rust_log) {
        Ok(loaded) => Ok((loaded, source)),
        Err(problems) => Err(OpenError::Invalid { origin: source, problems }),
    }
}

/// The bytes of a configuration file, at most 4 MiB.
pub fn read(path: &Path) -> Result<Vec<u8>, ReadError> {
    read_bounded(path).map_err(|cause| ReadError { path: path.to_owned(), cause })
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory, not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(SIZE_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SIZE_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "is larger than 4 MiB"));
    }
    Ok(bytes)
}

fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
