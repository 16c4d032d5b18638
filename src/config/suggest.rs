//! What an unknown key was probably meant to be.

use super::keys::{KEYS, tables};

/// The known name nearest to an unknown one.
pub(super) enum Nearest {
    Key(&'static str),
    Table(&'static str),
    /// Nothing is near; these names are known there.
    None(Vec<&'static str>),
}

impl Nearest {
    /// The keys whose value the operator probably gave under the unknown name.
    pub(super) fn meant(&self) -> impl Iterator<Item = &'static str> {
        let is_meant = move |name: &str, table: &str| match self {
            Self::Key(key) => *key == name,
            Self::Table(meant) => *meant == table,
            Self::None(_) => false,
        };
        KEYS.iter().filter(move |key| is_meant(key.name, key.parts().0)).map(|key| key.name)
    }
}

/// Finds it for `path`, `table.key` or a name at the top.
pub(super) fn nearest(path: &str, is_table: bool) -> Nearest {
    let path = path.to_lowercase().replace('-', "_");
    let (table, last) = path.rsplit_once('.').map_or((None, path.as_str()), |(table, last)| (Some(table), last));
    if let Some(key) = KEYS.iter().find(|key| key.parts().1 == last) {
        return Nearest::Key(key.name);
    }
    let table_distance = (table.is_none() && is_table).then(|| closest(last, tables())).flatten();
    if let Some((_, table)) = table_distance {
        return Nearest::Table(table);
    }
    // A slip within the table is likelier than one of the same size in another.
    let here = KEYS.iter().filter(|key| Some(key.parts().0) == table);
    let by_last = |key: &'static super::Key| (key.parts().1, key.name);
    let found = closest_named(last, here.map(by_last)).or_else(|| closest_named(last, KEYS.iter().map(by_last)));
    match (found, table) {
        (Some(name), _) => Nearest::Key(name),
        (None, Some(table)) => {
            Nearest::None(KEYS.iter().filter(|k| k.parts().0 == table).map(|k| k.parts().1).collect())
        }
        (None, None) => Nearest::None(tables().collect()),
    }
}

fn closest_named(wanted: &str, names: impl Iterator<Item = (&'static str, &'static str)>) -> Option<&'static str> {
    let near = names.filter_map(|(short, full)| Some((distance(wanted, short)?, full)));
    near.min_by_key(|(distance, _)| *distance).map(|(_, full)| full)
}

fn closest(wanted: &str, names: impl Iterator<Item = &'static str>) -> Option<(usize, &'static str)> {
    let near = names.filter_map(|name| Some((distance(wanted, name)?, name)));
    near.min_by_key(|(distance, _)| *distance)
}

/// Edits between the two, if few enough for a slip: a third of the longer. A beginning counts as one.
fn distance(wanted: &str, known: &str) -> Option<usize> {
    // `log` for `logging`, `tls_cert` for `tls_cert_file`.
    let begins = wanted.starts_with(known) || known.starts_with(wanted);
    if begins && wanted.len().min(known.len()) >= 3 {
        return Some(1);
    }
    let longer = wanted.chars().count().max(known.chars().count());
    // Long names can't be near, and comparing them costs their product.
    (longer <= 64).then(|| strsim::damerau_levenshtein(wanted, known)).filter(|&edits| edits * 3 <= longer.max(6))
}
