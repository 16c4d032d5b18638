//! One reading of a configuration file and of every file it names: what a reload compares, and what it applies.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{
    Config, Found, Loaded, OpenError, Problem, Source,
    file::{Pipes, ReadError, hex, read_config},
    load::load_bytes,
    named::{self, NamedFile, NamedFiles},
};

/// A configuration as it was read, checked but for what its use will show.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The checked values.
    pub loaded: Loaded,
    /// Where they are from.
    pub source: Source,
    /// What the files hold that they name.
    pub files: NamedFiles,
}

/// What was found at one moment.
#[derive(Debug)]
pub(crate) struct Reading {
    found: Found,
    /// SHA-256 of the file's bytes, hex.
    sha256: Result<String, ReadError>,
    /// Of the bytes, if there are any.
    checked: Result<Loaded, Vec<Problem>>,
    files: Vec<NamedFile>,
    fingerprint: Fingerprint,
    seems_unfinished: bool,
}

/// Tells readings apart. Equal ones come to the same verdict in one process, whose `$RUST_LOG` and restart keys stay as
/// they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a configuration that was taken.
    pub(crate) fn of(source: Option<&Source>, files: &NamedFiles) -> Self {
        let file = Ok(source.map_or("", |source| source.sha256.as_str()));
        Self::new(file, files.iter().map(|(key, bytes)| (key, Ok(bytes))))
    }

    /// The hash of the file, or why there is none; then the files it names, in the order of their keys.
    fn new<'a>(
        file: Result<&str, &ReadError>,
        named: impl Iterator<Item = (&'a str, Result<&'a [u8], &'a ReadError>)>,
    ) -> Self {
        let mut hash = Sha256::new_with_prefix(part(file.map(str::as_bytes)));
        for (key, contents) in named {
            hash.update(Sha256::digest(key));
            hash.update(part(contents));
        }
        Self(hash.finalize().into())
    }
}

/// Of a file that holds what an error says, the hash is another than the error's.
fn part(read: Result<&[u8], &ReadError>) -> [u8; 32] {
    let hash = match read {
        Ok(bytes) => Sha256::new_with_prefix([1]).chain_update(bytes),
        Err(error) => Sha256::new_with_prefix([0]).chain_update(error.to_string()),
    };
    hash.finalize().into()
}

impl Reading {
    /// Reads the file, checks it, and reads what it names. Blocks.
    pub(crate) fn take(found: Found, rust_log: Option<&str>, pipes: Pipes) -> Self {
        Self::with(found, rust_log, pipes, named::read_all)
    }

    /// The same without what the file names.
    pub(super) fn alone(found: Found, rust_log: Option<&str>, pipes: Pipes) -> Self {
        Self::with(found, rust_log, pipes, |_, _| Vec::new())
    }

    fn with(
        found: Found,
        rust_log: Option<&str>,
        pipes: Pipes,
        read_named: impl FnOnce(&Config, &Path) -> Vec<NamedFile>,
    ) -> Self {
        let bytes = read_config(&found.path, pipes);
        let checked = bytes.as_ref().map_or_else(|_| Err(Vec::new()), |bytes| load_bytes(bytes, rust_log));
        let files = checked.as_ref().map_or_else(|_| Vec::new(), |loaded| read_named(&loaded.config, &found.path));
        let seems_unfinished = bytes.as_ref().map_or(true, |bytes| is_cut_off(bytes, &checked))
            || files.iter().any(|file| file.contents.is_err());
        let sha256 = bytes.map(|bytes| hex(&Sha256::digest(bytes)));
        let named = files.iter().map(|file| (file.key, file.contents.as_ref().map(|contents| &*contents.0)));
        let fingerprint = Fingerprint::new(sha256.as_deref(), named);
        Self { found, sha256, checked, files, fingerprint, seems_unfinished }
    }

    /// SHA-256 of the file's bytes, hex; none where it can't be read.
    pub(crate) fn sha256(&self) -> Option<String> {
        self.sha256.as_ref().ok().cloned()
    }

    /// Of all bytes that were read, and of why others were not.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Whether there is nothing to be taken from the file itself.
    pub(crate) fn is_broken(&self) -> bool {
        self.checked.is_err()
    }

    /// Whether it looks as if somebody were at it: a file that is missing or empty, or wrong in a last line without end.
    pub(crate) fn seems_unfinished(&self) -> bool {
        self.seems_unfinished
    }

    /// The files that were read, or would have been.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let named = self.files.iter().map(|file| file.path.clone());
        std::iter::once(self.found.path.clone()).chain(named).collect()
    }

    /// The verdict.
    pub(crate) fn finish(self) -> Result<Opened, OpenError> {
        let Self { found: Found { path, found_by, searched }, sha256, checked, files, .. } = self;
        let source = Source { path, found_by, searched, sha256: sha256? };
        let invalid = |problems| OpenError::Invalid { origin: source.clone(), problems };
        let loaded = checked.map_err(invalid)?;
        let missing = |file: &NamedFile| {
            let error = file.contents.as_ref().err()?;
            Some(loaded.problem(file.key, error.to_string()))
        };
        let problems: Vec<_> = files.iter().filter_map(missing).collect();
        if !problems.is_empty() {
            return Err(invalid(problems));
        }
        let files = files.into_iter().filter_map(|file| Some((file.key, file.contents.ok()?))).collect();
        Ok(Opened { loaded, source, files })
    }
}

fn is_cut_off(bytes: &[u8], checked: &Result<Loaded, Vec<Problem>>) -> bool {
    let lines = bytes.split(|&byte| byte == b'\n').count();
    let in_last_line = |problem: &Problem| problem.line >= lines && !bytes.ends_with(b"\n");
    bytes.trim_ascii().is_empty() || checked.as_ref().is_err_and(|problems| problems.iter().any(in_last_line))
}
