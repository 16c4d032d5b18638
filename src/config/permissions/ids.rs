//! Users and groups by their numbers, as far as this process can see whose they are.

use std::fs;

use rustix::process::{Gid, getegid, geteuid, getgroups};

/// What stands for every user and group that a user namespace does not know, unless the kernel says otherwise.
const OVERFLOW: u32 = 65534;

/// A user or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Id {
    pub(super) number: u32,
    /// None where a user namespace hides who it is, as `PrivateUsers=` of a unit does.
    pub(super) name: Option<String>,
}

impl Id {
    pub(super) fn of_user(number: u32) -> Self {
        Self::shown(number, "/proc/sys/kernel/overflowuid", "/etc/passwd")
    }

    pub(super) fn of_group(number: u32) -> Self {
        Self::shown(number, "/proc/sys/kernel/overflowgid", "/etc/group")
    }

    fn shown(number: u32, overflow: &str, table: &str) -> Self {
        let overflow = fs::read_to_string(overflow).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(OVERFLOW);
        Self { number, name: (number != overflow).then(|| name_in(table, number)) }
    }
}

/// Who reads.
pub(super) struct Reader {
    pub(super) uid: u32,
    pub(super) user: String,
    /// The one of its own.
    pub(super) gid: u32,
    pub(super) group: String,
    /// The others that it is in.
    pub(super) groups: Vec<u32>,
}

impl Reader {
    pub(super) fn this_process() -> Self {
        let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
        let groups = getgroups().unwrap_or_default().into_iter().map(Gid::as_raw);
        Self {
            uid,
            user: name_in("/etc/passwd", uid),
            gid,
            group: name_in("/etc/group", gid),
            groups: groups.collect(),
        }
    }

    /// A group that is hidden may be any: it is none of the reader's.
    pub(super) fn is_in(&self, group: &Id) -> bool {
        group.number == self.gid || (group.name.is_some() && self.groups.contains(&group.number))
    }
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

    #[test]
    fn ids_have_names_where_a_table_says_so() {
        let table = "root:x:0:0::/:/bin/sh\nbroken\nkv:x:997:\n";
        assert_eq!((named(table, 0), named(table, 997)), (Some("root".into()), Some("kv".into())));
        assert_eq!(named(table, 9), None);
    }

    #[test]
    fn the_overflow_id_is_nobody_in_particular() {
        let folder = tempfile::tempdir().unwrap();
        let [overflow, table] = ["overflow", "table"].map(|name| folder.path().join(name));
        fs::write(&table, "nobody:x:65534:65534::/:/bin/sh\nkv:x:997:\n").unwrap();
        let name = |number| Id::shown(number, overflow.to_str().unwrap(), table.to_str().unwrap()).name;
        assert_eq!((name(65534), name(997)), (None, Some("kv".into())), "the kernel does not say");
        fs::write(&overflow, "997\n").unwrap();
        assert_eq!((name(65534), name(997)), (Some("nobody".into()), None));
    }
}
