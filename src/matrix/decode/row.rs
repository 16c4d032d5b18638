use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::{
    DecodeError, Result,
    cursor::{self, Cursor},
    numbers,
};
use crate::matrix::{Identities, Row, RowMeta};

/// Reads `rows`: an array, or `null` for an empty one.
pub(super) fn read_all(cursor: &mut Cursor<'_>, columns: usize) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    cursor.optional(|cursor| {
        cursor.array(|cursor| {
            rows.push(read(cursor, rows.len(), columns)?);
            Ok(())
        })
    })?;
    Ok(rows)
}

/// How errors name a row; the id is left out while it is not known.
pub(super) fn place(index: usize, bucket_id: &str) -> String {
    if bucket_id.is_empty() {
        return format!("rows[{index}]");
    }
    format!("rows[{index}] ({})", cursor::quoted(bucket_id.as_bytes()).trim_matches('"'))
}

fn read(cursor: &mut Cursor<'_>, index: usize, columns: usize) -> Result<Row> {
    let mut row = Unchecked { columns, ..Unchecked::default() };
    cursor
        .object(FIELDS, |cursor, field| row.field(cursor, field))
        .and_then(|()| row.check())
        .map_err(|error| error.within(place(index, &row.meta.bucket_id)))?;
    Ok(Row {
        meta: row.meta,
        values: row.values.unwrap_or_default(),
        raft_group_ids: row.raft_group_ids,
        leader_terms: row.leader_terms,
    })
}

const FIELDS: &[&str] = &[
    "bucket_id",
    "label",
    "start",
    "end",
    "aggregate",
    "route_ids",
    "route_ids_truncated",
    "route_count",
    "values",
    "raft_group_ids",
    "leader_terms",
    "conflict",
    "conflicts",
];

#[derive(Default)]
struct Unchecked {
    columns: usize,
    meta: RowMeta,
    values: Option<Vec<u64>>,
    raft_group_ids: Option<Identities>,
    leader_terms: Option<Identities>,
    conflicts: Option<usize>,
}

impl Unchecked {
    fn field(&mut self, cursor: &mut Cursor<'_>, field: &str) -> Result<()> {
        let meta = &mut self.meta;
        match field {
            "bucket_id" => meta.bucket_id = cursor.optional(Cursor::string)?.map(Cow::into_owned).unwrap_or_default(),
            "label" => meta.label = cursor.optional(Cursor::string)?.map(Cow::into_owned),
            "start" => meta.start = cursor.optional(base64)?,
            "end" => meta.end = cursor.optional(base64)?,
            "aggregate" => meta.aggregate = cursor.optional(Cursor::boolean)?.unwrap_or_default(),
            "route_ids" => meta.route_ids = cursor.optional(|cursor| numbers::values(cursor, 0))?,
            "route_ids_truncated" => meta.route_ids_truncated = cursor.optional(Cursor::boolean)?,
            "route_count" => meta.route_count = cursor.optional(Cursor::u64)?.unwrap_or_default(),
            "values" => {
                self.values =
                    Some(cursor.optional(|cursor| numbers::values(cursor, self.columns))?.unwrap_or_default());
            }
            "raft_group_ids" => {
                self.raft_group_ids = cursor.optional(|cursor| numbers::identities(cursor, self.columns))?;
            }
            "leader_terms" => {
                self.leader_terms = cursor.optional(|cursor| numbers::identities(cursor, self.columns))?;
            }
            "conflict" => drop(cursor.optional(Cursor::boolean)?),
            _ => self.conflicts = cursor.optional(count_booleans)?,
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        if self.meta.bucket_id.is_empty() {
            return Err(DecodeError::new("bucket_id: missing or empty"));
        }
        let values = self.values.as_ref().ok_or_else(|| DecodeError::new("values: missing"))?;
        self.check_length("values", Some(values.len()), "numbers")?;
        self.check_length("raft_group_ids", self.raft_group_ids.as_ref().map(Identities::len), "numbers")?;
        self.check_length("leader_terms", self.leader_terms.as_ref().map(Identities::len), "numbers")?;
        self.check_length("conflicts", self.conflicts, "booleans")
    }

    fn check_length(&self, field: &str, length: Option<usize>, what: &str) -> Result<()> {
        match length {
            Some(length) if length != self.columns => {
                Err(DecodeError::new(format!("{field}: {length} {what} for {} columns", self.columns)))
            }
            _ => Ok(()),
        }
    }
}

fn base64(cursor: &mut Cursor<'_>) -> Result<Vec<u8>> {
    let text = cursor.string_bytes()?;
    BASE64.decode(&text).map_err(|error| DecodeError::new(format!("{} is not base64: {error}", cursor::quoted(&text))))
}

fn count_booleans(cursor: &mut Cursor<'_>) -> Result<usize> {
    let mut count = 0;
    cursor.array(|cursor| {
        count += 1;
        cursor.boolean().map(drop)
    })?;
    Ok(count)
}
