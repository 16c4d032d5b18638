//! Matrices and bodies to try the codec on.

use std::ops::Range;

use keyviz_fanout::matrix::{Identities, Matrix, Row, RowMeta, Series};
use proptest::{collection::vec, option, prelude::*, sample::Index};

/// Any valid matrix of up to six rows × 200 columns.
pub(crate) fn matrix() -> impl Strategy<Value = Matrix> {
    let columns = prop_oneof![0usize..6, 0usize..200];
    let series = prop::sample::select(&Series::ALL[..]);
    (columns, series, option::of("\\PC{0,12}"), option::of(any::<u64>()))
        .prop_flat_map(|(columns, series, generated_at, fanout_expected)| {
            let clock = vec(prop_oneof![9 => 1_700_000_000_000i64..1_800_000_000_000, 1 => any::<i64>()], columns);
            (clock, vec(row(columns), 0..6)).prop_map(move |(column_unix_ms, mut rows)| {
                for (index, row) in rows.iter_mut().enumerate() {
                    row.meta.bucket_id += &index.to_string();
                }
                Matrix { series, column_unix_ms, rows, generated_at: generated_at.clone(), fanout_expected }
            })
        })
        .boxed()
}

fn row(columns: usize) -> impl Strategy<Value = Row> {
    let identities = || option::of(identities(columns));
    (meta(), cells(columns), identities(), identities()).prop_map(|(meta, values, raft_group_ids, leader_terms)| Row {
        meta,
        values,
        raft_group_ids,
        leader_terms,
    })
}

fn meta() -> impl Strategy<Value = RowMeta> {
    let key = || option::of(vec(any::<u8>(), 0..9));
    let text = || prop_oneof!["route:[0-9]{1,3}#", "\\PC{0,9}", "[\\x00-\\x1f\"\\\\/é\u{10ffff}]{0,9}"];
    let route_ids = option::of(vec(number(), 0..4));
    (text(), option::of(text()), key(), key(), any::<bool>(), route_ids, option::of(any::<bool>()), number()).prop_map(
        |(bucket_id, label, start, end, aggregate, route_ids, route_ids_truncated, route_count)| RowMeta {
            bucket_id,
            label,
            start,
            end,
            aggregate,
            route_ids,
            route_ids_truncated,
            route_count,
        },
    )
}

/// Numbers of every length, with the ends of each length.
pub(crate) fn number() -> impl Strategy<Value = u64> {
    let any_length = (1u32..=20, any::<u64>()).prop_map(|(digits, number)| match 10u64.checked_pow(digits) {
        Some(power) => number % power,
        None => number,
    });
    let ends = (0u32..20, 0u64..2).prop_map(|(digits, back)| 10u64.pow(digits) - back);
    prop_oneof![4 => any_length, 1 => ends, 1 => Just(u64::MAX)]
}

/// Cells as they occur: all of a class of lengths, or a mixture.
pub(crate) fn cells(columns: usize) -> impl Strategy<Value = Vec<u64>> {
    prop_oneof![
        vec(Just(0u64), columns),
        vec(0u64..10, columns),
        vec(0u64..12, columns),
        vec(0u64..10_000, columns),
        vec(number(), columns),
    ]
}

/// Runs of every length, and no runs at all.
fn identities(columns: usize) -> impl Strategy<Value = Identities> {
    let runs = vec((number(), 1usize..40), 1..9).prop_map(move |runs| {
        let cells = runs.iter().cycle().flat_map(|&(value, count)| std::iter::repeat_n(value, count));
        cells.take(columns).collect()
    });
    prop_oneof![runs, cells(columns).prop_map(|cells| Identities::from_slice(&cells))]
}

/// `body` with white space of every kind wherever JSON allows it, chosen by `choices` in turn.
pub(crate) fn spaced(body: &[u8], choices: &[u8]) -> Vec<u8> {
    const SPACES: [&str; 6] = ["", " ", "", "\n", "\t\r", "  \n    "];
    let mut spaces = choices.iter().cycle().map(|&choice| SPACES[usize::from(choice) % SPACES.len()].bytes());
    let mut out = Vec::new();
    let (mut in_string, mut escaped) = (false, false);
    for &byte in body {
        let structural = !in_string && b",:[]{}".contains(&byte);
        out.extend(spaces.next().filter(|_| structural).into_iter().flatten());
        out.push(byte);
        out.extend(spaces.next().filter(|_| structural).into_iter().flatten());
        in_string ^= byte == b'"' && !escaped;
        escaped = in_string && byte == b'\\' && !escaped;
    }
    out
}

/// One change of a body, at places that fit any length.
#[derive(Clone, Debug)]
pub(crate) enum Mutation {
    Flip(Index, u8),
    Delete(Index, usize),
    Insert(Index, Vec<u8>),
    Splice(Index, Index, usize),
}

const WORDS: [&str; 32] = [
    "0",
    "1",
    "9",
    ",",
    " ",
    "-",
    ".",
    "e1",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "\\",
    ":",
    "null",
    "true",
    "[]",
    "{}",
    "0,",
    ",0",
    "18446744073709551615",
    "18446744073709551616",
    "00000000",
    "\"x\":[{}],",
    "\"values\":null,",
    "\"conflict\":true,",
    "\"start\":\"\",",
    "\u{fffd}",
    "\n",
    "12345678,",
    "\t",
];

pub(crate) fn mutation() -> impl Strategy<Value = Mutation> {
    let word = prop::sample::select(&WORDS[..]).prop_map(|word| word.as_bytes().to_vec());
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Flip(at, byte)),
        (any::<Index>(), 1usize..4).prop_map(|(at, count)| Mutation::Delete(at, count)),
        (any::<Index>(), word).prop_map(|(at, word)| Mutation::Insert(at, word)),
        (any::<Index>(), any::<Index>(), 1usize..80).prop_map(|(at, from, count)| Mutation::Splice(at, from, count)),
    ]
}

impl Mutation {
    pub(crate) fn apply(&self, body: &mut Vec<u8>) {
        let range = |at: &Index, count: usize| -> Range<usize> {
            let at = at.index(body.len() + 1);
            at..(at + count).min(body.len())
        };
        match self {
            Self::Flip(at, byte) => range(at, 1).for_each(|at| body[at] = *byte),
            Self::Delete(at, count) => drop(body.drain(range(at, *count))),
            Self::Insert(at, word) => drop(body.splice(range(at, 0), word.iter().copied())),
            Self::Splice(at, from, count) => {
                let piece = body[range(from, *count)].to_vec();
                body.splice(range(at, 0), piece);
            }
        }
    }
}
