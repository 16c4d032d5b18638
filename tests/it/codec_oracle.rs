//! What WIRE §2 says, written with serde's derive and plain checks: slow, obvious, and the judge of the decoder.

use std::{collections::HashSet, fmt, marker::PhantomData};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use keyviz_fanout::matrix::{Identities, Matrix, Row, RowMeta, Series, decode};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// The law: the decoder accepts what this module accepts, and reads the same out of it.
pub(crate) fn check_law(body: &[u8], series: Series) {
    assert_eq!(decode(body, series).ok(), decode_slowly(body, series).ok(), "of {}", body.escape_ascii());
}

/// Decodes with `serde_json` alone.
pub(crate) fn decode_slowly(body: &[u8], asked: Series) -> Result<Matrix, String> {
    let Object(answer) = serde_json::from_slice::<Object<Answer>>(body).map_err(|error| error.to_string())?;
    let columns = answer.column_unix_ms.len();
    let rows = answer.rows.into_iter().map(|Object(row)| row.check(columns)).collect::<Result<Vec<_>, _>>()?;
    let ids: HashSet<_> = rows.iter().map(|row| &row.meta.bucket_id).collect();
    if ids.len() != rows.len() || answer.series != asked.as_str() {
        return Err("bucket_id twice, or another series".into());
    }
    Ok(Matrix {
        series: asked,
        column_unix_ms: answer.column_unix_ms,
        rows,
        generated_at: answer.generated_at,
        fanout_expected: answer.fanout.and_then(|Object(fanout)| fanout.expected.0),
    })
}

#[derive(Deserialize)]
struct Answer {
    #[serde(deserialize_with = "nullable")]
    column_unix_ms: Vec<i64>,
    #[serde(deserialize_with = "nullable")]
    rows: Vec<Object<RawRow>>,
    series: String,
    generated_at: Option<String>,
    fanout: Option<Object<Fanout>>,
}

#[derive(Deserialize)]
struct RawRow {
    bucket_id: String,
    label: Option<String>,
    start: Option<String>,
    end: Option<String>,
    aggregate: Option<bool>,
    route_ids: Option<Vec<u64>>,
    route_ids_truncated: Option<bool>,
    route_count: Option<u64>,
    #[serde(deserialize_with = "nullable")]
    values: Vec<u64>,
    raft_group_ids: Option<Vec<u64>>,
    leader_terms: Option<Vec<u64>>,
    #[serde(rename = "conflict")]
    _conflict: Option<bool>,
    conflicts: Option<Vec<bool>>,
}

#[derive(Deserialize)]
struct Fanout {
    #[serde(default)]
    expected: Expected,
}

impl RawRow {
    fn check(self, columns: usize) -> Result<Row, String> {
        let wrong = |length: Option<usize>| length.is_some_and(|length| length != columns);
        if self.bucket_id.is_empty()
            || self.values.len() != columns
            || wrong(self.raft_group_ids.as_ref().map(Vec::len))
            || wrong(self.leader_terms.as_ref().map(Vec::len))
            || wrong(self.conflicts.as_ref().map(Vec::len))
        {
            return Err(format!("row {:?}", self.bucket_id));
        }
        let key = |text: Option<String>| text.map(|text| STANDARD.decode(text)).transpose().map_err(|e| e.to_string());
        Ok(Row {
            meta: RowMeta {
                bucket_id: self.bucket_id,
                label: self.label,
                start: key(self.start)?,
                end: key(self.end)?,
                aggregate: self.aggregate.unwrap_or_default(),
                route_ids: self.route_ids,
                route_ids_truncated: self.route_ids_truncated,
                route_count: self.route_count.unwrap_or_default(),
            },
            values: self.values,
            raft_group_ids: self.raft_group_ids.map(|cells| Identities::from_slice(&cells)),
            leader_terms: self.leader_terms.map(|cells| Identities::from_slice(&cells)),
        })
    }
}

/// `null` is the default, absence an error.
fn nullable<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A struct from an object alone; serde's derive would take an array of its fields too.
struct Object<T>(T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: DeserializeOwned> Visitor<'de> for Members<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// `fanout.expected`: a count however it is written, or any other value, which is none.
#[derive(Default)]
struct Expected(Option<u64>);

impl<'de> Deserialize<'de> for Expected {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Expected;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_u64<E>(self, count: u64) -> Result<Expected, E> {
                Ok(Expected(Some(count)))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Expected, E> {
                Ok(Expected(None))
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "beyond any bound is a count too"
            )]
            fn visit_f64<E>(self, count: f64) -> Result<Expected, E> {
                Ok(Expected((count >= 0.0).then(|| count.ceil() as u64)))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Expected, E> {
                Ok(Expected(None))
            }
            fn visit_unit<E>(self) -> Result<Expected, E> {
                Ok(Expected(None))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Expected, E> {
                match (text.parse(), text.parse()) {
                    (Ok(count), _) => self.visit_u64(count),
                    (_, Ok(count)) => self.visit_f64(count),
                    _ => Ok(Expected(None)),
                }
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Expected, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Expected(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Expected, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Expected(None))
            }
        }
        deserializer.deserialize_any(Any)
    }
}
