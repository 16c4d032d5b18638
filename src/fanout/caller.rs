use std::fmt;

use super::redact::Redactor;

/// The header that marks an aggregator's call (SPEC §2): the loop guard.
pub const GUARD_HEADER: &str = "X-Admin-Fanout-Peer";

/// Most bytes of a cookie's value: browsers keep no longer cookie (RFC 6265 §6.1). Every text that comes back is searched
/// for it, byte by byte, so a longer one would cost more than any session is worth.
const LONGEST_COOKIE: usize = 4096;

/// Guard values from here on are a loop.
const LOOP_FROM: u64 = 3;

/// On whose behalf nodes are called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Caller {
    /// What the nodes are shown.
    pub credentials: Credentials,
    /// The guard that the caller's own request carried.
    pub guard: Option<Guard>,
}

/// How many aggregators a request came through, as its guard header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guard(u64);

impl Guard {
    /// Reads the header's value. What is not a number counts as 1, a number beyond any bound as a loop.
    pub fn parse(value: &str) -> Self {
        let value = value.trim();
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        Self(if digits { value.parse().unwrap_or(u64::MAX) } else { 1 })
    }

    /// Whether the request came back to where it started.
    pub fn is_loop(self) -> bool {
        self.0 >= LOOP_FROM
    }
}

impl Caller {
    /// The guard to send on every call made for this caller.
    pub fn next_guard(&self) -> u64 {
        self.guard.map_or(1, |Guard(count)| count.saturating_add(1))
    }
}

/// A caller's session, never shown: `Debug` hides it, and [`Credentials::redactor`] takes it out of other texts.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Credentials {
    session: Option<String>,
    csrf: Option<String>,
}

impl Credentials {
    /// Takes `admin_session` and `admin_csrf`, and no others, from `Cookie` headers (SPEC §7); one that no browser would
    /// keep counts as none.
    pub fn from_cookies<'a>(headers: impl Iterator<Item = &'a str>) -> Self {
        let mut found = Self::default();
        for (name, value) in headers.flat_map(|header| header.split(';')).filter_map(|pair| pair.split_once('=')) {
            let slot = match name.trim() {
                "admin_session" => &mut found.session,
                "admin_csrf" => &mut found.csrf,
                _ => continue,
            };
            let value = value.trim();
            if slot.is_none() && (1..=LONGEST_COOKIE).contains(&value.len()) {
                *slot = Some(value.to_owned());
            }
        }
        found
    }

    /// A session cookie's value alone.
    pub fn session(value: impl Into<String>) -> Self {
        Self { session: Some(value.into()), csrf: None }
    }

    /// Whether there is a session to show.
    pub fn has_session(&self) -> bool {
        self.session.is_some()
    }

    /// The value of `admin_session`, for an in-process node that checks it itself. It must not be shown or logged.
    pub fn admin_session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// The `Cookie` header to send, if there is anything to send.
    pub(crate) fn cookie_header(&self) -> Option<String> {
        let pairs = [("admin_session", &self.session), ("admin_csrf", &self.csrf)];
        let pairs: Vec<_> =
            pairs.iter().filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}"))).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Takes these credentials out of any text.
    pub fn redactor(&self) -> Redactor {
        Redactor::new([&self.session, &self.csrf].into_iter().flatten())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.has_session() { "Credentials([redacted])" } else { "Credentials(none)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_admin_cookies_are_taken_the_first_of_each() {
        let headers =
            ["theme=dark; admin_session=abc.def; admin_session=later", "admin_csrf=xyz; other=admin_session=no"];
        let credentials = Credentials::from_cookies(headers.into_iter());
        assert_eq!(credentials.cookie_header().unwrap(), "admin_session=abc.def; admin_csrf=xyz");
    }

    #[test]
    fn an_empty_session_is_none() {
        let credentials = Credentials::from_cookies(["admin_session=; x=1"].into_iter());
        assert!(!credentials.has_session());
        assert_eq!(credentials.cookie_header(), None);
    }

    #[test]
    fn a_session_one_byte_over_what_a_browser_keeps_is_none() {
        for (length, taken) in [(LONGEST_COOKIE, true), (LONGEST_COOKIE + 1, false)] {
            let header = format!("admin_session={}", "x".repeat(length));
            assert_eq!(Credentials::from_cookies([&*header].into_iter()).has_session(), taken, "{length}");
        }
    }

    #[test]
    fn credentials_do_not_show_in_debug() {
        let caller = Caller { credentials: Credentials::session("canary"), guard: None };
        assert!(!format!("{caller:?}").contains("canary"));
    }

    #[test]
    fn the_guard_counts_up_and_three_is_a_loop() {
        let caller = |value| Caller { guard: Some(Guard::parse(value)), ..Caller::default() };
        assert_eq!(Caller::default().next_guard(), 1);
        assert_eq!(caller("1").next_guard(), 2);
        assert_eq!(caller("yes").next_guard(), 2);
        assert_eq!(caller("").next_guard(), 2);
        assert_eq!(caller("2").next_guard(), 3);
        assert!(!Guard::parse("2").is_loop());
        assert!(Guard::parse("3").is_loop());
        assert!(Guard::parse("99999999999999999999999").is_loop());
    }
}
