use std::{fmt, str::FromStr};

use url::form_urlencoded;

use crate::matrix::Series;

/// Most rows of one answer (SPEC §2).
pub const MAX_ROWS: usize = 1024;

/// Path of the matrix, here and on every node.
pub const MATRIX_PATH: &str = "/admin/api/v1/keyviz/matrix";

/// Path of a node's own view of the cluster (WIRE §3).
pub const CLUSTER_PATH: &str = "/admin/api/v1/cluster";

/// A caller's question, parsed (SPEC §2, "Matrix query").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MatrixQuery {
    /// What is counted.
    pub series: Series,
    /// Start of the range, Unix milliseconds, inclusive; `None` is unbounded.
    pub from_unix_ms: Option<i64>,
    /// End of the range, Unix milliseconds, exclusive; `None` is unbounded.
    pub to_unix_ms: Option<i64>,
    /// Row budget, 1 … [`MAX_ROWS`].
    pub rows: usize,
    /// An incomplete result is an error.
    pub require_all: bool,
    /// Whether cells carry their Raft group and term.
    pub identity: bool,
}

impl Default for MatrixQuery {
    fn default() -> Self {
        Self {
            series: Series::default(),
            from_unix_ms: None,
            to_unix_ms: None,
            rows: MAX_ROWS,
            require_all: false,
            identity: true,
        }
    }
}

/// A query parameter has a value that SPEC §2 does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidQuery(String);

impl MatrixQuery {
    /// Parses a URL's query string. An empty value means the default; of a parameter given twice the first counts, as
    /// on a node; unknown ones are ignored.
    pub fn parse(query: &str) -> Result<Self, InvalidQuery> {
        let first = |name: &str| {
            form_urlencoded::parse(query.as_bytes())
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
                .filter(|value| !value.is_empty())
        };
        let parsed = Self {
            series: match first("series") {
                Some(name) => Series::from_str(&name).map_err(|error| InvalidQuery(error.to_string()))?,
                None => Series::default(),
            },
            from_unix_ms: time("from_unix_ms", first("from_unix_ms"))?,
            to_unix_ms: time("to_unix_ms", first("to_unix_ms"))?,
            rows: row_budget(first("rows").as_deref())?,
            require_all: choice("require", ["any", "all"], first("require").as_deref())?,
            identity: !choice("identity", ["true", "false"], first("identity").as_deref())?,
        };
        match (parsed.from_unix_ms, parsed.to_unix_ms) {
            (Some(from), Some(to)) if from > to => {
                Err(InvalidQuery(format!("from_unix_ms {from} is after to_unix_ms {to}")))
            }
            _ => Ok(parsed),
        }
    }

    /// What a node is asked when its answer is passed on as it is: the caller's own rows and bounds.
    pub fn as_asked(&self) -> NodeQuery {
        NodeQuery { series: self.series, from_unix_ms: self.from_unix_ms, to_unix_ms: self.to_unix_ms, rows: self.rows }
    }
}

/// The default for 0 and below, and for all above the maximum, be they as long as they like.
fn row_budget(text: Option<&str>) -> Result<usize, InvalidQuery> {
    let Some(text) = text else { return Ok(MAX_ROWS) };
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidQuery("rows must be an integer".into()));
    }
    Ok(text.parse().ok().filter(|rows| (1..=MAX_ROWS).contains(rows)).unwrap_or(MAX_ROWS))
}

fn time(name: &str, text: Option<String>) -> Result<Option<i64>, InvalidQuery> {
    let ms = text.map(|text| text.parse()).transpose();
    let ms = ms.map_err(|_| InvalidQuery(format!("{name} must be an integer (unix milliseconds)")))?;
    Ok(ms.filter(|&ms| ms != 0))
}

/// Whether the second of the two words was given; the first is the default.
fn choice(name: &str, [default, other]: [&str; 2], text: Option<&str>) -> Result<bool, InvalidQuery> {
    match text {
        None => Ok(false),
        Some(text) if text == default => Ok(false),
        Some(text) if text == other => Ok(true),
        Some(_) => Err(InvalidQuery(format!("{name} must be {default} or {other}"))),
    }
}

/// What one node is asked: rebuilt from parsed values, so that nothing else of the caller's query reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeQuery {
    /// What is counted.
    pub series: Series,
    /// Start of the range, Unix milliseconds, inclusive.
    pub from_unix_ms: Option<i64>,
    /// End of the range, Unix milliseconds, exclusive.
    pub to_unix_ms: Option<i64>,
    /// Most rows wanted.
    pub rows: usize,
}

