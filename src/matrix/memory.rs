//! How much memory a matrix takes, and how much a body can take at most before it is decoded.

use super::{Identities, Matrix, Row, RowMeta};

/// What is counted of a body, as it comes, to bound what it can be decoded to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    bytes: u64,
    commas: u64,
    braces: u64,
}

/// A number stands before a comma, or is the last of its array. While an array grows, or becomes runs, there are two of it.
const PER_COMMA: u64 = 16;

/// A row stands in braces: itself, twice while the rows grow, and up to eight blocks of the allocator for its strings
/// and arrays, of which those for short identities hold sixteen cells more than are sent.
const PER_BRACE: u64 = 1024;

impl Tally {
    /// Counts what comes next of the body.
    pub(crate) fn count(&mut self, part: &[u8]) {
        /// No more than a sum of bytes can hold, in whole vectors.
        const AT_ONCE: usize = 7 * 32;
        self.bytes += part.len() as u64;
        for part in part.chunks(AT_ONCE) {
            let (mut commas, mut braces) = (0, 0);
            for &byte in part {
                commas += u8::from(byte == b',');
                braces += u8::from(byte == b'{');
            }
            self.commas += u64::from(commas);
            self.braces += u64::from(braces);
        }
    }

    /// Bytes that decoding the body takes at most, whatever is in it: strings take no more than they are sent in.
    pub(crate) fn most(&self) -> u64 {
        self.bytes + self.commas * PER_COMMA + self.braces * PER_BRACE
    }
}

impl Matrix {
    /// Bytes that it takes, without what the allocator adds.
    pub(crate) fn memory(&self) -> usize {
        let texts = self.generated_at.as_ref().map_or(0, String::capacity);
        let spare = (self.rows.capacity() - self.rows.len()) * size_of::<Row>();
        texts + spare + of_numbers(&self.column_unix_ms) + self.rows.iter().map(Row::memory).sum::<usize>()
    }
}

impl Row {
    fn memory(&self) -> usize {
        let identities = [&self.raft_group_ids, &self.leader_terms].into_iter().flatten();
        size_of::<Self>()
            + self.meta.heap()
            + of_numbers(&self.values)
            + identities.map(Identities::heap).sum::<usize>()
    }
}

impl RowMeta {
    fn heap(&self) -> usize {
        let keys = [&self.start, &self.end].into_iter().flatten();
        self.bucket_id.capacity()
            + self.label.as_ref().map_or(0, String::capacity)
            + keys.map(Vec::capacity).sum::<usize>()
            + self.route_ids.as_ref().map_or(0, of_numbers)
    }
}

fn of_numbers<T>(numbers: &Vec<T>) -> usize {
    numbers.capacity() * size_of::<T>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matrix::{Series, decode};

    fn tally(body: &[u8], parts: usize) -> Tally {
        let mut tally = Tally::default();
        body.chunks(parts).for_each(|part| tally.count(part));
        tally
    }

    /// Arrays that are easy on the wire and hard on memory: short numbers that repeat, alternate or run for a while.
    fn numbers(columns: usize) -> impl Strategy<Value = String> {
        let array = |numbers: Vec<u8>| format!("[{}]", numbers.iter().map(u8::to_string).collect::<Vec<_>>().join(","));
        let one = (0u8..3, 1usize..40);
        let runs = prop::collection::vec(one, columns + 1).prop_map(move |runs| {
            let cells = runs.into_iter().flat_map(|(value, length)| std::iter::repeat_n(value, length));
            array(cells.take(columns).collect())
        });
        prop_oneof![
            Just(array(vec![0; columns])),
            Just(array([0, 1].into_iter().cycle().take(columns).collect())),
            runs
        ]
    }

    fn bodies() -> impl Strategy<Value = String> {
        let row = |columns: usize| (numbers(columns), numbers(columns), numbers(columns), any::<bool>());
        let rows =
            (0usize..200).prop_flat_map(move |columns| (Just(columns), prop::collection::vec(row(columns), 0..40)));
        rows.prop_map(|(columns, rows)| {
            let row = |(i, (values, groups, terms, bare)): (usize, &(String, String, String, bool))| {
                let more = if *bare {
                    String::new()
                } else {
                    format!(",\"raft_group_ids\":{groups},\"leader_terms\":{terms}")
                };
                format!("{{\"bucket_id\":\"{i}\",\"values\":{values}{more}}}")
            };
            let rows: Vec<_> = rows.iter().enumerate().map(row).collect();
            let columns = vec!["0"; columns].join(",");
            format!("{{\"column_unix_ms\":[{columns}],\"rows\":[{}],\"series\":\"reads\"}}", rows.join(","))
        })
    }

    proptest! {
        #[test]
        fn a_body_takes_no_more_than_was_said_before_it_was_decoded(body in bodies(), parts in 1usize..1000) {
            let matrix = decode(body.as_bytes(), Series::Reads).unwrap();
            let most = tally(body.as_bytes(), parts).most();
            prop_assert!(matrix.memory() as u64 <= most, "{} of {most} bytes for {body}", matrix.memory());
        }

        #[test]
        fn a_body_counts_the_same_however_it_comes(body in "[,{a]{0,2000}", parts in 1usize..1000) {
            let tally = tally(body.as_bytes(), parts);
            prop_assert_eq!(tally.commas, body.matches(',').count() as u64);
            prop_assert_eq!(tally.braces, body.matches('{').count() as u64);
            prop_assert_eq!(tally.bytes, body.len() as u64);
        }
    }
}
