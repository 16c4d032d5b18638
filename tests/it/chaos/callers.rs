//! Those who ask: several at once, each several times a second; some go away half-way, one looks at everything else.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;

use super::{
    answer::Block,
    edits::Edits,
    laws::{Broken, Case, Laws},
    question::{Question, SESSIONS},
};
use crate::{
    fanout_redaction::shows,
    running::{Answer, Running, get},
};

pub(super) const CONFIG_PATH: &str = "/admin/api/v1/keyviz/config";

/// Everything that a caller needs to ask, and to judge what comes back.
pub(super) struct Asking<'a> {
    pub(super) daemon: &'a Running,
    pub(super) edits: &'a Edits,
    pub(super) laws: &'a Laws,
    pub(super) over: AtomicBool,
    pub(super) tally: Mutex<Tally>,
}

/// What was answered so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) requests: u64,
    pub(super) abandoned: u64,
    pub(super) statuses: BTreeMap<u16, u64>,
    /// Answers by how many nodes responded.
    pub(super) responded: BTreeMap<usize, u64>,
    /// Nodes that were not ok, by reason.
    pub(super) reasons: BTreeMap<String, u64>,
    pub(super) latest: Duration,
}

impl Asking<'_> {
    /// Asks until it is over or a law is broken.
    pub(super) fn call(&self, mut rng: Rng) -> Result<(), Broken> {
        while !self.is_over() {
            let question = Question::any(&mut rng);
            if rng.u8(0..10) == 0 {
                self.abandon(&question, &mut rng);
            } else {
                self.ask(&question)?;
            }
            thread::sleep(Duration::from_millis(rng.u64(10..120)));
        }
        Ok(())
    }

    /// One question and its answer, judged by all laws.
    pub(super) fn ask(&self, question: &Question) -> Result<Option<Block>, Broken> {
        let asked_at = Instant::now();
        let answer = get(self.daemon.address, &question.target(), &question.headers());
        let (took, answer) = (asked_at.elapsed(), answer.ok_or_else(|| format!("no answer to {question}"))?);
        silent(&answer, "an answer")?;
        let generation = answer.generation();
        let settings = self.edits.of_generation(self.daemon, generation)?;
        let block = self.laws.judge(&Case { question, answer: &answer, settings: &settings, asked_at, took });
        let block = block.map_err(|broken| {
            format!("{question}\nanswered with {} after {took:?} by {settings:?}:\n{broken}", answer.status)
        })?;
        let mut tally = self.tally.lock().unwrap();
        tally.requests += 1;
        tally.latest = tally.latest.max(took.saturating_sub(settings.timeout));
        *tally.statuses.entry(answer.status).or_default() += 1;
        if let Some(block) = &block {
            *tally.responded.entry(block.responded).or_default() += 1;
            for reason in block.nodes.iter().filter_map(|listed| listed.reason.as_ref()) {
                *tally.reasons.entry(reason.clone()).or_default() += 1;
            }
        }
        Ok(block)
    }

    /// Asks, and is gone before the answer, or in the middle of it.
    fn abandon(&self, question: &Question, rng: &mut Rng) {
        self.tally.lock().unwrap().abandoned += 1;
        let Ok(mut client) = TcpStream::connect(self.daemon.address) else { return };
        let request = format!("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", question.target(), question.headers());
        let _ = client.write_all(request.as_bytes());
        let _ = client.set_read_timeout(Some(Duration::from_millis(rng.u64(1..400))));
        let _ = client.read(&mut [0; 64]);
    }

    /// Looks at introspection and the metrics until it is over.
    pub(super) fn look(&self) -> Result<(), Broken> {
        while !self.is_over() {
            self.introspect()?;
            let metrics = get(self.daemon.address, "/metrics", "").ok_or("no metrics")?;
            silent(&metrics, "a metric")?;
            thread::sleep(Duration::from_millis(150));
        }
        Ok(())
    }

    fn introspect(&self) -> Result<(), Broken> {
        let answer = get(self.daemon.address, CONFIG_PATH, &Question::COMMON.headers()).ok_or("no introspection")?;
        silent(&answer, "introspection")?;
        let settings = self.edits.of_generation(self.daemon, answer.generation())?;
        match answer.status {
            200 => {}
            // The nodes are asked whether this session may read.
            401 | 403 | 503 if settings.forwards => return Ok(()),
            status => return Err(format!("introspection is {status}: {}", answer.body)),
        }
        let config = answer.json();
        let entries: Vec<_> = config["peers"].as_array().unwrap().iter().map(|peer| peer["entry"].clone()).collect();
        let expected: Vec<_> = settings.peers.iter().map(|entry| entry.name.clone()).collect();
        if config["generation"] == answer.generation() && entries == expected {
            return Ok(());
        }
        Err(format!("introspection of generation {} shows {entries:?}, expected {expected:?}", answer.generation()))
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// Nothing of a session is shown.
fn silent(answer: &Answer, what: &str) -> Result<(), Broken> {
    let text = format!("{}\n{}", answer.head, answer.body);
    match SESSIONS.iter().find_map(|session| shows(&text, session)) {
        Some(piece) => Err(format!("{what} shows {piece} of a session:\n{text}")),
        None => Ok(()),
    }
}
