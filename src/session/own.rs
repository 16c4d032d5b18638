use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use super::{InvalidSession, Keys};

/// So long before its end a session is made again, seconds: calls made with it have to arrive in time.
const AHEAD_S: i64 = 30;

/// The cluster's sessions under one configuration: callers' are verified, nodes are shown one of this daemon's own.
pub struct Sessions {
    keys: Keys,
    /// The last one that was made, and when it ends.
    own: Mutex<Option<(String, i64)>>,
}

impl Sessions {
    /// With these keys.
    pub fn new(keys: Keys) -> Self {
        Self { keys, own: Mutex::default() }
    }

    /// Whether `session` is good now.
    pub fn verify(&self, session: &str) -> Result<(), InvalidSession> {
        self.keys.verify(session, Timestamp::now().as_second())
    }

    /// A session to show to nodes, good for half a minute at least; the same one for a while, so that requests can share
    /// their calls.
    pub fn own(&self) -> String {
        self.own_at(Timestamp::now().as_second())
    }

    fn own_at(&self, now: i64) -> String {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back would otherwise keep one whose time has not come.
        let fresh = own.take().filter(|(_, end)| (now + AHEAD_S..=now + super::OWN_S).contains(end));
        let (session, end) = fresh.unwrap_or_else(|| self.keys.mint(now));
        own.insert((session, end)).0.clone()
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_kept_for_a_while_and_made_again_before_it_ends() {
        let key = crate::session::SigningKey::parse("A".repeat(86).as_bytes()).unwrap();
        let sessions = Sessions::new(Keys::new(key, None));
        let first = sessions.own_at(1000);
        assert_eq!(sessions.own_at(1030), first);
        let second = sessions.own_at(1031);
        assert_ne!(second, first);
        assert_ne!(sessions.own_at(900), second, "a clock that was set back");
    }
}
