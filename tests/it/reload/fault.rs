//! Files that are no configuration.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

/// Ways to make a file invalid.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    Syntax,
    UnknownKey,
    OutOfBounds,
    Empty,
    Half,
    NoTokenFile,
}

impl Fault {
    /// Of every third edit. Most are known at once; three look as if somebody were still writing, and are waited for.
    pub(crate) fn of(number: usize) -> Self {
        let turn = number / 3;
        match turn % 36 {
            0 => Self::Empty,
            12 => Self::Half,
            24 => Self::NoTokenFile,
            _ => [Self::Syntax, Self::UnknownKey, Self::OutOfBounds][turn % 3],
        }
    }

    /// `text`, which names `fanout.peers`, as nobody may take it.
    pub(crate) fn spoil(self, text: &str) -> String {
        match self {
            Self::Syntax => format!("{text}fanout.body_cap = = 3\n"),
            Self::UnknownKey => format!("{text}fanout.bodycap = '3MiB'\n"),
            Self::OutOfBounds => format!("{text}fanout.max_concurrent = 0\n"),
            Self::Empty => String::new(),
            Self::Half => text[..text.find("fanout.peers").unwrap() + 20].to_owned(),
            Self::NoTokenFile => format!("{text}server.metrics_token_file = 'gone'\n"),
        }
    }
}
