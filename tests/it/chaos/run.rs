//! One run: a storm to warm up, a calm, the storm proper, a calm; then the bill.

#![expect(clippy::panic, clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;

use super::{
    callers::{Asking, CONFIG_PATH, Tally},
    cluster::Cluster,
    edits::Edits,
    laws::{Broken, Laws},
    ledger::Ledger,
    question::{Question, SESSIONS},
    settings::Settings,
};
use crate::{
    fanout_redaction::assert_hidden,
    running::{Running, Usage, get},
};

const CALLERS: u64 = 6;

/// A breaker that has been open for long is probed every 30 s.
const UNTIL_PROBED: Duration = Duration::from_mins(1);

/// Descriptors and threads that may lie between two moments of rest.
const SLACK: usize = 8;

/// What resident memory may grow by after the warm-up, KiB: an allocator's arenas and fragments.
const GROWTH_KIB: u64 = 24 << 10;

pub(super) struct Run {
    seed: u64,
    ledger: Arc<Ledger>,
    cluster: Cluster,
    edits: Edits,
    laws: Laws,
    daemon: Running,
    tally: Tally,
    storms: u64,
}

/// What a run met.
pub(super) struct Met {
    reasons: BTreeSet<String>,
}

impl Run {
    pub(super) fn start(seed: u64) -> Self {
        println!("CHAOS_SEED={seed}");
        let ledger = Arc::new(Ledger::default());
        let cluster = Cluster::start(seed, &ledger);
        let addresses = cluster.addresses();
        let first = Settings::calm(1, &addresses);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, first.text()).unwrap();
        let daemon = Running::over(folder, &file);
        let (edits, laws) = (Edits::new(first, addresses, seed), Laws::new(Arc::clone(&ledger)));
        Self { seed, ledger, cluster, edits, laws, daemon, tally: Tally::default(), storms: 0 }
    }

    /// Lets it storm for that long, after a warm-up of a quarter of it, and settles up.
    pub(super) fn end(mut self, time: Duration) -> Met {
        self.storm(time / 4);
        let warm = self.calm();
        self.storm(time);
        let late = self.calm();
        self.print(warm, late);
        let Self { daemon, tally, .. } = self;
        assert_no_more(warm, late);
        settle_up(daemon);
        Met { reasons: tally.reasons.into_keys().collect() }
    }

    /// Nodes change, callers ask and the file is edited, until the time is over or a law is broken.
    fn storm(&mut self, time: Duration) {
        self.storms += 1;
        self.edits.unsettle(&self.daemon);
        let seed = self.seed.wrapping_mul(31).wrapping_add(self.storms);
        let Self { cluster, edits, laws, daemon, tally, .. } = self;
        let asking = Asking { daemon, edits, laws, over: false.into(), tally: Mutex::new(std::mem::take(tally)) };
        let begin = Instant::now();
        let broken: Mutex<Option<Broken>> = Mutex::default();
        let note = |outcome: Result<(), Broken>| {
            if let Err(found) = outcome {
                asking.over.store(true, Ordering::Relaxed);
                broken.lock().unwrap().get_or_insert(found);
            }
        };
        thread::scope(|scope| {
            for caller in 0..CALLERS {
                let (asking, note) = (&asking, &note);
                scope.spawn(move || note(asking.call(Rng::with_seed(seed.wrapping_add(caller << 32)))));
            }
            scope.spawn(|| note(asking.look()));
            scope.spawn(|| note(edit(&asking, Rng::with_seed(seed))));
            cluster.storm(|| asking.over.fetch_or(begin.elapsed() > time, Ordering::Relaxed) || begin.elapsed() > time);
        });
        *tally = asking.tally.into_inner().unwrap();
        if let Some(broken) = broken.into_inner().unwrap() {
            self.fail(&broken);
        }
    }

    /// Everybody is sound, and nothing is edited: all breakers close, the answer is complete. What the daemon then takes.
    fn calm(&mut self) -> Usage {
        self.cluster.heal();
        self.edits.calm(&self.daemon);
        let begin = Instant::now();
        loop {
            let outcome = self.is_complete();
            match outcome {
                Ok(None) => return self.daemon.usage_at_rest(),
                Ok(Some(missing)) if begin.elapsed() > UNTIL_PROBED => self.fail(&missing),
                Ok(Some(_)) => thread::sleep(Duration::from_millis(200)),
                Err(broken) => self.fail(&broken),
            }
        }
    }

    /// What is missing yet.
    fn is_complete(&mut self) -> Result<Option<String>, Broken> {
        let Self { edits, laws, daemon, tally, .. } = self;
        let asking = Asking { daemon, edits, laws, over: false.into(), tally: Mutex::new(std::mem::take(tally)) };
        let asked = asking.ask(&Question::COMMON);
        *tally = asking.tally.into_inner().unwrap();
        let block = asked?.ok_or("the nodes are sound, and refuse a session")?;
        let config =
            get(self.daemon.address, CONFIG_PATH, &Question::COMMON.headers()).ok_or("no introspection")?.json();
        let breakers = config["peers"].as_array().into_iter().flatten().map(|peer| &peer["breaker"]);
        let all_closed = breakers.into_iter().all(|breaker| breaker == "closed");
        if block.complete && block.responded == self.cluster.addresses().len() && all_closed {
            return Ok(None);
        }
        Ok(Some(format!("all nodes are sound, and the answer stays incomplete: {block:?}")))
    }

    fn fail(&self, broken: &str) -> ! {
        let nodes = self.cluster.describe();
        panic!("CHAOS_SEED={} breaks a law:\n{broken}\n\nthe nodes now:\n{nodes}", self.seed);
    }

    fn print(&self, warm: Usage, late: Usage) {
        let Tally { requests, abandoned, statuses, responded, reasons, latest } = &self.tally;
        println!("{requests} answers, {abandoned} more not waited for; {}", self.edits.tally(&self.daemon));
        println!(
            "statuses {statuses:?}\nresponded {responded:?}\nreasons {reasons:?}\nat most {latest:?} over a deadline"
        );
        println!("nodes' calls {:?}\nwarm {warm:?}\nlate {late:?}", self.ledger.tally());
    }
}

