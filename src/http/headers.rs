//! Header fields between hyper and `http_types`.

use std::fmt::Write;

use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tide::http::{Headers, headers as types};

/// Replaces the fields of `to` by those of `from`.
///
/// A `Content-Type` that `http_types` guessed from the body goes too: what was not sent is not there.
pub(super) fn copy_in(from: &HeaderMap, to: &mut Headers) {
    to.remove(CONTENT_TYPE.as_str());
    for (name, value) in from {
        let value = types::HeaderValue::from_bytes(ascii(value.as_bytes()));
        if let (Ok(name), Ok(value)) = (name.as_str().parse::<types::HeaderName>(), value) {
            to.append(name, value);
        }
    }
}

/// The fields of `from`; one that can't be sent is left out and logged by its name.
pub(super) fn copy_out(from: &Headers) -> HeaderMap {
    let mut to = HeaderMap::new();
    for (name, values) in from {
        for value in values {
            match (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
                (Ok(name), Ok(value)) => _ = to.append(name, value),
                _ => log::warn!("header {:?} is not sent: it holds what a header can't", name.as_str()),
            }
        }
    }
    to
}

/// `http_types` takes ASCII alone, and a cookie of another application must not cost us our own in the same field:
/// every other byte is percent-encoded.
fn ascii(value: &[u8]) -> Vec<u8> {
    if value.is_ascii() {
        return value.to_vec();
    }
    let mut escaped = String::with_capacity(value.len() + 16);
    for &byte in value {
        if byte.is_ascii() {
            escaped.push(char::from(byte));
        } else {
            // Writing to a `String` can't fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_beyond_ascii_are_percent_encoded_and_the_rest_is_kept() {
        let mut from = HeaderMap::new();
        from.append("cookie", HeaderValue::from_bytes(b"other=\xc3\xa9; admin_session=abc%20").unwrap());
        let mut request = tide::http::Request::get("http://localhost/");
        copy_in(&from, request.as_mut());
        assert_eq!(request.header("cookie").unwrap().as_str(), "other=%C3%A9; admin_session=abc%20");
    }

    #[test]
    fn repeated_fields_survive_both_ways() {
        let mut from = HeaderMap::new();
        from.append("via", HeaderValue::from_static("a"));
        from.append("via", HeaderValue::from_static("b"));
        let mut response = tide::http::Response::new(200);
        copy_in(&from, response.as_mut());
        assert_eq!(copy_out(response.as_ref()), from);
    }

    #[test]
    fn a_value_with_a_line_break_is_left_out() {
        let mut response = tide::http::Response::new(200);
        response.insert_header("x-good", "1");
        response.insert_header("x-bad", "1\r\nset-cookie: a=b");
        let sent = copy_out(response.as_ref());
        assert_eq!(sent.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-good"]);
    }
}
