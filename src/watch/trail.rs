use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

/// As many symlinks as Linux follows in one path before it says that there are too many.
const MAX_HOPS: usize = 40;

/// The names that are looked up when files are opened: each by its physical path, whose folders are no symlinks.
///
/// What a file's name leads to changes only when one of these does, and what the file holds when the last one does.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Trail(BTreeMap<PathBuf, Found>);

/// What a name stands for.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Folder,
    File,
    /// A device, pipe or socket: those change with every write of anybody, with this process' own log perhaps, and hold no
    /// configuration. What counts is whether something else takes the name.
    Special,
    /// With its target, as written.
    Symlink(PathBuf),
    /// Nothing, or nothing that this process may see.
    Missing,
}

impl Trail {
    /// The trail of `files`, which are absolute, as things are now.
    pub(super) fn of(files: &[PathBuf]) -> Self {
        let mut trail = Self::default();
        for file in files {
            trail.walk(file);
        }
        trail
    }

    /// Whether a change of what is at `path` may matter.
    pub(super) fn contains(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    /// Whether what is at `path` matters by its name alone, whatever is written to it.
    pub(super) fn is_special(&self, path: &Path) -> bool {
        self.0.get(path) == Some(&Found::Special)
    }

    /// The folders that hold the names, outermost first.
    pub(super) fn folders(&self) -> BTreeSet<&Path> {
        self.0.keys().filter_map(|path| path.parent()).collect()
    }

    /// The files that the names lead to, and those found where a folder should be.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().filter(|(_, found)| **found == Found::File).map(|(path, _)| path.as_path())
    }

    /// The names that are not just folders on the way: symlinks, files, and what is missing.
    pub(super) fn landmarks(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().filter(|(_, found)| **found != Found::Folder).map(|(path, _)| path.as_path())
    }

    /// Goes the way that the kernel goes on opening `file`, as far as it leads.
    fn walk(&mut self, file: &Path) {
        let mut here = PathBuf::from("/");
        let mut ahead = steps(file);
        let mut hops = 0;
        while let Some(step) = ahead.pop() {
            if step == ".." {
                here.pop();
                continue;
            }
            here.push(&step);
            if here.parent().is_none() {
                continue;
            }
            let found = look(&here);
            let target = if let Found::Symlink(target) = &found { Some(steps(target)) } else { None };
            let leads_on = found == Found::Folder || target.is_some();
            self.0.insert(here.clone(), found);
            hops += usize::from(target.is_some());
            if !leads_on || hops > MAX_HOPS {
                return;
            }
            if let Some(target) = target {
                here.pop();
                ahead.extend(target);
            }
        }
    }
}

/// The components of a path, the first one last.
fn steps(path: &Path) -> Vec<OsString> {
    path.components().rev().map(|component| component.as_os_str().to_owned()).collect()
}

fn look(path: &Path) -> Found {
    let Ok(metadata) = fs::symlink_metadata(path) else { return Found::Missing };
    if metadata.is_dir() {
        Found::Folder
    } else if metadata.is_file() {
        Found::File
    } else if metadata.is_symlink() {
        fs::read_link(path).map_or(Found::Missing, Found::Symlink)
    } else {
        Found::Special
    }
}

#[cfg(test)]
mod tests;