/// Edits until it is over.
fn edit(asking: &Asking<'_>, mut rng: Rng) -> Result<(), Broken> {
    while !asking.is_over() {
        thread::sleep(Duration::from_millis(rng.u64(100..600)));
        asking.edits.make(asking.daemon)?;
    }
    Ok(())
}

fn assert_no_more(warm: Usage, late: Usage) {
    for taken in [|usage: Usage| usage.files, |usage: Usage| usage.threads, |usage: Usage| usage.watches] {
        assert!(taken(late) <= taken(warm) + SLACK, "{warm:?}, {late:?}");
    }
    assert!(late.resident_kib <= warm.resident_kib + GROWTH_KIB, "{warm:?}, {late:?}");
}

/// It ends when it is told to, and has told nobody's secret and of no error but refused edits.
fn settle_up(mut daemon: Running) {
    daemon.signal("-TERM");
    assert_eq!(daemon.ended().code(), Some(0));
    let log = daemon.log();
    for session in SESSIONS {
        assert_hidden("the log", &log, session);
    }
    let is_unexpected = |line: &&str| line.contains(" ERROR ") && !line.contains("] configuration refused (");
    let unexpected: Vec<_> = log.lines().filter(|line| line.contains("panicked") || is_unexpected(line)).collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}

impl Met {
    /// Every reason of SPEC §3 but those that take a resolver or a certificate.
    pub(super) fn assert_everything_was_met(&self) {
        let expected = [
            "refused",
            "connect",
            "deadline",
            "auth",
            "status",
            "too_large",
            "decode",
            "aggregate",
            "breaker_open",
            "overload",
            "io",
        ];
        let missing: Vec<_> = expected.iter().filter(|reason| !self.reasons.contains(**reason)).collect();
        assert!(missing.is_empty(), "not met: {missing:?}");
    }
}
