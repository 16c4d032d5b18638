//! Syntax errors. The parser's say nothing of the key they are in, and come in crowds: one open bracket is an error on
//! every line after it.

use std::{collections::BTreeMap, ops::Range};

use toml::de::Error;

use super::problem::Finding;

/// The syntax errors of a document, told once each: in the entry they belong to, or else by their line.
pub(super) struct SyntaxErrors<'t> {
    text: &'t str,
    /// By byte offset, each with whether it has been told.
    errors: BTreeMap<usize, (String, bool)>,
}

impl<'t> SyntaxErrors<'t> {
    pub(super) fn new(text: &'t str, errors: Vec<Error>) -> Self {
        let mut by_offset = BTreeMap::new();
        for error in errors {
            let span = error.span().unwrap_or(text.len()..text.len());
            let offset = text.floor_char_boundary(span.start);
            by_offset.entry(offset).or_insert_with(|| (wording(text, &error), false));
        }
        Self { text, errors: by_offset }
    }

    /// Takes the errors within an entry, of which the first is the cause of the others, and says whether its lines have
    /// any error at all: then its value is a guess of the parser's.
    pub(super) fn claim(&mut self, entry: Range<usize>) -> (Option<(usize, String)>, bool) {
        if self.errors.is_empty() {
            return (None, false);
        }
        let start = self.text[..entry.start].rfind('\n').map_or(0, |newline| newline + 1);
        let end = self.text[entry.end..].find('\n').map_or(self.text.len(), |newline| entry.end + newline);
        let is_broken = self.errors.range(start..=end).next().is_some();
        let mut first = None;
        for (&offset, (message, told)) in self.errors.range_mut(entry.start..=entry.end) {
            first = first.or_else(|| (!*told).then(|| (offset, message.clone())));
            *told = true;
        }
        (first, is_broken)
    }

    /// A broken table header before `offset` may be why what stands there seems to be in another table.
    pub(super) fn unseat(&self, offset: usize) -> bool {
        let is_header = |line: &str| line.trim_start().starts_with('[');
        let mut broken =
            self.errors.range(..offset).map(|(&error, _)| error).filter(|&error| is_header(self.line(error)));
        broken.next_back().is_some_and(|error| !self.text[error..offset].lines().skip(1).any(is_header))
    }

    /// What no entry told, one a line.
    pub(super) fn unclaimed(self) -> impl Iterator<Item = Finding> {
        let mut last = None;
        self.errors.into_iter().filter_map(move |(offset, (message, told))| {
            let line = self.text[..offset].rfind('\n');
            let repeated = last.replace(line) == Some(line);
            (!told && !repeated).then(|| Finding::new(offset, "", message))
        })
    }

    fn line(&self, offset: usize) -> &'t str {
        let start = self.text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
        self.text[start..].lines().next().unwrap_or_default()
    }
}

/// The parser's `message()`, never its Display, which quotes the line and so perhaps a secret; plainer where its
/// grammar shows through.
fn wording(text: &str, error: &Error) -> String {
    let quoted = "text must stand in quotes";
    match error.message() {
        "duplicate key" => {
            let key = error.span().and_then(|span| text.get(span)).unwrap_or_default();
            format!("duplicate key `{}`", super::text::printable(key))
        }
        "string values must be quoted, expected literal string" => match error.span() {
            Some(span) if span.is_empty() => "no value after the =".into(),
            _ => quoted.into(),
        },
        message => match message.strip_suffix(", expected nothing") {
            Some(message) => format!("{message}; {quoted}"),
            None => message.into(),
        },
    }
}
