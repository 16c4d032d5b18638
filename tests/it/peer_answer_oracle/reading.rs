//! What a peer's bytes are by RFC 9112, read with a tolerant eye that also sees what nobody may misunderstand.

/// What a peer's bytes are.
#[derive(Debug)]
pub(crate) struct Sent {
    /// The body of a 200 that is there to its end, in the form that was asked for.
    pub(crate) body: Option<Vec<u8>>,
    /// A 200's body has an end that is not the connection's.
    pub(crate) ends_itself: bool,
    /// A 200's body says where it ends, and does not come so far.
    pub(crate) is_short: bool,
    /// Written as every server writes: it must be understood. Of what is not, some may be.
    pub(crate) is_plain: bool,
}

/// RFC 9112 §6.3, one rule after the other, with a tolerant eye.
pub(crate) fn read_slowly(bytes: &[u8]) -> Sent {
    let nothing = Sent { body: None, ends_itself: false, is_short: false, is_plain: false };
    let Some(head) = Head::last_of(bytes) else { return nothing };
    if head.status != 200 {
        return nothing;
    }
    let codings: Vec<_> = head.all("transfer-encoding").flat_map(|value| value.split(',')).map(str::trim).collect();
    let lengths: Vec<_> = head.all("content-length").flat_map(|value| value.split(',')).map(digits).collect();
    let body = match (&codings[..], &lengths[..]) {
        ([.., last], _) if last.eq_ignore_ascii_case("chunked") => Framed::chunks(head.rest),
        ([], [Some(first), others @ ..]) if others.iter().all(|other| *other == Some(*first)) => {
            Framed::counted(*first, head.rest)
        }
        ([], [_, ..]) => Framed { body: None, ends_itself: false, is_plain: false, is_short: false },
        ([], []) => Framed { body: Some(head.rest.to_vec()), ends_itself: false, is_plain: true, is_short: false },
        _ => Framed { body: Some(head.rest.to_vec()), ends_itself: false, is_plain: false, is_short: false },
    };
    let as_asked = head.all("content-encoding").all(|coding| coding.eq_ignore_ascii_case("identity"));
    let is_plain = head.is_plain && body.is_plain && codings.len() + lengths.len() <= 1;
    Sent {
        ends_itself: body.ends_itself,
        is_short: body.is_short && as_asked,
        body: body.body.filter(|_| as_asked),
        is_plain,
    }
}

/// A length as servers write it.
fn digits(text: &str) -> Option<usize> {
    let text = text.trim();
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

struct Framed {
    body: Option<Vec<u8>>,
    ends_itself: bool,
    is_short: bool,
    is_plain: bool,
}

impl Framed {
    fn counted(length: usize, rest: &[u8]) -> Self {
        let body = rest.get(..length).map(<[u8]>::to_vec);
        Self { ends_itself: true, is_short: body.is_none(), body, is_plain: true }
    }

    fn chunks(mut rest: &[u8]) -> Self {
        let (mut body, mut is_plain) = (Vec::new(), true);
        let broken = |is_short, is_plain| Self { body: None, ends_itself: true, is_short, is_plain };
        loop {
            let Some((line, after)) = line(rest) else { return broken(true, is_plain) };
            let (size, extension) = line.split_once(';').map_or((&*line, None), |(size, more)| (size, Some(more)));
            is_plain &= extension.is_none() && (1..=6).contains(&size.len()) && rest.get(line.len()) == Some(&b'\r');
            is_plain &= size.bytes().all(|byte| byte.is_ascii_hexdigit());
            let Ok(size) = usize::from_str_radix(size.trim_matches([' ', '\t']), 16) else {
                return broken(false, is_plain);
            };
            if size == 0 {
                let Some(()) = trailers(after, &mut is_plain) else { return broken(true, is_plain) };
                return Self { body: Some(body), ends_itself: true, is_short: false, is_plain };
            }
            let Some(chunk) = after.get(..size) else { return broken(true, is_plain) };
            body.extend_from_slice(chunk);
            match after[size..].strip_prefix(b"\r\n") {
                Some(next) => rest = next,
                None => return broken(b"\r".starts_with(&after[size..]), is_plain),
            }
        }
    }
}

/// The lines after the last chunk, up to an empty one.
fn trailers(mut rest: &[u8], is_plain: &mut bool) -> Option<()> {
    loop {
        let (line, after) = line(rest)?;
        if line.is_empty() {
            *is_plain &= rest.starts_with(b"\r\n");
            return Some(());
        }
        *is_plain = false;
        rest = after;
    }
}

struct Head<'a> {
    status: u16,
    fields: Vec<(String, String)>,
    rest: &'a [u8],
    is_plain: bool,
}

impl<'a> Head<'a> {
    /// The head of the final answer: those of interim ones go before.
    fn last_of(mut bytes: &'a [u8]) -> Option<Self> {
        let mut first = true;
        loop {
            let head = Self::first_of(bytes)?;
            if !(100..200).contains(&head.status) || head.status == 101 {
                return Some(Self { is_plain: head.is_plain && first, ..head });
            }
            (bytes, first) = (head.rest, false);
        }
    }

    fn first_of(bytes: &'a [u8]) -> Option<Self> {
        let start = bytes.iter().position(|byte| !b"\r\n".contains(byte))?;
        let (first, mut rest) = line(&bytes[start..])?;
        let (version, status) = first.split_once(' ')?;
        let status = status.trim_start().get(..3)?.parse().ok()?;
        let mut fields = Vec::new();
        loop {
            let (field, after) = line(rest)?;
            rest = after;
            if field.is_empty() {
                break;
            }
            let (name, value) = field.split_once(':')?;
            fields.push((name.trim().to_lowercase(), value.trim().to_owned()));
        }
        let head = &bytes[..bytes.len() - rest.len()];
        let is_plain = is_plain_head(head) && start == 0 && (version == "HTTP/1.1" || is_plain_10(version, &fields));
        Some(Self { status, fields, rest, is_plain })
    }

    fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// It had no chunks.
fn is_plain_10(version: &str, fields: &[(String, String)]) -> bool {
    version == "HTTP/1.0" && fields.iter().all(|(name, _)| name != "transfer-encoding")
}

/// Lines that end as they should, with names and values that every reader takes.
fn is_plain_head(head: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(head) else { return false };
    let Some(text) = text.strip_suffix("\r\n\r\n") else { return false };
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.get(8..)).unwrap_or_default();
    let visible = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let is_field = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap_or_default();
        let plain_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        plain_name && visible(value) && !["upgrade", "connection"].contains(&&*name.to_lowercase())
    };
    let mut fields = 0;
    let plain_fields = lines.all(|line| {
        fields += 1;
        is_field(line)
    });
    status.starts_with(" 200 ") && visible(status) && plain_fields && fields < 50
}

/// Up to a line feed; a carriage return before it goes too.
fn line(bytes: &[u8]) -> Option<(String, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
    Some((String::from_utf8_lossy(line).into_owned(), &bytes[end + 1..]))
}
