//! A thousand edits in a row, under load: the last good one runs, all is told once, and nothing piles up.

use std::{
    fs,
    ops::RangeInclusive,
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use async_std::task;
use keyviz_fanout::fanout::MATRIX_PATH;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::fault::Fault;
use crate::{
    daemon::sample,
    running::{Running, Usage, get, whole},
    stub::Stub,
    support::eventually,
};

/// With the last two, which are waited for.
const EDITS: usize = 1000;

/// In this time a good edit is noticed and taken on an idle machine; on another one nothing depends on it.
const NOTICED: Duration = Duration::from_millis(150);

/// How far two moments of rest may lie apart: a connection that is just closing, a thread that is just ending, a watch
/// for a file that one configuration names and the other does not.
const SLACK: usize = 4;

/// What resident memory may grow by from edit 300 to the end, KiB. Nothing is kept of an attempt, so it is the
/// allocator's due alone: an arena for a thread, a fragment here and there.
const GROWTH_KIB: u64 = 4 << 10;

/// A daemon, two nodes, and edits by number.
struct Storm {
    daemon: Running,
    nodes: [Stub; 2],
}

impl Storm {
    fn begin() -> Self {
        let nodes = [1, 2].map(|number| Stub::node(&format!("n{number}"), &sample(number)));
        let text = plain(&nodes, 0);
        Self { daemon: Running::start(&text), nodes }
    }

    fn good(&self, number: usize) -> String {
        let text = plain(&self.nodes, number);
        let more =
            ["", "server.max_connections = 900", "fanout.row_limit = 512", "server.metrics_token_file = 'token'"];
        if number.is_multiple_of(4) {
            fs::write(self.daemon.file.with_file_name("token"), format!("token-{number}\n")).unwrap();
        }
        whole(&format!("{text}{}", more[3 - number % 4]))
    }

    fn bad(&self, number: usize) -> String {
        Fault::of(number).spoil(&whole(&plain(&self.nodes, number)))
    }

    /// Every third one is bad.
    fn text(&self, number: usize) -> String {
        if number.is_multiple_of(3) { self.bad(number) } else { self.good(number) }
    }

    /// In place or by a rename over it.
    fn write(&self, number: usize, text: &str) {
        let file = &self.daemon.file;
        if number.is_multiple_of(2) {
            return fs::write(file, text).unwrap();
        }
        let next = file.with_extension("next");
        fs::write(&next, text).unwrap();
        fs::rename(&next, file).unwrap();
    }

    /// Some are followed by a request for a reload, which waits for the verdict; some by a signal, or by a time in which
    /// they can be noticed. Those in between come too fast to be attempts each.
    fn make(&self, number: usize, is_asked_for: fn(usize) -> bool) {
        self.write(number, &self.text(number));
        match number % 48 {
            _ if is_asked_for(number) => self.expect_verdict(number),
            4 => kill_process(Pid::from_child(&self.daemon.child), Signal::HUP).unwrap(),
            8 | 24 => thread::sleep(NOTICED),
            _ => {}
        }
    }

    fn expect_verdict(&self, number: usize) {
        let verdict = self.daemon.asked("reload");
        let errors = verdict["errors"].as_array().unwrap();
        if number.is_multiple_of(3) {
            assert_eq!((&verdict["result"], errors.is_empty()), (&"rejected".into(), false), "{number}: {verdict}");
        } else {
            // Unchanged where it had been noticed before it was asked for.
            let taken = verdict["result"] == "applied" || verdict["result"] == "unchanged";
            assert!(taken && errors.is_empty(), "{number}: {verdict}");
        }
    }
}

/// A valid file that differs from all others. The times are long, for a machine that is busy with the storm.
fn plain(nodes: &[Stub; 2], number: usize) -> String {
    let mut peers = [nodes[0].name(), nodes[1].name()];
    peers.rotate_left(number / 5 % 2);
    format!("fanout.peers = {peers:?}\nfanout.connect_timeout = '5s'\nfanout.timeout = '{}ms'\n", 20_000 + number)
}

/// Clients that ask for the matrix again and again.
struct Load {
    /// Held by a client while it waits for an answer.
    gate: Arc<RwLock<()>>,
    over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Vec<u16>>>,
}

impl Load {
    fn on(daemon: &Running) -> Self {
        let (gate, over) = (Arc::<RwLock<()>>::default(), Arc::<AtomicBool>::default());
        let address = daemon.address;
        let client = |_| {
            let (gate, over) = (Arc::clone(&gate), Arc::clone(&over));
            thread::spawn(move || {
                let mut statuses = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let _open = gate.read().unwrap();
                    statuses.push(get(address, MATRIX_PATH, "").map_or(0, |answer| answer.status));
                    thread::sleep(Duration::from_millis(5));
                }
                statuses
            })
        };
        let clients = (0..2).map(client).collect();
        Self { gate, over, clients }
    }

    /// What the daemon takes while nobody asks it for anything.
    fn usage_at_rest(&self, daemon: &Running) -> Usage {
        let _closed = self.gate.write().unwrap();
        daemon.usage_at_rest()
    }

    /// The status of every answer; 0 for none.
    fn end(self) -> Vec<u16> {
        self.over.store(true, Ordering::Relaxed);
        self.clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    }
}

