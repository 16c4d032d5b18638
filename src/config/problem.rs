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

/// Where something stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Line, from 1.
    pub(super) line: usize,
    /// Column in characters, from 1.
    pub(super) column: usize,
}

/// Puts findings into file order and counts lines and columns.
pub(super) fn locate(text: &str, mut findings: Vec<Finding>) -> Vec<Problem> {
    findings.sort_by_key(|finding| finding.offset);
    let mut counter = Counter::new(text);
    let place = |Finding { offset, key, message }| {
        let Place { line, column } = counter.place(offset);
        Problem { line, column, key, message }
    };
    findings.into_iter().map(place).collect()
}

/// Counts lines and columns, in one pass over the text however many places are asked for.
pub(super) struct Counter<'t> {
    text: &'t str,
    counted: usize,
    place: Place,
}

impl<'t> Counter<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, counted: 0, place: Place { line: 1, column: 1 } }
    }

    /// The place of a byte offset, which is no smaller than the one asked for before.
    pub(super) fn place(&mut self, offset: usize) -> Place {
        let offset = self.text.floor_char_boundary(offset);
        for character in self.text[self.counted..offset].chars() {
            let Place { line, column } = self.place;
            self.place = if character == '\n' {
                Place { line: line + 1, column: 1 }
            } else {
                Place { line, column: column + 1 }
            };
        }
        self.counted = offset;
        self.place
    }
}
