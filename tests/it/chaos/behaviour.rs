//! What a simulated node may do with a call for its matrix: answer soundly in one of several ways, or one of everything
//! that breaks, lies or stays silent.

use std::time::Duration;

use crate::stub::{Act, CHUNKED, Script, chunks, ok_json, response, with_header};

/// Longer than any deadline of these tests, so that the daemon hangs up first, and short enough that threads don't pile up.
const BEYOND_ANY_DEADLINE: Duration = Duration::from_millis(2500);

/// Over the largest `fanout.body_cap` of these tests.
const OVER_ANY_CAP: usize = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Behaviour {
    // Whole and true, however it is delivered.
    Sound,
    Chunked,
    UntilClosed,
    Slow,
    /// Its matrix is large.
    Wide,
    /// Its `generated_at` is no time.
    Unstamped,
    /// Its clock is a year off.
    Skewed,
    // Silent, or gone half-way.
    Hangs,
    HangsInHead,
    HangsInBody,
    Trickles,
    HangsUp,
    Resets,
    // Not the whole matrix, or none.
    CutShort,
    CutChunk,
    Garbage,
    HugeHead,
    Encoded,
    NotJson,
    MoreBehind,
    LongerRow,
    ShorterRow,
    TwiceTheRow,
    Negative,
    OtherSeries,
    Declared,
    Endless,
    Aggregate,
    // Another status.
    Unauthenticated,
    Forbidden,
    Fails,
    Disabled,
    Redirects,
    Nothing,
}

use Behaviour::*;

impl Behaviour {
    /// Everything that is not a whole and true answer.
    pub(super) const FAULTS: [Self; 27] = [
        Hangs,
        HangsInHead,
        HangsInBody,
        Trickles,
        HangsUp,
        Resets,
        CutShort,
        CutChunk,
        Garbage,
        HugeHead,
        Encoded,
        NotJson,
        MoreBehind,
        LongerRow,
        ShorterRow,
        TwiceTheRow,
        Negative,
        OtherSeries,
        Declared,
        Endless,
        Aggregate,
        Unauthenticated,
        Forbidden,
        Fails,
        Disabled,
        Redirects,
        Nothing,
    ];

    pub(super) const SOUND: [Self; 7] = [Sound, Chunked, UntilClosed, Slow, Wide, Unstamped, Skewed];

    /// Whether the whole of a true matrix is sent.
    pub(super) fn is_honest(self) -> bool {
        Self::SOUND.contains(&self)
    }

