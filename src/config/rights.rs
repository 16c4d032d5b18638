//! Why a file may not be read, in words that name the right which is missing, and what gives it.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::process::{getegid, geteuid};

/// User ids that people have, as Debian gives them; the others are of services.
const PEOPLE: std::ops::Range<u32> = 1000..60_000;

/// Most links that are followed to what bars the way.
const LINKS_MAX: usize = 8;

/// The system's "permission denied" with its reason; every other error as it is.
pub(super) fn explained(error: io::Error, path: &Path) -> io::Error {
    // One without a number is of our own making, and says all.
    if error.kind() != io::ErrorKind::PermissionDenied || error.raw_os_error().is_none() {
        return error;
    }
    match bar(path, LINKS_MAX) {
        Some(bar) => io::Error::new(error.kind(), format!("permission denied: {}", bar.told(&Reader::this_process()))),
        None => error,
    }
}

/// Who reads.
struct Reader {
    uid: u32,
    user: String,
    group: String,
}

impl Reader {
    fn this_process() -> Self {
        let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
        Self { uid, user: user(uid), group: group(gid) }
    }
}

/// What is in the way: the file itself, or the folder that may not be entered.
struct Bar {
    path: PathBuf,
    owner: String,
    group: String,
    mode: u32,
    is_folder: bool,
}

/// The last on the way that can be looked at, behind at most so many links: what comes after it is hidden by it.
fn bar(path: &Path, links: usize) -> Option<Bar> {
    path.ancestors().find_map(|path| Bar::at(path).or_else(|| bar(&target(path)?, links.checked_sub(1)?)))
}

fn target(link: &Path) -> Option<PathBuf> {
    Some(link.parent()?.join(fs::read_link(link).ok()?))
}

impl Bar {
    fn at(path: &Path) -> Option<Self> {
        let found = path.metadata().ok()?;
        Some(Self {
            path: path.to_owned(),
            owner: user(found.uid()),
            group: group(found.gid()),
            mode: found.permissions().mode() & 0o7777,
            is_folder: found.is_dir(),
        })
    }

    fn told(&self, reader: &Reader) -> String {
        let Self { path, owner, group, mode, is_folder } = self;
        let path = path.display();
        let its = if *is_folder { format!("the folder {path} is") } else { "the file is".to_owned() };
        let user = &reader.user;
        let mend = match is_folder {
            _ if PEOPLE.contains(&reader.uid) => "use sudo, or ask whom it belongs to".to_owned(),
            true if *mode == 0 => {
                "it is shut to all, as ProtectHome= of a unit does it: move the file elsewhere".to_owned()
            }
            true => format!("let {user} in with `chmod o+x {path}`"),
            false => format!("let {user} read it with `chgrp {} {path} && chmod 0640 {path}`", reader.group),
        };
        format!("this runs as {user}, and {its} {owner}:{group} with mode {mode:04o}; {mend}")
    }
}

fn user(uid: u32) -> String {
    name_in("/etc/passwd", uid)
}

fn group(gid: u32) -> String {
    name_in("/etc/group", gid)
}

/// The name that a table of the system gives to an id, else the id.
fn name_in(table: &str, id: u32) -> String {
    let text = fs::read_to_string(table).unwrap_or_default();
    named(&text, id).unwrap_or_else(|| id.to_string())
}

fn named(table: &str, id: u32) -> Option<String> {
    let id = id.to_string();
    let mut rows = table.lines().map(|line| line.split(':').collect::<Vec<_>>());
    rows.find(|row| row.get(2) == Some(&id.as_str())).map(|row| row[0].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> Reader {
        Reader { uid: 997, user: "daemon".into(), group: "daemons".into() }
    }

    fn root_only(path: &str, mode: u32, is_folder: bool) -> Bar {
        Bar { path: path.into(), owner: "root".into(), group: "root".into(), mode, is_folder }
    }

    #[test]
    fn a_service_is_told_who_it_is_whose_the_file_is_and_what_mends_that() {
        assert_eq!(
            root_only("/etc/x.toml", 0o600, false).told(&service()),
            "this runs as daemon, and the file is root:root with mode 0600; \
             let daemon read it with `chgrp daemons /etc/x.toml && chmod 0640 /etc/x.toml`"
        );
        assert_eq!(
            root_only("/srv/cm", 0o700, true).told(&service()),
            "this runs as daemon, and the folder /srv/cm is root:root with mode 0700; \
             let daemon in with `chmod o+x /srv/cm`"
        );
        let home = root_only("/home", 0, true).told(&service());
        assert!(home.contains("ProtectHome=") && !home.contains("chmod"), "{home}");
    }

    #[test]
    fn people_are_not_told_to_take_the_file_from_the_service() {
        let alice = Reader { uid: 1000, user: "alice".into(), group: "alice".into() };
        let told = root_only("/etc/x.toml", 0o640, false).told(&alice);
        assert!(told.contains("this runs as alice") && told.contains("use sudo") && !told.contains("chgrp"), "{told}");
    }

    #[test]
    fn what_bars_the_way_is_found_behind_links_and_above_what_is_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let found = |name: &str| bar(&at(name), LINKS_MAX).map(|bar| (bar.path, bar.is_folder)).unwrap();
        for name in ["a", "b"] {
            fs::create_dir(at(name)).unwrap();
        }
        fs::write(at("b/real"), "").unwrap();
        for (target, link) in [("b/real", "link"), ("../b/hidden", "a/link"), ("loop", "loop")] {
            std::os::unix::fs::symlink(target, at(link)).unwrap();
        }
        fs::set_permissions(at("b/real"), fs::Permissions::from_mode(0o604)).unwrap();
        assert_eq!(found("link"), (at("link"), false));
        assert_eq!(bar(&at("link"), LINKS_MAX).unwrap().mode, 0o604, "of what it leads to");
        assert_eq!(found("a/hidden/config.toml"), (at("a"), true));
        assert_eq!(found("a/link/config.toml"), (at("a/../b"), true));
        assert_eq!(found("loop"), (folder.path().to_owned(), true));
    }

    #[test]
    fn ids_have_names_where_a_table_says_so() {
        let table = "root:x:0:0::/:/bin/sh\nbroken\nkv:x:997:\n";
        assert_eq!((named(table, 0), named(table, 997)), (Some("root".into()), Some("kv".into())));
        assert_eq!(named(table, 9), None);
    }

    #[test]
    fn other_errors_stay_as_they_are() {
        let path = Path::new("/nonexistent");
        let gone = explained(io::Error::from_raw_os_error(2), path);
        assert_eq!(gone.raw_os_error(), Some(2));
        let ours = explained(io::Error::new(io::ErrorKind::PermissionDenied, "its mode is 0644"), path);
        assert_eq!(ours.to_string(), "its mode is 0644");
        let denied = explained(io::Error::from_raw_os_error(13), path).to_string();
        assert!(denied.starts_with("permission denied: this runs as "), "{denied}");
    }
}
