//! The text as TOML, and each key of it alone. Whatever is wrong is noted and reading goes on, so that one pass finds all.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue, Error},
};

use super::{
    keys::{self, Draft},
    kind::{Faults, not_a_table},
    problem::Finding,
    suggest::{Nearest, nearest},
};

/// A document read key by key.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// What could be read, over the defaults.
    pub(super) draft: Draft,
    /// The keys that are in the file, readable or not.
    pub(super) given: BTreeMap<&'static str, Given>,
    /// Keys whose value in `draft` is not what the operator meant: unreadable, or written under another name.
    pub(super) doubtful: BTreeSet<&'static str>,
    /// What is wrong, in no order.
    pub(super) findings: Vec<Finding>,
    /// The document has syntax errors, so that an absent key may only seem so.
    pub(super) broken: bool,
}

/// Where a key stands, byte ranges.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) key: Range<usize>,
    pub(super) value: Range<usize>,
}

/// Reads a text without byte order mark.
pub(super) fn parse(text: &str) -> Parsed {
    let (document, errors) = DeTable::parse_recoverable(text);
    let broken = !errors.is_empty();
    let mut reader = Reader { parsed: Parsed { broken, ..Parsed::default() }, errors: SyntaxErrors::new(text, errors) };
    for (name, value) in document.get_ref() {
        reader.table(name, value);
    }
    let Reader { mut parsed, errors } = reader;
    parsed.findings.extend(errors.unclaimed());
    parsed
}

type Name<'t> = Spanned<std::borrow::Cow<'t, str>>;
type Value<'t> = Spanned<DeValue<'t>>;

struct Reader<'t> {
    parsed: Parsed,
    errors: SyntaxErrors<'t>,
}

impl Reader<'_> {
    fn table(&mut self, name: &Name<'_>, value: &Value<'_>) {
        let known = keys::tables().any(|table| table == name.get_ref());
        match value.get_ref() {
            DeValue::Table(entries) if known => {
                for (key, value) in entries {
                    self.entry(name.get_ref(), key, value);
                }
            }
            DeValue::Table(_) => self.unknown(name.get_ref(), name, value),
            _ if self.errors.claim(name.get_ref(), name, value, &mut self.parsed) => {}
            other if known => self.note(value.span().start, name.get_ref().to_string(), not_a_table(other)),
            _ => self.unknown(name.get_ref(), name, value),
        }
    }

    fn entry(&mut self, table: &str, name: &Name<'_>, value: &Value<'_>) {
        let path = format!("{table}.{}", name.get_ref());
        let key = keys::find(&path);
        if let Some(key) = key {
            self.parsed.given.insert(key.name, Given { key: name.span(), value: value.span() });
        }
        if self.errors.claim(&path, name, value, &mut self.parsed) {
            return;
        }
        let Some(key) = key else { return self.unknown(&path, name, value) };
        let Err(faults) = key.read(&mut self.parsed.draft, value.get_ref()) else { return };
        self.parsed.doubtful.insert(key.name);
        match faults {
            Faults::Value(message) => self.note(value.span().start, key.name, message),
            Faults::Elements(elements) => {
                for (index, offset, message) in elements {
                    self.note(offset, format!("{}[{index}]", key.name), message);
                }
            }
        }
    }

    fn unknown(&mut self, path: &str, name: &Name<'_>, value: &Value<'_>) {
        let what = if value.get_ref().is_table() { "table" } else { "key" };
        let nearest = nearest(path, value.get_ref().is_table());
        self.parsed.doubtful.extend(nearest.meant());
        let message = match nearest {
            Nearest::Key(meant) => format!("unknown {what}; did you mean `{meant}`?"),
            Nearest::Table(meant) => format!("unknown {what}; did you mean `[{meant}]`?"),
            Nearest::None(known) => format!("unknown {what}; known are {}", known.join(", ")),
        };
        self.note(name.span().start, printable(path), message);
    }

    fn note(&mut self, offset: usize, key: impl Into<String>, message: String) {
        self.parsed.findings.push(Finding::new(offset, key, message));
    }
}

/// A path for a message: a quoted key of TOML may hold anything.
fn printable(path: &str) -> String {
    let short: String = path.chars().take(80).collect();
    short.escape_debug().to_string()
}

/// Syntax errors, which say nothing of their key and come in crowds: one open bracket is an error on every line after it.
struct SyntaxErrors<'t> {
    text: &'t str,
    /// By offset; the parser's `message()` alone, for its Display quotes the line, which may hold a secret.
    errors: BTreeMap<usize, String>,
}

impl<'t> SyntaxErrors<'t> {
    fn new(text: &'t str, errors: Vec<Error>) -> Self {
        let mut by_offset = BTreeMap::new();
        for error in errors {
            let offset = error.span().map_or(text.len(), |span| span.start);
            by_offset.entry(offset).or_insert_with(|| error.message().to_owned());
        }
        Self { text, errors: by_offset }
    }

    /// Takes the errors within an entry: the first is noted under its key, the rest follow from it. True if there was
    /// one, and then the value is a guess of the parser's and not to be read.
    fn claim(&mut self, path: &str, name: &Name<'_>, value: &Value<'_>, parsed: &mut Parsed) -> bool {
        if self.errors.is_empty() {
            return false;
        }
        let start = self.text[..name.span().start].rfind('\n').map_or(0, |newline| newline + 1);
        let value_end = value.span().end.max(name.span().end);
        let end = self.text[value_end..].find('\n').map_or(self.text.len(), |newline| value_end + newline);
        let inside: Vec<usize> = self.errors.range(start..=end).map(|(&offset, _)| offset).collect();
        let Some(&first) = inside.first() else { return false };
        let message = self.errors.remove(&first).unwrap_or_default();
        for offset in inside {
            self.errors.remove(&offset);
        }
        parsed.findings.push(Finding::new(first, printable(path), message));
        parsed.doubtful.extend(keys::find(path).map(|key| key.name));
        true
    }

    /// What no entry claimed, one a line.
    fn unclaimed(self) -> Vec<Finding> {
        let line = |offset: usize| self.text[..offset].rfind('\n');
        let mut errors: Vec<_> = self.errors.into_iter().collect();
        errors.dedup_by_key(|(offset, _)| line(*offset));
        errors.into_iter().map(|(offset, message)| Finding::new(offset, "", message)).collect()
    }
}
