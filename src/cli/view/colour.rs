/// What a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// 24 bits.
    True,
    /// The palette of 256.
    Ansi256,
    /// Characters alone.
    None,
}

/// What is known of the place that output goes to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terminal<'a> {
    /// Whether it is a terminal at all.
    pub is_terminal: bool,
    /// `$NO_COLOR`.
    pub no_color: Option<&'a str>,
    /// `$COLORTERM`.
    pub colorterm: Option<&'a str>,
    /// `$TERM`.
    pub term: Option<&'a str>,
}

impl Colour {
    /// The most that `terminal` says it can show; nothing but characters where it says nothing.
    pub fn of(terminal: &Terminal<'_>) -> Self {
        let term = terminal.term.unwrap_or_default();
        let refused = terminal.no_color.is_some_and(|value| !value.is_empty());
        if !terminal.is_terminal || refused || term == "dumb" {
            Self::None
        } else if matches!(terminal.colorterm, Some("truecolor" | "24bit")) || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256color") {
            Self::Ansi256
        } else {
            Self::None
        }
    }
}
