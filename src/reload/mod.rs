//! Keeps a service's configuration that of its file (SPEC §5, "Reload").
//!
//! Whatever is the cause, there is one way: a [`Reader`] reads the file and what it names until writing has come to
//! rest, [`Candidate::build`] builds all that can fail, [`Service::apply`] swaps one pointer, and one line of the log
//! tells of it. One task does it all, so attempts never overlap.

mod reader;
mod report;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_std::{
    channel::{Receiver, Sender, bounded},
    future::timeout,
};
use futures_util::{FutureExt, select_biased};

pub(crate) use report::Report;

use crate::{
    api::{
        Applied, Candidate, Service, Trigger,
        history::{Fault, Verdict, Watching, faults},
    },
    config::{Config, Fingerprint, Found, Reading},
    watch::{Hints, Mode},
};
use reader::Reader;
use report::Taken;

/// Between two looks at the file that no event asked for: network file systems have no events.
const SLOW_POLL: Duration = Duration::from_secs(5);

/// The same where there are no events at all; SPEC §5 has an edit live within 10 s then.
const FAST_POLL: Duration = Duration::from_secs(2);

/// No hint takes longer to settle.
const WRITING_MAX: Duration = Duration::from_secs(2);

/// Requests that wait for their turn; further ones wait to be taken.
const WAITING_MAX: usize = 16;

/// What else has to know of attempts.
pub(crate) trait Effects: Send + 'static {
    /// An attempt begins; [`Effects::ended`] follows.
    fn begins(&self);

    /// This is what runs from now on.
    fn applied(&self, config: &Config);

    /// The attempt is over, whatever came of it.
    fn ended(&self);
}

/// Reaches the task from elsewhere.
#[derive(Clone)]
pub(crate) struct Handle(Sender<Request>);

struct Request {
    trigger: Trigger,
    reply: Sender<Report>,
}

/// Why it is time for an attempt.
enum Turn {
    Request(Request),
    Hint,
    /// Nothing happened for a while.
    Poll,
    /// Nobody holds a handle any more.
    Closed,
}

impl Handle {
    /// What an attempt comes to, made now; none where the daemon is ending.
    pub(crate) async fn reload(&self, trigger: Trigger) -> Option<Report> {
        let (reply, report) = bounded(1);
        self.0.send(Request { trigger, reply }).await.ok()?;
        report.recv().await.ok()
    }
}

/// The task that keeps the configuration.
pub(crate) struct Reloader<E> {
    service: Arc<Service>,
    reader: Reader,
    hints: Hints,
    requests: Receiver<Request>,
    effects: E,
    /// What the last attempt found, taken or refused.
    seen: Fingerprint,
    /// The edit that runs, where there was one since the start.
    taken: Option<Taken>,
}

impl<E: Effects> Reloader<E> {
    /// For a service that runs what `found` held when it was opened.
    pub(crate) fn new(service: Arc<Service>, found: Found, rust_log: Option<String>, effects: E) -> (Self, Handle) {
        let (reader, hints) = Reader::new(found, rust_log);
        let (handle, requests) = bounded(WAITING_MAX);
        let seen = service.fingerprint();
        (Self { service, reader, hints, requests, effects, seen, taken: None }, Handle(handle))
    }

    /// Keeps the configuration for as long as it is polled and somebody holds a handle.
    pub(crate) async fn run(mut self) {
        // The file may have changed since it was opened, before anybody watched.
        self.attempt(Trigger::Poll).await;
        loop {
            let (trigger, reply) = match self.turn().await {
                Turn::Request(Request { trigger, reply }) => (trigger, Some(reply)),
                Turn::Hint => (Trigger::Watch, None),
                Turn::Poll => (Trigger::Poll, None),
                Turn::Closed => return,
            };
            let report = self.attempt(trigger).await;
            if let Some(reply) = reply {
                // Whoever asked may have gone; the attempt stands all the same.
                let _ = reply.send(report).await;
            }
        }
    }

    async fn turn(&mut self) -> Turn {
        let poll = match self.watching() {
            Mode::Inotify => SLOW_POLL,
            Mode::Poll => FAST_POLL,
        };
        let turn = async {
            select_biased! {
                request = self.requests.recv().fuse() => request.map_or(Turn::Closed, Turn::Request),
                () = self.hints.settled().fuse() => Turn::Hint,
            }
        };
        timeout(poll, turn).await.unwrap_or(Turn::Poll)
    }

    /// Tells introspection how changes are noticed, which may have changed.
    fn watching(&self) -> Mode {
        let (mode, paths) = self.reader.watching();
        self.service.watches(Watching { mode, paths });
        mode
    }

    async fn attempt(&mut self, trigger: Trigger) -> Report {
        if matches!(trigger, Trigger::Signal | Trigger::Control) && self.hints.are_pending() {
            // Somebody may be writing, and is given the time that he would have had if nobody had asked.
            let _ = timeout(WRITING_MAX, self.hints.settled()).await;
        }
        let reading = self.reader.read(trigger, self.seen).await;
        if trigger == Trigger::Poll && self.hints.are_pending() {
            // Here too. The hint knows better when he has ended, and it is not long in coming.
            return self.report(Verdict::Unchanged);
        }
        let (found, sha256) = (reading.fingerprint(), reading.sha256());
        let seen_before = std::mem::replace(&mut self.seen, found) == found;
        if seen_before && matches!(trigger, Trigger::Watch | Trigger::Poll) {
            if trigger == Trigger::Watch {
                self.service.record_nothing_new(trigger);
            }
            return self.report(Verdict::Unchanged);
        }
        self.effects.begins();
        if found == self.service.fingerprint() {
            self.service.record(trigger, Verdict::Unchanged, sha256, Vec::new());
            let taken = self.taken.as_ref().and_then(|taken| taken.just_before(Instant::now()));
            let report = Report { taken, ..self.report(Verdict::Unchanged) };
            report.log(trigger, seen_before);
            self.effects.ended();
            return report;
        }
        let report = match self.change(reading, trigger) {
            Ok(applied) => {
                let changes = report::told(&applied);
                self.taken = Some(Taken::now(trigger, changes.clone()));
                Report { changes, ..self.report(Verdict::Applied) }
            }
            Err(errors) => Report { errors, ..self.report(Verdict::Rejected) },
        };
        report.log(trigger, seen_before);
        self.effects.ended();
        report
    }

    fn change(&self, reading: Reading, trigger: Trigger) -> Result<Applied, Vec<Fault>> {
        let sha256 = reading.sha256();
        let candidate = reading.finish().and_then(Candidate::build).map_err(|error| {
            let errors = faults(error);
            self.service.record(trigger, Verdict::Rejected, sha256, errors.clone());
            errors
        })?;
        let applied = self.service.apply_for(trigger, candidate);
        let applied = applied.map_err(|problems| problems.into_iter().map(Fault::from).collect::<Vec<_>>())?;
        self.effects.applied(&self.service.snapshot().config);
        Ok(applied)
    }

    /// Of an attempt that changed nothing.
    fn report(&self, result: Verdict) -> Report {
        Report { result, ..Report::nothing(&self.service, self.reader.path()) }
    }
}
