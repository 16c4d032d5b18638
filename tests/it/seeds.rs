//! The seeds of the fuzz targets, for the tests of the same laws.

use std::{fs, path::Path};

use proptest::{
    prelude::*,
    sample::{Index, select},
};

/// What a fuzz target begins with.
pub(crate) fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{}", folder.display());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// A seed with some edits: a piece of another seed put in, some bytes taken out, another byte, an end.
pub(crate) fn near_seeds(target: &str) -> impl Strategy<Value = Vec<u8>> {
    let seeds = seeds(target);
    let pieces = select(seeds.clone());
    let edit = (0..4, any::<Index>(), any::<(Index, Index)>(), pieces, any::<u8>());
    let edits = prop::collection::vec(edit, 0..4);
    (select(seeds), edits).prop_map(|(mut bytes, edits)| {
        for (kind, at, (from, to), other, byte) in edits {
            let at = at.index(bytes.len() + 1);
            let (from, to) = (from.index(other.len() + 1), to.index(other.len() + 1));
            let rest = bytes.split_off(at);
            match kind {
                0 => bytes.extend(other[from.min(to)..from.max(to)].iter().chain(&rest)),
                1 => bytes.extend(rest.iter().skip(1 + usize::from(byte) % 8)),
                2 => bytes.extend(std::iter::once(&byte).chain(rest.iter().skip(1))),
                _ => {}
            }
        }
        bytes
    })
}

/// The same, as text.
pub(crate) fn near_texts(target: &str) -> impl Strategy<Value = String> {
    near_seeds(target).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
