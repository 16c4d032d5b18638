//! The file is edited every few hundred milliseconds, a third of the edits make it invalid, and the daemon's log tells which
//! configuration each generation is.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use async_std::task;
use fastrand::Rng;

use super::settings::{Settings, number_of};
use crate::{reload::fault::Fault, running::Running, support::eventually};

pub(super) struct Edits {
    addresses: Vec<SocketAddr>,
    made: Mutex<Made>,
}

struct Made {
    rng: Rng,
    /// Every valid one, by number.
    valid: BTreeMap<u64, Arc<Settings>>,
    next: u64,
    invalid: usize,
    /// Numbers by generation, as far as the log has been asked.
    generations: BTreeMap<u64, u64>,
}

/// What the file holds after an edit.
enum Edit {
    Valid(Arc<Settings>),
    Invalid(String),
}

impl Edits {
    /// With the configuration that the daemon starts with.
    pub(super) fn new(first: Settings, addresses: Vec<SocketAddr>, seed: u64) -> Self {
        let next = first.number + 1;
        let (generations, valid) = ([(1, first.number)].into(), [(first.number, Arc::new(first))].into());
        let made = Made { rng: Rng::with_seed(seed), valid, next, invalid: 0, generations };
        Self { addresses, made: Mutex::new(made) }
    }

    /// The next edit, in one of the ways in which files are written; sometimes its verdict is asked for, and checked.
    pub(super) fn make(&self, daemon: &Running) -> Result<(), String> {
        let (edit, way) = self.next();
        let text = match &edit {
            Edit::Valid(settings) => settings.text(),
            Edit::Invalid(text) => text.clone(),
        };
        write(daemon, &text, way);
        if way % 4 > 0 {
            return Ok(());
        }
        let verdict = daemon.asked("reload");
        let refused = verdict["result"] == "rejected";
        match edit {
            Edit::Valid(settings) if refused => {
                Err(format!("a valid edit was refused: {verdict}\n{}", settings.text()))
            }
            Edit::Invalid(text) if !refused => Err(format!("an invalid edit was not refused: {verdict}\n{text}")),
            _ => Ok(()),
        }
    }

    fn next(&self) -> (Edit, u8) {
        let mut made = self.made.lock().unwrap();
        let number = made.next;
        made.next += 1;
        let way = made.rng.u8(..);
        let settings = Arc::new(Settings::any(number, &self.addresses, &mut made.rng));
        if made.rng.u8(0..3) == 0 {
            made.invalid += 1;
            let fault = Fault::of(3 * made.invalid);
            return (Edit::Invalid(fault.spoil(&settings.text())), way);
        }
        made.valid.insert(number, Arc::clone(&settings));
        (Edit::Valid(settings), way)
    }

    /// Puts the calm configuration in place, and waits until it runs.
    pub(super) fn calm(&self, daemon: &Running) {
        self.put(daemon, |number, _| Settings::calm(number, &self.addresses));
    }

    /// The same with any configuration: the calm one leaves a node ten seconds to hang.
    pub(super) fn unsettle(&self, daemon: &Running) {
        self.put(daemon, |number, rng| Settings::any(number, &self.addresses, rng));
    }

    fn put(&self, daemon: &Running, settings: impl FnOnce(u64, &mut Rng) -> Settings) {
        let mut made = self.made.lock().unwrap();
        let number = made.next;
        made.next += 1;
        let settings = settings(number, &mut made.rng);
        let text = settings.text();
        made.valid.insert(settings.number, Arc::new(settings));
        drop(made);
        write(daemon, &text, 1);
        let verdict = daemon.asked("reload");
        assert_ne!(verdict["result"], "rejected", "{verdict}\n{text}");
    }

    /// The configuration of a generation, once the log has told of it.
    pub(super) fn of_generation(&self, daemon: &Running, generation: u64) -> Result<Arc<Settings>, String> {
        let known = async || {
            let mut made = self.made.lock().unwrap();
            if !made.generations.contains_key(&generation) {
                made.generations.extend(generations(&daemon.log()));
            }
            made.generations.get(&generation).copied()
        };
        let number = task::block_on(eventually("a line of the log for the generation", known));
        let made = self.made.lock().unwrap();
        let unmeant = || format!("generation {generation} is none of the configurations that were meant to run");
        made.valid.get(&number).cloned().ok_or_else(unmeant)
    }

    /// Edits, invalid ones among them, and generations.
    pub(super) fn tally(&self, daemon: &Running) -> String {
        let made = self.made.lock().unwrap();
        let generations = generations(&daemon.log()).len() + 1;
        format!("{} edits, {} of them invalid; {generations} generations", made.next - 1, made.invalid)
    }
}

/// In place, by a rename over it, or after it was gone for a moment.
fn write(daemon: &Running, text: &str, way: u8) {
    let (file, next) = (&daemon.file, daemon.file.with_extension("next"));
    match way % 3 {
        0 => return fs::write(file, text).unwrap(),
        1 => {}
        _ => {
            fs::remove_file(file).unwrap();
            thread::sleep(Duration::from_millis(20));
        }
    }
    fs::write(&next, text).unwrap();
    fs::rename(&next, file).unwrap();
}

/// What the log says of each generation: 0 where a file ran that none of the edits made.
fn generations(log: &str) -> BTreeMap<u64, u64> {
    let told = |line: &str| {
        let (_, told) = line.split_once("] configuration applied (")?;
        let (generation, changes) = told.split_once(", generation ")?.1.split_once(": ")?;
        let grace = changes.split_once("server.shutdown_grace ")?.1.split_once("→ \"")?.1.split_once('"')?.0;
        Some((generation.parse().ok()?, number_of(grace).unwrap_or(0)))
    };
    log.lines().filter_map(told).collect()
}
