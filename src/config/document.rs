//! The text as TOML, and each key of it alone. Whatever is wrong is noted and reading goes on, so that one pass finds all.

use std::collections::{BTreeMap, BTreeSet};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    keys::{self, Draft, KEYS},
    kind::{Faults, not_a_table},
    problem::Finding,
    suggest::{Nearest, nearest},
    syntax::SyntaxErrors,
    text::printable,
};

/// A document read key by key.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// What could be read, over the defaults.
    pub(super) draft: Draft,
    /// The keys that are in the file, readable or not, each with the byte offset of its value.
    pub(super) given: BTreeMap<&'static str, usize>,
    /// Keys whose value in `draft` is not what the operator meant: unreadable, or written under another name.
    pub(super) doubtful: BTreeSet<&'static str>,
    /// What is wrong, in no order.
    pub(super) findings: Vec<Finding>,
    /// The document has syntax errors, so that an absent key may only seem so.
    pub(super) broken: bool,
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
            _ if self.is_broken(name.get_ref(), name, value) => {}
            other if known => {
                // Its keys are absent only in appearance.
                let keys = KEYS.iter().filter(|key| key.parts().0 == name.get_ref());
                self.parsed.doubtful.extend(keys.map(|key| key.name));
                self.note(value.span().start, name.get_ref().to_string(), not_a_table(other));
            }
            _ => self.unknown(name.get_ref(), name, value),
        }
    }

    fn entry(&mut self, table: &str, name: &Name<'_>, value: &Value<'_>) {
        let path = format!("{table}.{}", name.get_ref());
        let key = keys::find(&path);
        if let Some(key) = key {
            self.parsed.given.insert(key.name, value.span().start);
        }
        if self.is_broken(&path, name, value) {
            self.parsed.doubtful.extend(key.map(|key| key.name));
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

    /// The entry has a syntax error on its lines, which is noted under its name if it is in it.
    fn is_broken(&mut self, path: &str, name: &Name<'_>, value: &Value<'_>) -> bool {
        let (error, is_broken) = self.errors.claim(name.span().start..value.span().end.max(name.span().end));
        self.parsed.findings.extend(error.map(|(offset, message)| Finding::new(offset, printable(path), message)));
        is_broken
    }

    fn unknown(&mut self, path: &str, name: &Name<'_>, value: &Value<'_>) {
        if self.errors.unseat(name.span().start) {
            return;
        }
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
