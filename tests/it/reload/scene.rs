//! A daemon under load over files that are edited again and again.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use async_std::task;
use serde_json::Value;

use super::load::{CONFIG_PATH, Load, SESSION};
use crate::{
    daemon::sample,
    running::{Running, get, keyviz, whole},
    stub::Stub,
    support::eventually,
};

pub(super) struct Scene {
    // Before the daemon, so that a test that fails ends it first.
    load: Load,
    pub(super) daemon: Running,
    /// Where the files are.
    pub(super) root: PathBuf,
    nodes: [Stub; 2],
    /// What every configuration begins with.
    head: String,
    /// The number of the configuration of each generation so far.
    numbers: Vec<u64>,
    /// Since the last [`Scene::noticed`].
    edits: Vec<Edit>,
}

/// An edit that went live.
#[derive(Debug)]
struct Edit {
    took: Duration,
    trigger: String,
}

impl Scene {
    /// Over the file that `prepare` makes of a text in an empty folder.
    pub(super) fn start(prepare: impl FnOnce(&Path, &str) -> PathBuf) -> Self {
        Self::launch(whole(""), prepare, |file| keyviz(&["run", "--config", file.to_str().unwrap()]))
    }

    /// The same with another head, and by another command line.
    pub(super) fn launch(
        head: String,
        prepare: impl FnOnce(&Path, &str) -> PathBuf,
        command: impl FnOnce(&Path) -> Command,
    ) -> Self {
        let nodes = [1, 2].map(|number| Stub::node(&format!("n{number}"), &sample(number)));
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir(&root).unwrap();
        let file = prepare(&root, &configuration(&head, 1, &nodes));
        let daemon = Running::launched(folder, &file, command(&file));
        let load = Load::on(daemon.address);
        let scene = Self { load, daemon, root, nodes, head, numbers: vec![1], edits: Vec::new() };
        scene.wait_for_load(1);
        scene
    }

    /// Lets `edit` put the next configuration, its text and its number, into the place of the one that runs, and waits
    /// until it is live and under load.
    pub(super) fn edit(&mut self, edit: impl FnOnce(&Path, &str, u64)) {
        let number = self.numbers.last().unwrap() + 1;
        let text = configuration(&self.head, number, &self.nodes);
        let limit = row_limit(number);
        let edit = |root: &Path| edit(root, &text, number);
        self.edit_until(number, edit, |config| config["effective"]["fanout"]["row_limit"] == limit);
    }

    /// The same for a file that the configuration names.
    pub(super) fn edit_named(&mut self, edit: impl FnOnce(&Path)) {
        let next = self.numbers.len() + 1;
        self.edit_until(*self.numbers.last().unwrap(), edit, |config| config["generation"] == next);
    }

    fn edit_until(&mut self, number: u64, edit: impl FnOnce(&Path), live: impl Fn(&Value) -> bool) {
        edit(&self.root);
        let made = Instant::now();
        let config = self.config_when("an edit", live);
        let trigger = config["last_attempt"]["trigger"].as_str().unwrap().to_owned();
        self.edits.push(Edit { took: made.elapsed(), trigger });
        self.numbers.push(number);
        self.wait_for_load(config["generation"].as_u64().unwrap());
    }

    /// Introspection, once `holds` is true of it.
    pub(super) fn config_when(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let config = async || {
            let answer = get(self.daemon.address, CONFIG_PATH, SESSION).expect("an answer");
            assert_eq!(answer.status, 200, "{}", answer.body);
            Some(answer.json()).filter(&holds)
        };
        task::block_on(eventually(what, config))
    }

    fn wait_for_load(&self, generation: u64) {
        task::block_on(eventually("requests", async || self.load.has_seen(generation).then_some(())));
    }

    /// Checks how the edits since the last call were noticed, and that they were live in time. One of them is enough: the
    /// slow poll may win by chance, and a machine may be busy, but neither does so always.
    #[track_caller]
    pub(super) fn noticed(&mut self, trigger: &str, within: Duration) {
        let edits = std::mem::take(&mut self.edits);
        for Edit { took, trigger } in &edits {
            println!("live after {} ms ({trigger})", took.as_millis());
        }
        assert!(edits.iter().any(|edit| edit.trigger == trigger && edit.took < within), "{edits:?}");
    }

    /// Checks that no request failed, that each was answered by one configuration from start to end, and that nothing ran
    /// but the configurations that were meant to.
    pub(super) fn end(self) {
        let Self { daemon, nodes, load, numbers, .. } = self;
        let seen = load.end(&nodes);
        let log = daemon.log();
        assert_eq!(log.matches("configuration applied").count(), numbers.len() - 1, "{log}");
        let expected: BTreeMap<_, _> = (1..).zip(numbers.iter().map(|number| marks(*number, &nodes))).collect();
        assert_eq!(seen, expected);
    }
}

/// Configuration `number`. What tells it from the others comes last.
fn configuration(head: &str, number: u64, nodes: &[Stub; 2]) -> String {
    let patience = "fanout.timeout = '20s'\nfanout.connect_timeout = '10s'\n";
    let (step, rows) = (step_ms(number), row_limit(number));
    format!(
        "{head}{patience}fanout.peers = {:?}\nmerge.step = '{step}ms'\nfanout.row_limit = {rows}\n",
        peers(number, nodes)
    )
}

/// What is seen of configuration `number`: in the answers, in introspection, and by the nodes.
fn marks(number: u64, nodes: &[Stub; 2]) -> BTreeMap<&'static str, BTreeSet<String>> {
    let [first, _] = peers(number, nodes);
    let (step, rows) = (step_ms(number), row_limit(number));
    let marks = [
        ("first node", first.clone()),
        ("first entry", first),
        ("step_ms", step.to_string()),
        ("merge.step", format!("{step}ms")),
        ("fanout.row_limit", rows.to_string()),
        ("rows", rows.to_string()),
    ];
    marks.map(|(mark, value)| (mark, BTreeSet::from([value]))).into()
}

fn peers(number: u64, nodes: &[Stub; 2]) -> [String; 2] {
    let [a, b] = nodes.each_ref().map(Stub::name);
    if number.is_multiple_of(2) { [a, b] } else { [b, a] }
}

fn step_ms(number: u64) -> u64 {
    number * 100
}

fn row_limit(number: u64) -> u64 {
    1000 + number
}
