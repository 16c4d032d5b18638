//! File descriptors: how many this process may have, and what each part of it gets of them.
//!
//! A connection of a caller, a call to a node, and every file that is read take one. Were connections let in until there
//! are none left, no node could be called for them, no edit read, and no control socket answered.

use std::{
    fs,
    sync::{Mutex, PoisonError},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For all that is neither a connection nor a call: the listener, the event loop, logs, inotify, the control socket with
/// its clients, files that are read, name lookups.
const OWN: usize = 64;
/// For calls to nodes, which so many callers share that it is more than any one asks for.
pub(crate) const CALLS: usize = 512;
/// For connections over the limit, until they have heard so.
const REFUSED: usize = 64;

/// How the descriptors of a process are shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// Connections of callers at once.
    pub(crate) connections: usize,
    /// Connections over that limit at once.
    pub(crate) refused: usize,
    /// Calls to nodes at once.
    pub(crate) calls: usize,
}

impl Shares {
    /// Of a process that may open `limit` files. Calls get theirs first, up to half: how many there may be is settled once,
    /// and `max_connections` may change later. At least one of each, even where `limit` has no room for that.
    pub(crate) fn of(limit: usize, max_connections: usize) -> Self {
        let left = limit - OWN.min(limit / 2);
        let refused = (left / 8).clamp(1, REFUSED);
        let left = left.saturating_sub(refused);
        let calls = CALLS.min(left / 2);
        let connections = max_connections.min(left - calls).max(1);
        let calls = calls.max(1);
        Self { connections, refused, calls }
    }

    /// The least limit at which nothing is short.
    fn needed(max_connections: usize) -> usize {
        OWN + REFUSED + CALLS + max_connections.max(CALLS)
    }
}

/// The limit of this process, and what was said of it.
#[derive(Debug)]
pub(crate) struct Descriptors(Mutex<State>);

#[derive(Debug)]
struct State {
    limit: usize,
    /// What the last warning was about.
    warned_of: Option<(usize, usize)>,
}

impl Descriptors {
    pub(crate) fn of_this_process() -> Self {
        Self(Mutex::new(State { limit: in_force(), warned_of: None }))
    }

    /// Raises the soft limit to what `max_connections` need, or as far as the hard one lets it, and warns where that is too
    /// little.
    pub(crate) fn provide(&self, max_connections: usize) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let needed = Shares::needed(max_connections);
        state.limit = raised_to(needed);
        let Shares { connections, calls, .. } = Shares::of(state.limit, max_connections);
        let told = (connections < max_connections).then_some((state.limit, max_connections));
        if told.is_some() && told != state.warned_of {
            log::warn!(
                "server.max_connections is {max_connections}, but only {connections} connections are taken at once: this \
                 process may open {} files, of which {calls} are for calls to nodes; allow it {needed} (LimitNOFILE= of its \
                 unit, or ulimit -n)",
                state.limit
            );
        }
        state.warned_of = told;
    }

    /// How they are shared out where `max_connections` are wanted.
    pub(crate) fn shares(&self, max_connections: usize) -> Shares {
        Shares::of(self.limit(), max_connections)
    }

    /// How many files this process may open.
    pub(crate) fn limit(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).limit
    }
}

/// How many files this process has open; none where that is not to be seen.
pub(crate) fn open() -> Option<usize> {
    // One of them is the folder that is being read.
    Some(fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1))
}

fn in_force() -> usize {
    number(getrlimit(Resource::Nofile).current)
}

/// The soft limit after an attempt to make it `needed`. It is never lowered, and where a filter of system calls or anything
/// else forbids to raise it, it stays.
fn raised_to(needed: usize) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = needed.min(number(maximum));
    if number(current) < wanted {
        let raised = Rlimit { current: Some(wanted as u64), maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            log::debug!("raise the limit on open files from {} to {wanted}: {error}", number(current));
        }
    }
    in_force()
}

/// None is no limit.
fn number(limit: Option<u64>) -> usize {
    limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_CONNECTIONS: [usize; 5] = [1, 10, 1024, 5000, 65_535];

    #[test]
    fn with_enough_of_them_nothing_is_short() {
        for max in MAX_CONNECTIONS {
            let enough = Shares { connections: max, refused: REFUSED, calls: CALLS };
            for limit in [Shares::needed(max), Shares::needed(max) + 1, usize::MAX] {
                assert_eq!(Shares::of(limit, max), enough, "{limit}");
            }
            let one_less = Shares::of(Shares::needed(max) - 1, max);
            assert_ne!(one_less, enough);
        }
    }

    #[test]
    fn connections_leave_descriptors_for_calls_and_for_the_rest() {
        for (limit, max) in (16..4000).flat_map(|limit| MAX_CONNECTIONS.map(|max| (limit, max))) {
            let Shares { connections, refused, calls } = Shares::of(limit, max);
            assert!(connections <= max && connections >= 1 && refused >= 1, "{limit} {max}");
            assert!(connections + refused + calls <= limit - OWN.min(limit / 2), "{limit} {max}");
            assert!(calls >= CALLS.min(connections - 1), "as many calls as connections: {limit} {max}");
            assert_eq!(calls, Shares::of(limit, 1).calls, "whatever connections are wanted: {limit} {max}");
        }
    }

    #[test]
    fn limits_as_they_are_met() {
        let shares = |limit, max| {
            let Shares { connections, refused, calls } = Shares::of(limit, max);
            [connections, refused, calls]
        };
        assert_eq!(shares(1024, 1024), [448, 64, 448]);
        assert_eq!(shares(64, 1024), [14, 4, 14]);
        assert_eq!(shares(64, 2), [2, 4, 14]);
        // Not to be lived with, and no reason to panic.
        assert_eq!(shares(0, 1024), [1, 1, 1]);
    }

    #[test]
    fn the_packaged_unit_allows_what_any_configuration_needs() {
        let unit = include_str!("../packaging/deb/keyviz-fanout.service");
        let limit = unit.lines().find_map(|line| line.strip_prefix("LimitNOFILE=")).unwrap();
        assert!(limit.parse::<usize>().unwrap() >= Shares::needed(65_535), "{limit}");
    }

    #[test]
    fn what_is_open_is_counted() {
        let before = open().unwrap();
        let held: Vec<_> = (0..500).map(|_| fs::File::open("/dev/null").unwrap()).collect();
        assert!(open().unwrap() >= before + 400, "other tests open and close files too");
        drop(held);
    }
}