    /// The reason that the daemon may give for it, of those that accuse the node of what it answered.
    pub(super) fn accused_of(self) -> Option<&'static str> {
        match self {
            CutShort | CutChunk | Garbage | HugeHead | Encoded | NotJson | MoreBehind | LongerRow | ShorterRow
            | TwiceTheRow | Negative | OtherSeries => Some("decode"),
            Declared | Endless => Some("too_large"),
            Aggregate => Some("aggregate"),
            Unauthenticated | Forbidden => Some("auth"),
            Fails | Disabled | Redirects | Nothing => Some("status"),
            _ => None,
        }
    }

    /// How it is done, with `body` the whole and true matrix, and `head` what the caller sent, which most of them echo.
    pub(super) fn script(self, body: &str, head: &str, elsewhere: &str) -> Script {
        let echo = head.replace(['\r', '\n', '"'], " ");
        match self {
            Sound | Wide | Unstamped | Skewed => ok_json(body),
            Chunked => vec![Act::Send([CHUNKED.as_bytes(), &chunks(body.as_bytes(), 700), b"0\r\n\r\n"].concat())],
            UntilClosed => vec![send("HTTP/1.1 200 OK\r\n\r\n"), send(body)],
            Slow => {
                let (first, second) = body.split_at(body.len() / 2);
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{first}", body.len());
                vec![
                    Act::Pause(Duration::from_millis(60)),
                    send(&head),
                    Act::Pause(Duration::from_millis(60)),
                    send(second),
                ]
            }
            Hangs => vec![Act::Pause(BEYOND_ANY_DEADLINE)],
            HangsInHead => vec![send("HTTP/1.1 200 OK\r\nX-Half: "), Act::Pause(BEYOND_ANY_DEADLINE)],
            HangsInBody => {
                let half =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.len(), &body[..body.len() / 2]);
                vec![send(&half), Act::Pause(BEYOND_ANY_DEADLINE)]
            }
            Trickles => {
                let bytes = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                vec![Act::Trickle(bytes.into(), Duration::from_millis(40))]
            }
            HangsUp => vec![],
            Resets => vec![Act::Reset],
            CutShort => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len() + 7);
                vec![send(&head), send(body)]
            }
            CutChunk => vec![Act::Send([CHUNKED.as_bytes(), &chunks(body.as_bytes(), 700)].concat())],
            Garbage => vec![send(&format!("SSH-2.0-{echo}\r\n{head}"))],
            HugeHead => {
                vec![send(&format!(
                    "HTTP/1.1 200 OK\r\nX-Echo: {echo}\r\nX-Huge: {}\r\n\r\n",
                    "h".repeat(OVER_ANY_CAP)
                ))]
            }
            Encoded => with_header("200 OK", &format!("Content-Encoding: gzip, {echo}"), body),
            NotJson => ok_json(format!("{{\"column_unix_ms\": {echo}")),
            MoreBehind => ok_json(format!("{body} {{\"and\": \"{echo}\"}}")),
            LongerRow => ok_json(with_row(body, "longer", "[1,2,3]", true)),
            ShorterRow => ok_json(with_row(body, "shorter", "[]", false)),
            TwiceTheRow => {
                let twice = row("twice", "[]");
                ok_json(format!("{{\"column_unix_ms\":[],\"rows\":[{twice},{twice}],{}", tail(body)))
            }
            Negative => ok_json(with_row(body, "negative", "[-1]", false)),
            OtherSeries => ok_json(of_another_series(body)),
            Declared => vec![send(&format!("HTTP/1.1 200 OK\r\nContent-Length: {OVER_ANY_CAP}\r\n\r\n{body}"))],
            // In chunks: one that is only closed would be whole wherever the node is stopped.
            Endless => vec![
                Act::Send([CHUNKED.as_bytes(), &chunks(body.as_bytes(), 700)].concat()),
                Act::Endless(chunks(&[b' '; 16 << 10], 16 << 10)),
            ],
            Aggregate => ok_json(format!("{},\"fanout\":{{\"expected\":3}}}}", body.trim_end().trim_end_matches('}'))),
            Unauthenticated => error("401 Unauthorized", &echo),
            Forbidden => error("403 Forbidden", &echo),
            Fails => error("500 Internal Server Error", &echo),
            Disabled => error("503 Service Unavailable", &echo),
            Redirects => with_header("302 Found", &format!("Location: {elsewhere}"), &echo),
            Nothing => response("204 No Content", ""),
        }
    }
}

fn of_another_series(body: &str) -> String {
    let (reads, writes) = ("\"series\":\"reads\"", "\"series\":\"writes\"");
    if body.contains(writes) { body.replace(writes, reads) } else { body.replace("\"series\":\"", "\"series\":\"un") }
}

fn send(text: &str) -> Act {
    Act::Send(text.as_bytes().to_vec())
}

fn error(status: &str, echo: &str) -> Script {
    response(status, format!("{{\"error\":\"unauthenticated\",\"message\":\"not with {echo}\"}}"))
}

fn row(bucket: &str, values: &str) -> String {
    format!(
        "{{\"bucket_id\":\"{bucket}\",\"start\":null,\"end\":null,\"aggregate\":false,\"route_count\":1,\"values\":{values}}}"
    )
}

/// A matrix of one column whose only row has other values than one; `series` and `generated_at` are those of `body`.
fn with_row(body: &str, bucket: &str, values: &str, has_sound_row: bool) -> String {
    let sound = if has_sound_row { row("sound", "[1]") + "," } else { String::new() };
    format!("{{\"column_unix_ms\":[1000],\"rows\":[{sound}{}],{}", row(bucket, values), tail(body))
}

/// Of a matrix, what comes behind its rows.
fn tail(body: &str) -> &str {
    body.rfind("\"series\":").map_or("\"series\":\"writes\"}", |at| &body[at..])
}
