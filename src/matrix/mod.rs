//! One node's matrix, rows (key ranges) × columns (windows of time), and its codec.
//!
//! Pure: no I/O, no clock. [`decode()`] is strict (WIRE §2): an answer is either valid as a whole or refused as a
//! whole, with an error that names the row and the field.

mod check;
mod decode;
mod encode;
mod identities;
pub(crate) mod json;
mod memory;
pub(crate) mod schema;
mod series;

pub use check::InvalidMatrix;
pub use decode::{DecodeError, decode};
pub use encode::encode;
pub use identities::{Identities, IdentitiesBuilder};
pub(crate) use memory::Tally;
pub use series::{Series, UnknownSeries};

/// One node's answer, as sent: columns may be out of order or repeated (WIRE §2, "valid, though odd").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// What the cells count.
    pub series: Series,
    /// End of each window in Unix milliseconds, one per column.
    pub column_unix_ms: Vec<i64>,
    /// The key ranges, `bucket_id`s unique, each with as many cells as there are columns.
    pub rows: Vec<Row>,
    /// When the node made the answer, as it wrote it (RFC 3339 if the node is sound).
    pub generated_at: Option<String>,
    /// `fanout.expected`, present only when an aggregator answered.
    pub fanout_expected: Option<u64>,
}

/// One key range with its cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What the row is.
    pub meta: RowMeta,
    /// The counts, one per column.
    pub values: Vec<u64>,
    /// Raft group per cell, 0 where not known; `None` when the node did not say.
    pub raft_group_ids: Option<Identities>,
    /// Leader's term per cell, 0 where not known; `None` when the node did not say.
    pub leader_terms: Option<Identities>,
}

/// A row without its cells.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RowMeta {
    /// The row's identity in the cluster, never empty.
    pub bucket_id: String,
    /// Which protocol's keys these are, where the node says.
    pub label: Option<String>,
    /// First key, raw bytes; `None` (`null`) and empty (`""`) both mean unbounded.
    pub start: Option<Vec<u8>>,
    /// Key after the last, raw bytes; `None` and empty both mean unbounded.
    pub end: Option<Vec<u8>>,
    /// Whether the row stands for several routes that share one counter.
    pub aggregate: bool,
    /// The routes behind the row, where the node lists them.
    pub route_ids: Option<Vec<u64>>,
    /// Whether `route_ids` is only a part.
    pub route_ids_truncated: Option<bool>,
    /// How many routes are behind the row.
    pub route_count: u64,
}

impl RowMeta {
    /// The first key's bytes, empty when unbounded.
    pub fn start_bytes(&self) -> &[u8] {
        self.start.as_deref().unwrap_or_default()
    }

    /// The bytes of the key after the last, empty when unbounded.
    pub fn end_bytes(&self) -> &[u8] {
        self.end.as_deref().unwrap_or_default()
    }
}
