use std::{fmt, str::FromStr};

/// What a matrix counts (SPEC §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Series {
    /// Reads per window.
    Reads,
    /// Writes per window.
    #[default]
    Writes,
    /// Bytes read per window.
    ReadBytes,
    /// Bytes written per window.
    WriteBytes,
}

impl Series {
    /// Every series, in the order of SPEC §2.
    pub const ALL: [Self; 4] = [Self::Reads, Self::Writes, Self::ReadBytes, Self::WriteBytes];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::ReadBytes => "read_bytes",
            Self::WriteBytes => "write_bytes",
        }
    }

    /// Whether the write rules of SPEC §4 hold: one (group, term) has one true count.
    pub const fn is_write(self) -> bool {
        matches!(self, Self::Writes | Self::WriteBytes)
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not one of the four names of a [`Series`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("series must be one of: reads, writes, read_bytes, write_bytes")]
pub struct UnknownSeries;

impl FromStr for Series {
    type Err = UnknownSeries;

    fn from_str(s: &str) -> Result<Self, UnknownSeries> {
        Self::ALL.into_iter().find(|series| series.as_str() == s).ok_or(UnknownSeries)
    }
}
