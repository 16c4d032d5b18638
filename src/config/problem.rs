use std::{fmt, path::Path};

use serde::Serialize;

/// One thing wrong in the file, as `check` prints it and as introspection lists it (SPEC §5, §6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The key, `fanout.timeout` or `fanout.peers[3]`; empty for a syntax error outside any key.
    pub key: String,
    /// What is wrong and what to write instead; never a credential.
    pub message: String,
}

impl Problem {
    /// `path:line:column: key: message`, the form editors jump to.
    pub fn in_file<'a>(&'a self, path: &'a Path) -> impl fmt::Display + 'a {
        fmt::from_fn(move |f| write!(f, "{}:{self}", path.display()))
    }
}

/// `line:column: key: message`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, key, message } = self;
        let key = if key.is_empty() { "syntax" } else { key };
        write!(f, "{line}:{column}: {key}: {message}")
    }
}

/// A problem that still names its place by byte offset.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) offset: usize,
    pub(super) key: String,
    pub(super) message: String,
}

impl Finding {
    pub(super) fn new(offset: usize, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { offset, key: key.into(), message: message.into() }
    }
}

/// Puts findings into file order and counts lines and columns, in one pass over the text however many there are.
pub(super) fn locate(text: &str, mut findings: Vec<Finding>) -> Vec<Problem> {
    findings.sort_by_key(|finding| finding.offset);
    let (mut line, mut column, mut counted) = (1, 1, 0);
    let place = |finding: Finding| {
        let offset = text.floor_char_boundary(finding.offset);
        for character in text[counted..offset].chars() {
            (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        counted = offset;
        Problem { line, column, key: finding.key, message: finding.message }
    };
    findings.into_iter().map(place).collect()
}

/// The line of a byte offset, from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    1 + text[..text.floor_char_boundary(offset)].matches('\n').count()
}
