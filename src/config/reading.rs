//! One reading of a configuration file and of every file it names: what a reload compares, and what it applies.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::{
    Found, Loaded, OpenError, Problem, Source,
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
    bytes: Result<Vec<u8>, ReadError>,
    /// Of the bytes, if there are any.
    checked: Result<Loaded, Vec<Problem>>,
    files: Vec<NamedFile>,
}

/// Tells readings apart: equal ones come to the same verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a configuration that was taken.
    pub(crate) fn of(source: Option<&Source>, files: &NamedFiles) -> Self {
        let file = source.map_or("", |source| &source.sha256);
        Self::new(file, files.iter().map(|(key, bytes)| (key, Ok(bytes))))
    }

    /// `file` is the hash of the file, or why there is none; then the files it names, in the order of their keys.
    fn new<'a>(file: &str, named: impl Iterator<Item = (&'a str, Result<&'a [u8], &'a ReadError>)>) -> Self {
        let mut hash = Sha256::new_with_prefix(Sha256::digest(file));
        for (key, contents) in named {
            hash.update(Sha256::digest(key));
            hash.update(contents.map_or_else(|error| Sha256::digest(error.to_string()), Sha256::digest));
        }
        Self(hash.finalize().into())
    }
}

impl Reading {
    /// Reads the file, checks it, and reads what it names. Blocks.
    pub(crate) fn take(found: Found, rust_log: Option<&str>, pipes: Pipes) -> Self {
        let reading = Self::alone(found, rust_log, pipes);
        let path = &reading.found.path;
        let files =
            reading.checked.as_ref().map_or_else(|_| Vec::new(), |loaded| named::read_all(&loaded.config, path));
        Self { files, ..reading }
    }

    /// The same without what the file names.
    pub(super) fn alone(found: Found, rust_log: Option<&str>, pipes: Pipes) -> Self {
        let bytes = read_config(&found.path, pipes);
        let checked = bytes.as_ref().map_or_else(|_| Err(Vec::new()), |bytes| load_bytes(bytes, rust_log));
        Self { found, bytes, checked, files: Vec::new() }
    }

    /// SHA-256 of the file's bytes, hex; none where it can't be read.
    pub(crate) fn sha256(&self) -> Option<String> {
        self.bytes.as_ref().ok().map(|bytes| hex(&Sha256::digest(bytes)))
    }

    /// Of all bytes that were read, and of why others were not.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let file = self.sha256().or_else(|| self.bytes.as_ref().err().map(ToString::to_string));
        let named = self.files.iter().map(|file| (file.key, file.contents.as_ref().map(|contents| &*contents.0)));
        Fingerprint::new(&file.unwrap_or_default(), named)
    }

    /// Whether there is nothing to be taken from the file itself.
    pub(crate) fn is_broken(&self) -> bool {
        self.checked.is_err()
    }

    /// The files that were read, or would have been.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let named = self.files.iter().map(|file| file.path.clone());
        std::iter::once(self.found.path.clone()).chain(named).collect()
    }

    /// Whether it looks as if somebody were at it: a file that is missing, empty, or wrong at its very end.
    pub(crate) fn seems_unfinished(&self) -> bool {
        let Ok(bytes) = &self.bytes else { return true };
        let lines = bytes.split(|&byte| byte == b'\n').count();
        let at_end = |problem: &Problem| problem.line >= lines && !bytes.ends_with(b"\n");
        bytes.trim_ascii().is_empty()
            || self.checked.as_ref().is_err_and(|problems| problems.iter().any(at_end))
            || self.files.iter().any(|file| file.contents.is_err())
    }

    /// The verdict.
    pub(crate) fn finish(self) -> Result<Opened, OpenError> {
        let Self { found: Found { path, found_by, searched }, bytes, checked, files } = self;
        let sha256 = hex(&Sha256::digest(bytes?));
        let source = Source { path, found_by, searched, sha256 };
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