/// How many attempts of these triggers came to `result`, by the metrics.
fn reloads(metrics: &str, triggers: &[&str], result: &str) -> u64 {
    let count = |trigger: &&str| -> u64 {
        let labels = format!("{{trigger=\"{trigger}\",result=\"{result}\"}} ");
        let lines = metrics.lines().filter(|line| line.starts_with("keyviz_fanout_config_reloads_total"));
        lines.filter_map(|line| line.split_once(&labels)).map(|(_, count)| count.parse::<u64>().unwrap()).sum()
    };
    triggers.iter().map(count).sum()
}

const TRIGGERS: [&str; 5] = ["start", "watch", "poll", "signal", "control"];

fn count(config: &Value, result: &str) -> u64 {
    config["counts"][result].as_u64().unwrap()
}

/// Introspection and the metrics of one moment: no attempt fell between the two.
fn accounts(daemon: &Running) -> (Value, String) {
    task::block_on(eventually("counts that agree", async || {
        let (config, metrics) = (daemon.config(), daemon.get("/metrics").body);
        let agree = ["applied", "rejected", "unchanged"]
            .iter()
            .all(|result| count(&config, result) == reloads(&metrics, &TRIGGERS, result));
        agree.then_some((config, metrics))
    }))
}

fn assert_told_once(log: &str, config: &Value, metrics: &str) {
    let told = |what: &str| log.lines().filter(|line| line.contains(&format!("] configuration {what}"))).count() as u64;
    assert_eq!(told("applied"), count(config, "applied") - 1, "all but the start");
    assert_eq!(told("refused"), count(config, "rejected"));
    for trigger in ["signal", "control"] {
        assert_eq!(told(&format!("unchanged ({trigger})")), reloads(metrics, &[trigger], "unchanged"), "{trigger}");
    }
    assert!(log.lines().all(|line| line.starts_with('[')), "a line of the log is one record");
}

/// A verdict takes its time: the daemon waits for the end of writing.
#[test]
fn after_a_thousand_edits_under_load_the_last_good_one_runs_and_nothing_has_piled_up() {
    blow(|number| number.is_multiple_of(16));
}

#[test]
#[ignore = "takes minutes"]
fn the_same_with_a_verdict_on_six_of_ten() {
    blow(|number| number % 10 < 6);
}

fn blow(is_asked_for: fn(usize) -> bool) {
    let storm = Storm::begin();
    let daemon = &storm.daemon;
    let load = Load::on(daemon);
    let make = |numbers: RangeInclusive<usize>| numbers.for_each(|number| storm.make(number, is_asked_for));
    make(1..=100);
    let early = load.usage_at_rest(daemon);
    make(101..=300);
    let warm = load.usage_at_rest(daemon);
    make(301..=EDITS - 2);

    storm.write(EDITS, &storm.good(EDITS - 1));
    let last_good = daemon.runs_timeout("20s 999ms");
    storm.write(EDITS, &storm.bad(EDITS - 1));
    daemon.config_when("the refusal", |config| config["last_attempt"]["ok"] == false);

    let late = load.usage_at_rest(daemon);
    let statuses = load.end();
    assert!(statuses.len() > 100 && statuses.iter().all(|&status| status == 200), "{statuses:?}");
    assert_no_more(early, late, warm.resident_kib + GROWTH_KIB);

    let (config, metrics) = accounts(daemon);
    println!("{early:?}\n{warm:?}\n{late:?}\n{} answers, {}", statuses.len(), config["counts"]);
    for kept in ["generation", "effective", "source"] {
        assert_eq!(config[kept], last_good[kept], "{kept}");
    }
    assert_eq!(config["generation"], config["counts"]["applied"]);
    let asked_for = (1..=EDITS - 2).filter(|&number| is_asked_for(number)).count() as u64;
    assert!(count(&config, "applied") + count(&config, "rejected") > asked_for, "{}", config["counts"]);
    assert_told_once(&daemon.log(), &config, &metrics);
}

fn assert_no_more(early: Usage, late: Usage, resident_kib: u64) {
    for taken in [|usage: Usage| usage.files, |usage: Usage| usage.threads, |usage: Usage| usage.watches] {
        assert!(taken(late) <= taken(early) + SLACK, "{early:?}, {late:?}");
    }
    assert!(late.resident_kib <= resident_kib, "{late:?}, at most {resident_kib} KiB");
}
