use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, de};

/// An answer of the matrix path, SPEC §2–§4: rows (key ranges) × columns (windows of time).
#[derive(Clone, Debug, Deserialize)]
pub struct Answer {
    /// End of each window, Unix milliseconds.
    pub column_unix_ms: Vec<i64>,
    /// How many nodes are complete in each column; empty when one node answered for itself.
    #[serde(default)]
    pub column_nodes: Vec<u32>,
    /// The key ranges, in the order of their keys.
    #[serde(default, deserialize_with = "null_is_default")]
    pub rows: Vec<Row>,
    /// What the cells count.
    pub series: String,
    /// When the answer was made, RFC 3339.
    pub generated_at: Option<String>,
    /// Width of a column, milliseconds; `None` when the columns are the nodes' own.
    pub step_ms: Option<i64>,
    /// Rows left out by the row budget.
    #[serde(default)]
    pub rows_dropped: u64,
    /// Who answered; `None` when one node answered for itself.
    pub fanout: Option<Fanout>,
}

/// One key range; the vectors are as long as the columns, or empty where the answer has none.
#[derive(Clone, Debug, Deserialize)]
pub struct Row {
    /// The row's identity.
    pub bucket_id: String,
    /// Which protocol's keys these are.
    pub label: Option<String>,
    /// First key, empty when unbounded.
    #[serde(default, deserialize_with = "base64_bytes")]
    pub start: Vec<u8>,
    /// Key after the last, empty when unbounded.
    #[serde(default, deserialize_with = "base64_bytes")]
    pub end: Vec<u8>,
    /// The counts.
    pub values: Vec<u64>,
    /// Raft group per cell, 0 where not known.
    #[serde(default, deserialize_with = "null_is_default")]
    pub raft_group_ids: Vec<u64>,
    /// Leader's term per cell, 0 where not known.
    #[serde(default, deserialize_with = "null_is_default")]
    pub leader_terms: Vec<u64>,
    /// Whether a cell of the row is in conflict.
    #[serde(default)]
    pub conflict: bool,
    /// Which cells are.
    #[serde(default, deserialize_with = "null_is_default")]
    pub conflicts: Vec<bool>,
}

/// The `fanout` block, SPEC §3.
#[derive(Clone, Debug, Deserialize)]
pub struct Fanout {
    /// One entry a node, self first.
    pub nodes: Vec<Node>,
    /// How many nodes answered.
    pub responded: u32,
    /// Out of how many.
    pub expected: u32,
}

/// One node of the [`Fanout`].
#[derive(Clone, Debug, Deserialize)]
pub struct Node {
    /// Its name or address.
    pub node: String,
    /// Whether its matrix is in the answer.
    pub ok: bool,
    /// `self`, `peer` or `duplicate`.
    pub role: Option<String>,
    /// What went wrong, in words.
    pub error: Option<String>,
    /// What went wrong, as a code.
    pub reason: Option<String>,
    /// What is odd about its matrix.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

/// What is odd about a node's matrix.
#[derive(Clone, Debug, Deserialize)]
pub struct Warning {
    /// As a code.
    pub code: String,
    /// In words.
    pub message: String,
}

/// The bytes are not an answer of the matrix path.
#[derive(Debug, thiserror::Error)]
pub enum InvalidAnswer {
    /// Not the JSON of an answer.
    #[error("not a matrix: {0}")]
    Json(#[from] serde_json::Error),
    /// A vector is neither empty nor as long as the columns.
    #[error("row {row:?}: {field} has {found} cells for {columns} columns")]
    Length {
        /// Bucket id of the row; empty for the answer's own vectors.
        row: String,
        /// Name of the field.
        field: &'static str,
        /// Its length.
        found: usize,
        /// What it should be.
        columns: usize,
    },
}

impl Answer {
    /// Reads the body of a 200.
    ///
    /// # Errors
    /// The body is not JSON of this form, or a row is not as long as the columns.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidAnswer> {
        let answer: Self = serde_json::from_slice(body)?;
        let columns = answer.column_unix_ms.len();
        let check = |row: &str, field, found| {
            let length = || InvalidAnswer::Length { row: row.to_owned(), field, found, columns };
            if found == columns { Ok(()) } else { Err(length()) }
        };
        let check_optional = |row: &str, field, found| if found == 0 { Ok(()) } else { check(row, field, found) };
        check_optional("", "column_nodes", answer.column_nodes.len())?;
        for row in &answer.rows {
            check(&row.bucket_id, "values", row.values.len())?;
            check_optional(&row.bucket_id, "raft_group_ids", row.raft_group_ids.len())?;
            check_optional(&row.bucket_id, "leader_terms", row.leader_terms.len())?;
            check_optional(&row.bucket_id, "conflicts", row.conflicts.len())?;
        }
        Ok(answer)
    }

    /// The largest cell, 0 without one.
    pub fn max(&self) -> u64 {
        self.rows.iter().flat_map(|row| &row.values).copied().max().unwrap_or_default()
    }

    /// Whether all that answered are complete in `column`.
    pub fn is_complete(&self, column: usize) -> bool {
        let responded = self.fanout.as_ref().map_or(0, |fanout| fanout.responded);
        self.column_nodes.get(column).is_none_or(|nodes| *nodes >= responded)
    }

    /// How many of the newest columns not all that answered have said yet.
    pub fn newest_short(&self) -> usize {
        (0..self.column_unix_ms.len()).rev().take_while(|column| !self.is_complete(*column)).count()
    }

    /// The newest column that all have said; the newest one, if there is none.
    pub fn last_complete(&self) -> Option<usize> {
        let columns = self.column_unix_ms.len();
        (0..columns).rev().find(|column| self.is_complete(*column)).or(columns.checked_sub(1))
    }
}

impl Row {
    /// Sum of the cells, saturating.
    pub fn sum(&self) -> u64 {
        self.values.iter().fold(0, |sum, value| sum.saturating_add(*value))
    }

    /// Whether the cell in `column` is in conflict.
    pub fn conflicts_at(&self, column: usize) -> bool {
        self.conflicts.get(column).copied().unwrap_or_default()
    }
}

fn null_is_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn base64_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text: String = null_is_default(deserializer)?;
    STANDARD.decode(text).map_err(de::Error::custom)
}
