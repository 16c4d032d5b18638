//! What an edit changed, key by key.

use std::fmt;

use serde_json::Value as Json;

use super::{KEYS, Loaded, keys::Draft};

/// Most characters of a value that a change shows.
const SHOWN_MAX: usize = 200;

/// Most elements that a change shows of a list.
const LISTED_MAX: usize = 8;

/// A key that has another value than before, both as the file would have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: &'static str,
    /// The value before.
    pub old: Json,
    /// The value now.
    pub new: Json,
}

/// The keys that differ. No value of the file is a secret: those stand in files of their own.
pub fn changes(before: &Loaded, after: &Loaded) -> Vec<Change> {
    let (before, after) = (Draft::from(before.config.clone()), Draft::from(after.config.clone()));
    let change = KEYS.iter().map(|key| Change { key: key.name, old: key.show(&before), new: key.show(&after) });
    change.filter(|change| change.old != change.new).collect()
}

/// `fanout.timeout "2s" → "3s"`, `fanout.peers +"c:1" -"a:1"`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key)?;
        match (&self.old, &self.new) {
            (Json::Array(old), Json::Array(new)) => {
                let added = listed(f, '+', &missing(new, old))?;
                let removed = listed(f, '-', &missing(old, new))?;
                if added + removed == 0 { f.write_str(" in another order") } else { Ok(()) }
            }
            (old, new) => write!(f, " {} → {}", shown(old), shown(new)),
        }
    }
}

/// What `list` has and `other` has not, each as often as it has it more.
fn missing<'a>(list: &'a [Json], other: &[Json]) -> Vec<&'a Json> {
    let mut left: Vec<_> = other.iter().collect();
    let is_missing = |element: &&Json| match left.iter().position(|other| other == element) {
        Some(i) => {
            left.swap_remove(i);
            false
        }
        None => true,
    };
    list.iter().filter(is_missing).collect()
}

fn listed(f: &mut fmt::Formatter<'_>, sign: char, elements: &[&Json]) -> Result<usize, fmt::Error> {
    for element in elements.iter().take(LISTED_MAX) {
        write!(f, " {sign}{}", shown(element))?;
    }
    if elements.len() > LISTED_MAX {
        write!(f, " {sign}{} more", elements.len() - LISTED_MAX)?;
    }
    Ok(elements.len())
}

fn shown(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
