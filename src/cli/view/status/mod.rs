//! How the daemon does: what is wrong first, then what runs and since when, then its peers.

mod answer;
mod peers;

use std::io;

use jiff::Timestamp;

pub use answer::{NoStatus, Status};

use super::{text, verdict::Pending};
use crate::text::escape;
use answer::{Attempt, Counts, Source, Watch};

/// How to write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Terminal columns.
    pub width: u16,
    /// The moment that every `ago` counts back from.
    pub now: Timestamp,
}

impl Options {
    /// The defaults, at this moment.
    pub fn at(now: Timestamp) -> Self {
        Self { width: 120, now }
    }
}

/// Columns that the names of the fields take.
const LABEL: usize = 12;

/// Writes the summary, the fields and the peers.
pub fn render(status: &Status, options: &Options, out: &mut impl io::Write) -> io::Result<()> {
    writeln!(out, "{}\n", summary(status))?;
    for (label, value) in fields(status, options.now) {
        let room = usize::from(options.width).saturating_sub(LABEL);
        for (index, line) in text::wrap(&escape(&value), room).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            writeln!(out, "{label:LABEL$}{line}")?;
        }
    }
    writeln!(out)?;
    peers::render(status.local.as_ref(), &status.peers, options, out)
}

/// The one line to read when there is time for no more.
fn summary(status: &Status) -> String {
    let generation = status.generation;
    let wrong: Vec<_> = [
        status.draining.then(|| "the daemon is ending".to_owned()),
        (!status.last_attempt.ok).then(|| format!("the last edit was REFUSED, generation {generation} still runs")),
        peers::trouble(status.local.as_ref(), &status.peers),
        pending(status),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !wrong.is_empty() {
        return format!("ATTENTION: {}", wrong.join("; "));
    }
    format!("all well: generation {generation} runs, {}", peers::well(&status.peers))
}

fn pending(status: &Status) -> Option<String> {
    match &status.pending_restart[..] {
        [] => None,
        [one] => Some(format!("{} waits for a restart", escape(&one.key))),
        several => Some(format!("{} keys wait for a restart", several.len())),
    }
}

fn fields(status: &Status, now: Timestamp) -> Vec<(&'static str, String)> {
    let Status { version, pid, listen, generation, .. } = status;
    let up = text::span(status.uptime_s);
    let mut fields = vec![
        ("daemon", format!("keyviz-fanout {version}, up {up}, pid {pid}, listening on {listen}")),
        ("generation", format!("{generation}, running since {}", moment(status.loaded_at, now))),
        ("file", status.source.as_ref().map_or_else(|| "none: made in the process".to_owned(), file)),
        ("last try", attempt(&status.last_attempt, *generation, now)),
    ];
    let path = status.source.as_ref().map(|source| source.path.as_str());
    fields.extend(status.last_attempt.errors.iter().map(|problem| ("", problem.in_file(path))));
    let Counts { applied, rejected, unchanged } = status.counts;
    fields.push(("tries", format!("{applied} applied, {rejected} rejected, {unchanged} unchanged")));
    let restart = |pending: &Pending| format!("needed for {}: {}", pending.key, pending.difference());
    fields.extend(status.pending_restart.iter().map(|pending| ("restart", restart(pending))));
    fields.push(("watching", watch(status.watch.as_ref())));
    fields
}

/// `2026-11-23 09:10:00 UTC (2h 5m ago)`.
fn moment(at: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", at.strftime("%Y-%m-%d %H:%M:%S UTC"), text::ago(at, now))
}

fn file(source: &Source) -> String {
    let Source { path, found_by, sha256 } = source;
    let found = match found_by.as_str() {
        "flag" => "named by --config",
        "env" => "named by $KEYVIZ_FANOUT_CONFIG",
        "xdg" => "found in the user's configuration folder",
        "etc" => "found in /etc",
        other => other,
    };
    let digest: String = sha256.chars().take(12).collect();
    format!("{path}, {found}, sha256 {digest}…")
}

fn attempt(attempt: &Attempt, generation: u64, now: Timestamp) -> String {
    let trigger = text::trigger(&attempt.trigger);
    let outcome =
        if attempt.ok { "ok".to_owned() } else { format!("REFUSED, generation {generation} still runs, because") };
    format!("{}, by {trigger}: {outcome}", text::ago(attempt.at, now))
}

fn watch(watch: Option<&Watch>) -> String {
    let Some(Watch { mode, paths }) = watch else {
        return "nothing: there is no file to follow".to_owned();
    };
    let paths = paths.join(", ");
    match mode.as_str() {
        "inotify" => format!("by inotify, an edit on this host is live within 2 s: {paths}"),
        "poll" => format!("by polling, as inotify is not to be had: an edit takes up to 10 s: {paths}"),
        other => format!("by {other}: {paths}"),
    }
}
