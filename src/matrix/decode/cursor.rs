use std::borrow::Cow;

use serde::de::{DeserializeOwned, IgnoredAny};

use super::{DecodeError, Result, plain};

/// A place in a body, moved on by reading what stands there.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    body: &'a [u8],
    at: usize,
}

/// Most bytes of a body that an error repeats.
const QUOTED: usize = 40;

/// Text of a peer, as an error shows it: bounded, without control characters.
pub(super) fn quoted(text: &[u8]) -> String {
    let (shown, more) = if text.len() > QUOTED { (&text[..QUOTED], "…") } else { (text, "") };
    format!("\"{}{more}\"", String::from_utf8_lossy(shown).escape_debug())
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r')
}

const fn ends_token(byte: u8) -> bool {
    matches!(byte, b',' | b']' | b'}' | b':' | b'[' | b'{' | b'"') || is_space(byte)
}

impl<'a> Cursor<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { body, at: 0 }
    }

    /// The bytes not yet read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.body.get(self.at..).unwrap_or_default()
    }

    pub(super) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// The next byte that is not white space, left unread.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            let next = self.body.get(self.at).copied();
            if !next.is_some_and(is_space) {
                return next;
            }
            self.at += 1;
        }
    }

    /// Reads `byte` if it is next.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<()> {
        if self.take(byte) { Ok(()) } else { Err(self.unexpected(format_args!("`{}`", char::from(byte)))) }
    }

    /// Nothing but white space may be left.
    pub(super) fn end(&mut self) -> Result<()> {
        if self.peek().is_none() { Ok(()) } else { Err(self.unexpected("the end")) }
    }

    /// The error that something else than `wanted` comes next.
    pub(super) fn unexpected(&mut self, wanted: impl std::fmt::Display) -> DecodeError {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(_) => quoted(self.token()),
        };
        DecodeError::new(format!("{found} at byte {} where {wanted} should be", self.at))
    }

    /// What stands here up to the next delimiter, at least one byte of it.
    fn token(&self) -> &'a [u8] {
        let rest = self.rest();
        let end = rest.iter().skip(1).position(|&byte| ends_token(byte)).map_or(rest.len(), |at| at + 1);
        &rest[..end]
    }

    /// Reads an object: `field` is called for each of the `known` members, at most once, with the cursor at its value;
    /// the others are skipped.
    pub(super) fn object(
        &mut self,
        known: &[&'static str],
        mut field: impl FnMut(&mut Self, &'static str) -> Result<()>,
    ) -> Result<()> {
        self.expect(b'{')?;
        let mut seen = 0u32;
        let mut next = 0;
        let mut more = !self.take(b'}');
        while more {
            let index = self.name(known, next)?;
            self.expect(b':')?;
            match index {
                None => drop(self.skip()?),
                Some(index) if seen & (1 << index) != 0 => return Err(DecodeError::new("twice").within(known[index])),
                Some(index) => {
                    seen |= 1 << index;
                    next = index + 1;
                    field(self, known[index]).map_err(|error| error.within(known[index]))?;
                }
            }
            more = self.take(b',');
            if !more {
                self.expect(b'}')?;
            }
        }
        Ok(())
    }

    /// Reads a member's name; returns its index in `known`, where it probably is the `next` or one of those behind it.
    fn name(&mut self, known: &[&'static str], next: usize) -> Result<Option<usize>> {
        self.peek();
        let text = self.rest();
        let is_next = |name: &&str| {
            text.get(name.len() + 1) == Some(&b'"') && text[0] == b'"' && &text[1..=name.len()] == name.as_bytes()
        };
        if let Some(ahead) = known[next..].iter().position(is_next) {
            self.at += known[next + ahead].len() + 2;
            return Ok(Some(next + ahead));
        }
        let name = self.string()?;
        Ok(known.iter().position(|known| *known == name))
    }

    /// Reads an array; `item` is called with the cursor at each element.
    pub(super) fn array(&mut self, mut item: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        self.expect(b'[')?;
        if self.take(b']') {
            return Ok(());
        }
        loop {
            item(self)?;
            if !self.take(b',') {
                return self.expect(b']');
            }
        }
    }

    /// Reads `null` as `None`, anything else by `read`.
    pub(super) fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        if self.peek() == Some(b'n') && self.token() == b"null" {
            self.at += 4;
            return Ok(None);
        }
        read(self).map(Some)
    }

    pub(super) fn boolean(&mut self) -> Result<bool> {
        self.peek();
        let text = self.rest();
        let is = |word: &str| text.starts_with(word.as_bytes()) && text.get(word.len()).is_none_or(|&b| ends_token(b));
        let value = is("true");
        if !value && !is("false") {
            return Err(self.unexpected("true or false"));
        }
        self.at += if value { 4 } else { 5 };
        Ok(value)
    }

    /// Reads a string, borrowed from the body unless it has escapes.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a string"));
        }
        let Some(text) = self.plain_string() else {
            return self.foreign::<String>().map(Cow::Owned);
        };
        let at = self.at;
        let text = str::from_utf8(text)
            .map_err(|error| DecodeError::new(format!("string at byte {at} is not UTF-8: {error}")))?;
        self.at += text.len() + 2;
        Ok(Cow::Borrowed(text))
    }

    /// Reads a string whose bytes are wanted, UTF-8 or not.
    pub(super) fn string_bytes(&mut self) -> Result<Cow<'a, [u8]>> {
        if let Some(text) = self.plain_string() {
            self.at += text.len() + 2;
            return Ok(Cow::Borrowed(text));
        }
        self.string().map(|text| Cow::Owned(text.into_owned().into_bytes()))
    }

    /// The bytes of the string that is next, left unread, unless it has escapes or control characters.
    fn plain_string(&mut self) -> Option<&'a [u8]> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let text = &self.body[self.at + 1..];
        let end = plain::length(text);
        (text.get(end) == Some(&b'"')).then(|| &text[..end])
    }

    /// Skips one value of any kind and depth; returns its bytes.
    pub(super) fn skip(&mut self) -> Result<&'a [u8]> {
        self.peek();
        let from = self.at;
        self.foreign::<IgnoredAny>()?;
        Ok(&self.body[from..self.at])
    }

    /// Reads one value with `serde_json`.
    fn foreign<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut values = serde_json::Deserializer::from_slice(self.rest()).into_iter();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok(value)
            }
            Some(Err(error)) => Err(DecodeError::new(format!("after byte {}: {error}", self.at))),
            None => Err(self.unexpected("a value")),
        }
    }

    pub(super) fn u64(&mut self) -> Result<u64> {
        self.peek();
        match digits(self.rest()) {
            Some((value, length)) => {
                self.at += length;
                Ok(value)
            }
            None => Err(self.unexpected("an integer from 0 to 18446744073709551615")),
        }
    }

    fn i64(&mut self) -> Result<i64> {
        let negative = self.peek() == Some(b'-');
        let signed = |magnitude| match (negative, magnitude) {
            (false, _) => i64::try_from(magnitude).ok(),
            (true, 0) => None,
            (true, _) => 0i64.checked_sub_unsigned(magnitude),
        };
        let from = usize::from(negative);
        match digits(&self.rest()[from..]).and_then(|(magnitude, length)| Some((signed(magnitude)?, length))) {
            Some((value, length)) => {
                self.at += from + length;
                Ok(value)
            }
            None => Err(self.unexpected("an integer of 64 bits")),
        }
    }

    pub(super) fn i64_array(&mut self) -> Result<Vec<i64>> {
        let mut numbers = Vec::new();
        self.array(|cursor| {
            numbers.push(cursor.i64()?);
            Ok(())
        })?;
        Ok(numbers)
    }
}

/// The number at the beginning of `text` and how many digits it has; `None` if it has a leading zero, is above 64 bits,
/// or is followed by what cannot follow an integer.
fn digits(text: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    let mut length = 0;
    while let Some(digit) = text.get(length).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        value = value.checked_mul(10)?.checked_add(digit.into())?;
        length += 1;
    }
    let leading_zero = length > 1 && text[0] == b'0';
    let whole = text.get(length).is_none_or(|&byte| ends_token(byte));
    (length > 0 && whole && !leading_zero).then_some((value, length))
}
