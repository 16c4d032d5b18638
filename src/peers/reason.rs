use crate::words::words;

words! {
    /// Why a node is not ok: the closed set of SPEC §3.
    pub enum Reason {
        /// Its name could not be looked up.
        Dns = "dns",
        /// It refused the connection.
        Refused = "refused",
        /// No connection for another cause, or not in time.
        Connect = "connect",
        /// The one deadline passed.
        Deadline = "deadline",
        /// The TLS handshake failed.
        Tls = "tls",
        /// It answered 401 or 403.
        Auth = "auth",
        /// It answered with another status than 200.
        Status = "status",
        /// Its body, or what the merge would become with it, is over a limit.
        TooLarge = "too_large",
        /// Its answer is cut short or invalid.
        Decode = "decode",
        /// Its answer is a merged one.
        Aggregate = "aggregate",
        /// Its breaker is open.
        BreakerOpen = "breaker_open",
        /// This daemon had no turn for its call, or no room for its answer, in time.
        Overload = "overload",
        /// The connection broke.
        Io = "io",
    }
}

impl Reason {
    /// How the failure bears on the peer's breaker (SPEC §3).
    pub(crate) const fn reach(self) -> Reach {
        match self {
            Self::Dns | Self::Refused | Self::Connect | Self::Tls | Self::Deadline | Self::Io => Reach::Missed,
            Self::BreakerOpen | Self::Overload => Reach::NotTried,
            Self::Auth | Self::Status | Self::TooLarge | Self::Decode | Self::Aggregate => Reach::Answered,
        }
    }
}

/// Whether a node was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    Answered,
    Missed,
    NotTried,
}
