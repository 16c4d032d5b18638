use std::io;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::{
    Options,
    answer::{LastError, Peer},
};
use crate::{cli::view::text, text::escape};

/// How it goes with a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    Failing,
    BreakerOpen,
    NotAsked,
    Own,
    Duplicate,
}

impl State {
    fn of(peer: &Peer) -> Self {
        let failed_since =
            peer.last_error.as_ref().is_some_and(|error| peer.last_success.is_none_or(|ok| ok < error.at));
        match peer.role.as_str() {
            "duplicate" => Self::Duplicate,
            // An entry that is this node shows how its local source does.
            _ if peer.breaker != "closed" => Self::BreakerOpen,
            _ if failed_since || peer.consecutive_failures > 0 => Self::Failing,
            "self" => Self::Own,
            _ if peer.last_success.is_none() => Self::NotAsked,
            _ => Self::Ok,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failing => "failing",
            Self::BreakerOpen => "breaker open",
            Self::NotAsked => "not asked yet",
            Self::Own => "self",
            Self::Duplicate => "duplicate",
        }
    }
}

fn count<'a>(peers: impl IntoIterator<Item = &'a Peer>, state: State) -> u64 {
    peers.into_iter().map(|peer| u64::from(State::of(peer) == state)).sum()
}

/// How many entries are nodes of their own, this one apart.
fn others(peers: &[Peer]) -> u64 {
    peers.iter().map(|peer| u64::from(peer.role == "peer")).sum()
}

/// How it goes while none fails: `3 of 3 peers ok`.
pub(super) fn well(peers: &[Peer]) -> String {
    let [ok, not_asked] = [State::Ok, State::NotAsked].map(|state| count(peers, state));
    let others = text::plural(others(peers), "peer");
    match (ok, not_asked) {
        (0, 0) => "there are no peers".to_owned(),
        (0, _) => "no peer asked yet".to_owned(),
        (_, 0) => format!("{ok} of {others} ok"),
        (_, _) => format!("{ok} of {others} ok, {not_asked} not asked yet"),
    }
}

/// Who fails: `2 of 5 peers fail (1 with an open breaker)`. `local` is the node on this host, where none is known to be it.
pub(super) fn trouble(local: Option<&Peer>, peers: &[Peer]) -> Option<String> {
    let is_own = |peer: &&Peer| peer.role == "self";
    let own = local.into_iter().chain(peers).filter(is_own).any(|peer| State::of(peer) != State::Own);
    let own = own.then(|| "the node on this host fails".to_owned());
    let [failing, open] =
        [State::Failing, State::BreakerOpen].map(|state| count(peers.iter().filter(|peer| !is_own(peer)), state));
    let bad = failing + open;
    let others = (bad > 0).then(|| {
        let verb = if bad == 1 { "fails" } else { "fail" };
        let open = if open > 0 { format!(" ({open} with an open breaker)") } else { String::new() };
        format!("{bad} of {} {verb}{open}", text::plural(others(peers), "peer"))
    });
    let both: Vec<_> = own.into_iter().chain(others).collect();
    (!both.is_empty()).then(|| both.join("; "))
}

/// What a table holds; the breaker only on a wide terminal, as the state tells of an open one too.
const HEADER: [&str; 6] = ["ENTRY", "ROLE", "STATE", "LAST OK", "FAILURES", "BREAKER"];
const NARROW: usize = 5;
const FAILURES: usize = 4;
/// Fewest terminal columns in which an error can be read beside its peer.
const BESIDE: usize = 50;
/// Indentation of an error that stands below its peer.
const INDENT: usize = 4;

/// Writes a line for each peer, and before them for the node on this host where none is known to be it, with its last
/// error beside it where the terminal has the room, else below.
pub(super) fn render(
    local: Option<&Peer>,
    peers: &[Peer],
    options: &Options,
    out: &mut impl io::Write,
) -> io::Result<()> {
    if peers.is_empty() {
        writeln!(out, "no peers: the local node is shown alone")?;
    }
    let nodes: Vec<_> = local.into_iter().chain(peers).collect();
    if nodes.is_empty() {
        return Ok(());
    }
    let width = usize::from(options.width);
    if let Some(local) = local.filter(|_| !peers.is_empty()) {
        let why = escape(&local.why);
        let told = text::wrap(&format!("the first of these is the node on this host: {why}"), width);
        told.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    }
    let rows: Vec<_> = nodes.iter().map(|peer| row(peer, options.now)).collect();
    let errors = nodes.iter().map(|peer| peer.last_error.as_ref().map(|error| last_error(error, options.now)));
    let wide = lines(&rows, HEADER.len());
    let indent = 2 + wide.iter().map(|line| line.width()).max().unwrap_or_default();
    if width < indent + BESIDE {
        return below(&lines(&rows, NARROW), errors, width, out);
    }
    let title = std::iter::once("LAST ERROR".to_owned());
    for (line, error) in wide.iter().zip(title.chain(errors.map(or_none))) {
        let beside = std::iter::once(line.as_str()).chain(std::iter::repeat(""));
        for (line, words) in beside.zip(text::wrap(&error, width - indent)) {
            writeln!(out, "{}{words}", text::fit(line, indent))?;
        }
    }
    Ok(())
}

fn below(
    lines: &[String],
    errors: impl Iterator<Item = Option<String>>,
    width: usize,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let under_header = std::iter::once(None);
    for (line, error) in lines.iter().zip(under_header.chain(errors)) {
        writeln!(out, "{line}")?;
        let words = error.map(|error| text::wrap(&error, width.saturating_sub(INDENT)));
        words.iter().flatten().try_for_each(|words| writeln!(out, "{:INDENT$}{words}", ""))?;
    }
    Ok(())
}

/// The header and a line for each peer, of the first `columns`.
fn lines(rows: &[[String; HEADER.len()]], columns: usize) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(&HEADER[..columns]).add_rows(rows.iter().map(|row| &row[..columns]));
    if let Some(failures) = table.column_mut(FAILURES) {
        failures.set_cell_alignment(CellAlignment::Right);
    }
    table.lines().map(|line| line.trim().to_owned()).collect()
}

fn row(peer: &Peer, now: Timestamp) -> [String; HEADER.len()] {
    let failures = peer.consecutive_failures;
    [
        peer.entry.clone(),
        peer.role.clone(),
        State::of(peer).as_str().to_owned(),
        or_none(peer.last_success.map(|at| text::ago(at, now))),
        or_none((failures > 0).then(|| failures.to_string())),
        peer.breaker.replace('_', " "),
    ]
    .map(|cell| escape(&cell).into_owned())
}

fn last_error(LastError { at, reason, message }: &LastError, now: Timestamp) -> String {
    escape(&format!("{}, {reason}: {message}", text::ago(*at, now))).into_owned()
}

fn or_none(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}