/// How far a bound is widened towards a node whose step is not known yet (SPEC §3).
const UNSEEN_MARGIN_MS: i64 = 3_600_000;

impl NodeQuery {
    /// The bounds widened so that the merged columns at the edges get all of their windows: by three of the node's own
    /// steps (SPEC §3), and at the start by as much as one merged column reaches back, should that be more; without
    /// that, the first column of a wide step would silently be a part of itself.
    #[must_use]
    pub(crate) fn widened(self, own_step_ms: Option<i64>, merge_step_ms: Option<i64>) -> Self {
        let (before, after) = match own_step_ms {
            Some(own) => {
                let three = own.saturating_mul(3);
                (three.max(merge_step_ms.unwrap_or(0).saturating_add(own)), three)
            }
            None => (UNSEEN_MARGIN_MS, UNSEEN_MARGIN_MS),
        };
        Self {
            // At or below 0 is unbounded on the wire.
            from_unix_ms: self.from_unix_ms.map(|from| from.saturating_sub(before)).filter(|&from| from > 0),
            to_unix_ms: self.to_unix_ms.map(|to| to.saturating_add(after)).map(|to| if to == 0 { 1 } else { to }),
            ..self
        }
    }
}

impl fmt::Display for NodeQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "series={}&rows={}", self.series, self.rows)?;
        if let Some(from) = self.from_unix_ms {
            write!(f, "&from_unix_ms={from}")?;
        }
        if let Some(to) = self.to_unix_ms {
            write!(f, "&to_unix_ms={to}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_given_means_the_defaults() {
        assert_eq!(MatrixQuery::parse("").unwrap(), MatrixQuery::default());
        let empty = "series=&from_unix_ms=&to_unix_ms=0&rows=&require=&identity=&unknown=1";
        assert_eq!(MatrixQuery::parse(empty).unwrap(), MatrixQuery::default());
    }

    #[test]
    fn rows_out_of_bounds_mean_the_most() {
        let within = [("1024", 1024), ("1", 1), ("%2B7", 7), ("007", 7)];
        let out = ["0", "-0", "-1", "1025", "99999999999999999999999", "-99999999999999999999999"];
        for (text, rows) in out.into_iter().map(|text| (text, 1024)).chain(within) {
            assert_eq!(MatrixQuery::parse(&format!("rows={text}")).unwrap().rows, rows, "{text}");
        }
    }

    #[test]
    fn every_bad_value_names_its_parameter() {
        let bad = [
            ("series=nope", "series must be one of: reads, writes, read_bytes, write_bytes"),
            ("from_unix_ms=x", "from_unix_ms must be an integer (unix milliseconds)"),
            ("to_unix_ms=1.5", "to_unix_ms must be an integer (unix milliseconds)"),
            ("rows=abc", "rows must be an integer"),
            ("rows=99999999999999999999.", "rows must be an integer"),
            ("require=some", "require must be any or all"),
            ("identity=yes", "identity must be true or false"),
            ("from_unix_ms=2&to_unix_ms=1", "from_unix_ms 2 is after to_unix_ms 1"),
        ];
        for (query, message) in bad {
            assert_eq!(MatrixQuery::parse(query).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn bounds_are_widened_by_three_own_steps_or_an_hour() {
        let query = MatrixQuery::parse("from_unix_ms=10000000&to_unix_ms=20000000").unwrap().as_asked();
        let bounds = |query: NodeQuery| (query.from_unix_ms.unwrap(), query.to_unix_ms.unwrap());
        assert_eq!(bounds(query.widened(Some(10_000), Some(10_000))), (9_970_000, 20_030_000));
        assert_eq!(bounds(query.widened(None, None)), (6_400_000, 23_600_000));
        assert_eq!(bounds(query.widened(Some(10_000), Some(60_000))), (9_930_000, 20_030_000));
    }

    #[test]
    fn a_bound_widened_to_the_beginning_of_time_is_left_out() {
        let query = MatrixQuery::parse("from_unix_ms=5&to_unix_ms=-3600000").err();
        assert!(query.is_some());
        let query = MatrixQuery::parse("from_unix_ms=5").unwrap().as_asked();
        assert_eq!(query.widened(None, None).to_string(), "series=writes&rows=1024");
    }

    #[test]
    fn the_query_for_a_node_is_rebuilt_from_what_was_understood() {
        let query = MatrixQuery::parse("series=reads&rows=5&from_unix_ms=7&evil=%26x&identity=false").unwrap();
        assert_eq!(query.as_asked().to_string(), "series=reads&rows=5&from_unix_ms=7");
    }
}
