use std::{
    ffi::OsString,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::Serialize;

/// The system's file, looked at last.
const ETC: &str = "/etc/keyviz-fanout/config.toml";

/// The variable that names a file.
const VARIABLE: &str = "KEYVIZ_FANOUT_CONFIG";

/// How the file was found (SPEC §5, §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FoundBy {
    /// `--config`.
    Flag,
    /// `$KEYVIZ_FANOUT_CONFIG`.
    Env,
    /// `$XDG_CONFIG_HOME`, or `~/.config`.
    Xdg,
    /// `/etc`.
    Etc,
}

/// The file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// As named, or as made from the environment.
    pub path: PathBuf,
    /// What led to it.
    pub found_by: FoundBy,
    /// Every path looked at, in order; the last is `path`.
    pub searched: Vec<PathBuf>,
}

/// No file: what was looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct NotFound {
    /// Every path looked at, in order.
    pub searched: Vec<PathBuf>,
    /// What named the one path that had to exist.
    pub named_by: Option<FoundBy>,
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let searched: Vec<_> = self.searched.iter().map(|path| path.display().to_string()).collect();
        let searched = searched.join(", ");
        match self.named_by {
            Some(FoundBy::Flag) => write!(f, "no config file at {searched}, named on the command line"),
            Some(_) => write!(f, "no config file at {searched}, named by ${VARIABLE}"),
            None => write!(f, "no config file; looked at {searched}; name one with --config or ${VARIABLE}"),
        }
    }
}

/// Finds the configuration file, in the order of SPEC §5. `env` gives an environment variable; an empty one counts as
/// unset. A file that is named (`flag`, variable) must exist: a typo must not start another configuration.
pub fn discover(flag: Option<&Path>, env: &impl Fn(&str) -> Option<OsString>) -> Result<Found, NotFound> {
    discover_with(flag, env, Path::new(ETC))
}

pub(super) fn discover_with(
    flag: Option<&Path>,
    env: &impl Fn(&str) -> Option<OsString>,
    etc: &Path,
) -> Result<Found, NotFound> {
    let variable = |name| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let named = flag.map(|path| (path.to_owned(), FoundBy::Flag));
    if let Some((path, found_by)) = named.or_else(|| Some((variable(VARIABLE)?, FoundBy::Env))) {
        let searched = vec![path.clone()];
        if is_there(&path) {
            return Ok(Found { path, found_by, searched });
        }
        return Err(NotFound { searched, named_by: Some(found_by) });
    }
    // The XDG specification has relative paths ignored.
    let absolute = |path: &PathBuf| path.is_absolute();
    let home = || variable("HOME").filter(absolute).map(|home| home.join(".config"));
    let xdg = variable("XDG_CONFIG_HOME").filter(absolute).or_else(home);
    let xdg = xdg.map(|folder| (folder.join("keyviz-fanout/config.toml"), FoundBy::Xdg));
    let mut searched = Vec::new();
    for (path, found_by) in xdg.into_iter().chain([(etc.to_owned(), FoundBy::Etc)]) {
        searched.push(path.clone());
        if is_there(&path) {
            return Ok(Found { path, found_by, searched });
        }
    }
    Err(NotFound { searched, named_by: None })
}

/// A path that can't be looked at counts as there: reading it then says why, and no other file is taken in its place.
fn is_there(path: &Path) -> bool {
    let absent = |error: io::Error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    fs::metadata(path).map_or_else(|error| !absent(error), |_| true)
}
