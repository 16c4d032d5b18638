//! Why a file may not be read: what the permissions deny, and what grants it without taking it from anybody.

mod ids;

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use ids::{Id, Reader};

/// User ids that people have, as Debian gives them; the others are of services.
const PEOPLE: std::ops::Range<u32> = 1000..60_000;

/// Most links that are followed to what denies.
const LINKS_MAX: usize = 8;

/// The system's "permission denied" with its reason; every other error as it is.
pub(super) fn explained(error: io::Error, path: &Path) -> io::Error {
    // One without a number is of our own making, and says all.
    if error.kind() != io::ErrorKind::PermissionDenied || error.raw_os_error().is_none() {
        return error;
    }
    match reached(path, LINKS_MAX) {
        Some(inode) => {
            io::Error::new(error.kind(), format!("permission denied: {}", inode.told(&Reader::this_process())))
        }
        None => error,
    }
}

/// The file itself, or the last folder on the way to it that can be looked at.
#[derive(Clone)]
struct Inode {
    path: PathBuf,
    owner: Id,
    group: Id,
    mode: u32,
    is_folder: bool,
}

/// Which part of a mode holds for somebody: the first that fits, even where another would grant more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Owner,
    Group,
    Other,
}

/// The last on the way that can be looked at, behind at most so many links: what comes after it is hidden by it.
fn reached(path: &Path, links: usize) -> Option<Inode> {
    path.ancestors().find_map(|path| Inode::at(path).or_else(|| reached(&target(path)?, links.checked_sub(1)?)))
}

fn target(link: &Path) -> Option<PathBuf> {
    Some(link.parent()?.join(fs::read_link(link).ok()?))
}

impl Inode {
    fn at(path: &Path) -> Option<Self> {
        let found = path.metadata().ok()?;
        Some(Self {
            path: path.to_owned(),
            owner: Id::of_user(found.uid()),
            group: Id::of_group(found.gid()),
            mode: found.permissions().mode() & 0o7777,
            is_folder: found.is_dir(),
        })
    }

    fn told(&self, reader: &Reader) -> String {
        let Self { path, owner, group, mode, is_folder } = self;
        let what = if *is_folder { format!("the folder {}", path.display()) } else { "the file".to_owned() };
        let whose = match (&owner.name, &group.name) {
            (Some(owner), Some(group)) => format!("is {owner}:{group} with"),
            _ => "has".to_owned(),
        };
        format!("this runs as {}, and {what} {whose} mode {mode:04o}; {}", reader.user, self.advice(reader))
    }

    fn advice(&self, reader: &Reader) -> String {
        let access = format!("let {} {}", reader.user, if self.is_folder { "in" } else { "read it" });
        if !self.denies(reader) {
            return format!("its mode would {access}: look at AppArmor, SELinux, ACLs and the mount");
        }
        if PEOPLE.contains(&reader.uid) {
            return "use sudo, or ask whom it belongs to".to_owned();
        }
        if self.is_folder && self.mode == 0 {
            return "it is shut to all, as ProtectHome= of a unit does it: move the file elsewhere".to_owned();
        }
        format!("{access} with `{}`", self.granting(reader))
    }

    fn class(&self, reader: &Reader) -> Class {
        if self.owner.number == reader.uid {
            Class::Owner
        } else if reader.is_in(&self.group) {
            Class::Group
        } else {
            Class::Other
        }
    }

    /// Whether it is the mode that denies; none binds root.
    fn denies(&self, reader: &Reader) -> bool {
        let needed = if self.is_folder { 0o1 } else { 0o4 };
        let shift = match self.class(reader) {
            Class::Owner => 6,
            Class::Group => 3,
            Class::Other => 0,
        };
        reader.uid != 0 && (self.mode >> shift) & needed == 0
    }

    /// The command that has the mode deny nothing to this reader any more, and takes from nobody what it granted.
    fn granting(&self, reader: &Reader) -> String {
        let (path, right) = (self.path.display(), if self.is_folder { "x" } else { "r" });
        match self.class(reader) {
            Class::Owner => format!("chmod u+{right} {path}"),
            Class::Group if self.group.number == reader.gid => format!("chmod g+{right} {path}"),
            _ if !self.is_folder && self.is_of_its_owner_alone() => {
                format!("chgrp {} {path} && chmod 0640 {path}", reader.group)
            }
            _ => format!("setfacl -m u:{}:{right} {path}", reader.user),
        }
    }

    /// Whether the group is root's or the owner's own, so that it can be another without anybody missing it.
    fn is_of_its_owner_alone(&self) -> bool {
        let is_owners = self.group.name.is_some() && self.group.name == self.owner.name;
        self.group.number == 0 || is_owners
    }
}

#[cfg(test)]
mod tests;
