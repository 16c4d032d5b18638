//! The strict decoder: a pull parser of our own for the matrix, whose bulk is arrays of numbers, and `serde_json`
//! for whatever else a peer may send.

mod blocks;
mod cursor;
mod numbers;
mod plain;
mod row;

use std::{borrow::Cow, collections::HashSet};

use self::cursor::Cursor;
use super::{Matrix, Row, Series};

/// Why an answer is refused: the row and the field where there is one, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(String);

type Result<T> = std::result::Result<T, DecodeError>;

impl DecodeError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Adds the field it is in, unless that is said already by naming one of the field's elements.
    fn within(self, place: impl std::fmt::Display) -> Self {
        let place = place.to_string();
        if self.0.strip_prefix(&place).is_some_and(|rest| rest.starts_with('[')) {
            return self;
        }
        Self(format!("{place}: {self}"))
    }
}

/// Decodes one node's answer to a request for `series`, strictly (WIRE §2): the answer is valid as a whole or refused as
/// a whole. Unknown fields are skipped; `null` is the same as absence for whatever may be absent.
///
/// Memory stays proportional to the body, whatever sizes the body suggests.
pub fn decode(body: &[u8], series: Series) -> Result<Matrix> {
    let mut cursor = Cursor::new(body);
    let answer = Answer::read(&mut cursor)?;
    cursor.end()?;
    answer.check(series)
}

const FIELDS: &[&str] = &["column_unix_ms", "rows", "series", "generated_at", "fanout"];

/// The answer's fields, each `None` until it was seen with a value.
#[derive(Default)]
struct Answer<'a> {
    column_unix_ms: Option<Vec<i64>>,
    rows: Option<Rows<'a>>,
    series: Option<Cow<'a, str>>,
    generated_at: Option<String>,
    fanout_expected: Option<u64>,
}

/// Rows are read when the columns are known, so that every row can be held against them at once.
enum Rows<'a> {
    Read(Vec<Row>),
    BeforeColumns(Cursor<'a>),
}

impl<'a> Answer<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self> {
        let mut answer = Self::default();
        cursor.object(FIELDS, |cursor, field| answer.field(cursor, field))?;
        Ok(answer)
    }

    fn field(&mut self, cursor: &mut Cursor<'a>, field: &str) -> Result<()> {
        match field {
            "column_unix_ms" => self.column_unix_ms = Some(cursor.optional(Cursor::i64_array)?.unwrap_or_default()),
            "rows" => self.rows = Some(self.rows(cursor)?),
            "series" => self.series = cursor.optional(Cursor::string)?,
            "generated_at" => self.generated_at = cursor.optional(Cursor::string)?.map(Cow::into_owned),
            _ => self.fanout_expected = cursor.optional(fanout_expected)?.flatten(),
        }
        Ok(())
    }

    fn rows(&self, cursor: &mut Cursor<'a>) -> Result<Rows<'a>> {
        if let Some(columns) = &self.column_unix_ms {
            return row::read_all(cursor, columns.len()).map(Rows::Read);
        }
        let rows = cursor.clone();
        cursor.skip()?;
        Ok(Rows::BeforeColumns(rows))
    }

    fn check(self, asked: Series) -> Result<Matrix> {
        let missing = |field| DecodeError::new("missing").within(field);
        let column_unix_ms = self.column_unix_ms.ok_or_else(|| missing("column_unix_ms"))?;
        let rows = match self.rows.ok_or_else(|| missing("rows"))? {
            Rows::Read(rows) => rows,
            Rows::BeforeColumns(mut cursor) => {
                row::read_all(&mut cursor, column_unix_ms.len()).map_err(|error| error.within("rows"))?
            }
        };
        check_unique(&rows)?;
        let series = self.series.ok_or_else(|| missing("series"))?;
        if series != asked.as_str() {
            let message = format!("{} where {asked} was asked for", cursor::quoted(series.as_bytes()));
            return Err(DecodeError::new(message).within("series"));
        }
        let Self { generated_at, fanout_expected, .. } = self;
        Ok(Matrix { series: asked, column_unix_ms, rows, generated_at, fanout_expected })
    }
}

/// `fanout.expected` however it is written: what is merged must not pass for a node's own because of a `2.0`. The other
/// members are nobody's business here.
fn fanout_expected(cursor: &mut Cursor<'_>) -> Result<Option<u64>> {
    let mut expected = None;
    cursor.object(&["expected"], |cursor, _| {
        let token = str::from_utf8(cursor.skip()?).unwrap_or_default();
        if !token.starts_with('"') && token.parse().is_ok_and(f64::is_infinite) {
            return Err(DecodeError::new("a number beyond the range of JSON's readers"));
        }
        expected = count(token);
        Ok(())
    })?;
    Ok(expected)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count beyond any bound is a count")]
fn count(token: &str) -> Option<u64> {
    let digits = token.trim_matches('"');
    digits
        .parse()
        .ok()
        .or_else(|| digits.parse::<f64>().ok().filter(|count| *count >= 0.0).map(|count| count.ceil() as u64))
}

fn check_unique(rows: &[Row]) -> Result<()> {
    let mut seen = HashSet::with_capacity(rows.len());
    match rows.iter().position(|row| !seen.insert(row.meta.bucket_id.as_str())) {
        None => Ok(()),
        Some(index) => Err(DecodeError::new("bucket_id: twice").within(row::place(index, &rows[index].meta.bucket_id))),
    }
}
