//! JSON written by hand where it is bulk, arrays of numbers, and by `serde_json` where it is text.

mod decimal;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::{Identities, RowMeta};

/// A JSON text in the making: compact, members in the order of the calls.
pub(crate) struct Json(Vec<u8>);

impl Json {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// Writes into `buffer`, whose contents are lost.
    pub(crate) fn over(mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        Self(buffer)
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    /// Punctuation, names and whatever is JSON already.
    pub(crate) fn raw(&mut self, json: impl AsRef<[u8]>) {
        self.0.extend_from_slice(json.as_ref());
    }

    pub(crate) fn string(&mut self, text: &str) {
        serde_json::to_writer(&mut self.0, text).unwrap_or_default();
    }

    pub(crate) fn u64(&mut self, number: u64) {
        let mut digits = [0; decimal::MOST];
        let length = decimal::write(&mut digits, 0, number);
        self.raw(&digits[..length]);
    }

    pub(crate) fn i64(&mut self, number: i64) {
        if number < 0 {
            self.0.push(b'-');
        }
        self.u64(number.unsigned_abs());
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.raw(if value { "true" } else { "false" });
    }

    /// An array, each of whose `items` is written by `item`.
    pub(crate) fn array<T>(&mut self, items: impl IntoIterator<Item = T>, mut item: impl FnMut(&mut Self, T)) {
        self.0.push(b'[');
        for (index, value) in items.into_iter().enumerate() {
            if index > 0 {
                self.0.push(b',');
            }
            item(self, value);
        }
        self.0.push(b']');
    }

    pub(crate) fn u64_array(&mut self, numbers: &[u64]) {
        const AT_ONCE: usize = 64;
        let mut text = [0; AT_ONCE * (decimal::MOST + 1)];
        self.0.push(b'[');
        for numbers in numbers.chunks(AT_ONCE) {
            let length = if numbers.iter().all(|number| *number < 10) {
                decimal::write_digits(&mut text, numbers)
            } else {
                numbers.iter().fold(0, |at, &number| {
                    let end = decimal::write(&mut text, at, number);
                    text[end] = b',';
                    end + 1
                })
            };
            self.raw(&text[..length]);
        }
        self.close_array();
    }

    /// Long runs are written by copying what was written; cells that hardly repeat, one by one.
    pub(crate) fn identities(&mut self, identities: &Identities) {
        const SHORT: usize = 16;
        if !identities.has_few_runs(identities.len() / SHORT + 1) {
            return self.u64_array(&identities.cells());
        }
        self.0.push(b'[');
        for (range, value) in identities.runs() {
            let start = self.0.len();
            self.u64(value);
            self.0.push(b',');
            let mut missing = (self.0.len() - start) * (range.len() - 1);
            while missing > 0 {
                let copied = missing.min(self.0.len() - start);
                self.0.extend_from_within(start..start + copied);
                missing -= copied;
            }
        }
        self.close_array();
    }

    /// Ends an array whose elements each have a comma behind them.
    fn close_array(&mut self) {
        match self.0.last_mut() {
            Some(last @ b',') => *last = b']',
            _ => self.0.push(b']'),
        }
    }

    fn base64_or_null(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            None => self.raw("null"),
            Some(bytes) => {
                self.raw("\"");
                self.raw(BASE64.encode(bytes));
                self.raw("\"");
            }
        }
    }

    /// The members of a row before its cells, each followed by a comma.
    pub(crate) fn meta(&mut self, meta: &RowMeta) {
        self.raw("\"bucket_id\":");
        self.string(&meta.bucket_id);
        if let Some(label) = &meta.label {
            self.raw(",\"label\":");
            self.string(label);
        }
        self.raw(",\"start\":");
        self.base64_or_null(meta.start.as_deref());
        self.raw(",\"end\":");
        self.base64_or_null(meta.end.as_deref());
        self.raw(",\"aggregate\":");
        self.bool(meta.aggregate);
        if let Some(route_ids) = &meta.route_ids {
            self.raw(",\"route_ids\":");
            self.u64_array(route_ids);
        }
        if let Some(truncated) = meta.route_ids_truncated {
            self.raw(",\"route_ids_truncated\":");
            self.bool(truncated);
        }
        self.raw(",\"route_count\":");
        self.u64(meta.route_count);
        self.raw(",");
    }
}

/// About how many bytes a row takes beside its cells.
pub(crate) fn meta_size(meta: &RowMeta) -> usize {
    let text = meta.bucket_id.len() + meta.label.as_ref().map_or(0, String::len);
    let keys = meta.start_bytes().len() + meta.end_bytes().len();
    256 + text + keys * 4 / 3 + meta.route_ids.as_ref().map_or(0, |ids| ids.len() * 8)
}

/// At most how many bytes the numbers take, separators included.
pub(crate) fn cells_size(cells: &[u64]) -> usize {
    let all_bits = cells.iter().fold(0, |bits, cell| bits | cell);
    cells.len() * (decimal::length(all_bits) + 1) + 2
}

/// At most how many bytes the identities take, separators included.
pub(crate) fn identities_size(identities: &Identities) -> usize {
    identities.len() * (decimal::length(identities.all_bits()) + 1) + 2
}
