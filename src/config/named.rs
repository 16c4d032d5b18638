//! The files that a configuration names: they count as parts of it, so a change of one is a change of the configuration.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use super::{
    Config, ReadError,
    file::{read_regular, read_secret},
};

/// Most bytes of a file that the configuration names; a bundle of roots has a quarter of it.
const SIZE_MAX: u64 = 1 << 20;

impl Config {
    /// The files it names, by key. The control socket is none: it is made, not read.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let Self { server, auth, tls, .. } = self;
        let files = [
            ("server.tls_cert_file", &server.tls_cert_file),
            ("server.tls_key_file", &server.tls_key_file),
            ("server.metrics_token_file", &server.metrics_token_file),
            ("auth.signing_key_file", &auth.signing_key_file),
            ("auth.previous_key_file", &auth.previous_key_file),
            ("tls.ca_file", &tls.ca_file),
        ];
        files.into_iter().filter_map(|(key, path)| Some((key, path.as_deref()?)))
    }
}

/// A path that `file` names: a relative one starts at the folder of the file, wherever the daemon was started.
pub(crate) fn beside(file: &Path, path: &Path) -> PathBuf {
    file.parent().map_or_else(|| path.to_owned(), |folder| folder.join(path))
}

/// What the files hold that a configuration names. Secrets mostly, so nothing of it can be shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NamedFiles(BTreeMap<&'static str, Vec<u8>>);

impl NamedFiles {
    /// The bytes of the file that `key` names.
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.0.get(key).map(Vec::as_slice)
    }

    /// All of them, in the order of the keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.0.iter().map(|(key, bytes)| (*key, bytes.as_slice()))
    }

    /// The keys whose file is there in both and holds something else.
    pub(crate) fn differing(&self, other: &Self) -> Vec<&'static str> {
        let differs =
            |(key, bytes): (&&'static str, &Vec<u8>)| other.0.get(key).filter(|other| *other != bytes).map(|_| *key);
        self.0.iter().filter_map(differs).collect()
    }
}

impl fmt::Debug for NamedFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// One of the files, read or not.
#[derive(Debug)]
pub(super) struct NamedFile {
    pub(super) key: &'static str,
    pub(super) path: PathBuf,
    pub(super) contents: Result<Contents, ReadError>,
}

/// Bytes that are not shown.
pub(super) struct Contents(pub(super) Vec<u8>);

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// Keys whose file lets whoever reads it make sessions of the cluster.
const SECRET: [&str; 2] = ["auth.signing_key_file", "auth.previous_key_file"];

/// Reads every file that `config` names, in the order of the keys; `file` is where the configuration itself is from.
pub(super) fn read_all(config: &Config, file: &Path) -> Vec<NamedFile> {
    let read = |(key, path): (_, &Path)| {
        let path = beside(file, path);
        let read = if SECRET.contains(&key) { read_secret } else { read_regular };
        let contents = read(&path, SIZE_MAX).map(Contents);
        NamedFile { key, path, contents }
    };
    let mut files: Vec<_> = config.files().map(read).collect();
    files.sort_unstable_by_key(|file| file.key);
    files
}

impl FromIterator<(&'static str, Contents)> for NamedFiles {
    fn from_iter<I: IntoIterator<Item = (&'static str, Contents)>>(files: I) -> Self {
        Self(files.into_iter().map(|(key, Contents(bytes))| (key, bytes)).collect())
    }
}
