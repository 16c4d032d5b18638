//! The law of the loader over the fixtures and what is near them. The fuzz target `config` looks further.

use std::{fs, sync::LazyLock, time::Duration};

use keyviz_fanout::config::{AuthMode, Config, LocalNode, Step, load};
use proptest::{
    prelude::*,
    sample::{Index, select},
    strategy::ValueTree,
    test_runner::TestRunner,
};

use crate::config_oracle::{check_law, check_law_of_bytes, violations};

static FIXTURES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut paths: Vec<_> = fs::read_dir("tests/fixtures/config").unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
});

/// Lines of all fixtures and of the example, to be put into others.
static LINES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let example = fs::read("config.toml.example").unwrap();
    let texts = FIXTURES.iter().chain([&example]).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
});

/// Pieces at which a parser turns.
const PIECES: [&str; 24] = [
    "=",
    "'",
    "\"",
    "\"\"\"",
    "[",
    "]",
    "[[",
    "{",
    "}",
    ",",
    ".",
    "#",
    "\n",
    "\r",
    "\\",
    "\u{202e}",
    "\u{1b}",
    "0x",
    "-",
    "9999999999999999999",
    "ms",
    "GiB",
    "://",
    "@",
];

#[derive(Clone, Debug)]
enum Edit {
    Insert(Index, &'static str),
    Delete(Index, usize),
    Digit(Index, char),
    Line(Index, Index),
    WithoutLine(Index),
    End(Index),
}

fn any_edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        2 => (any::<Index>(), select(&PIECES[..])).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        2 => (any::<Index>(), 1..5_usize).prop_map(|(at, count)| Edit::Delete(at, count)),
        3 => (any::<Index>(), prop::char::range('0', '9')).prop_map(|(at, digit)| Edit::Digit(at, digit)),
        4 => any::<(Index, Index)>().prop_map(|(at, line)| Edit::Line(at, line)),
        2 => any::<Index>().prop_map(Edit::WithoutLine),
        1 => any::<Index>().prop_map(Edit::End),
    ]
}

impl Edit {
    fn apply(&self, text: &str) -> String {
        let at = |index: &Index| text.floor_char_boundary(index.index(text.len() + 1));
        let mut lines: Vec<_> = text.lines().collect();
        match self {
            Self::Insert(index, piece) => format!("{}{piece}{}", &text[..at(index)], &text[at(index)..]),
            Self::Delete(index, count) => {
                let (start, rest) = text.split_at(at(index));
                format!("{start}{}", rest.chars().skip(*count).collect::<String>())
            }
            Self::Digit(index, digit) => {
                let digits: Vec<_> = text.match_indices(|c: char| c.is_ascii_digit()).collect();
                if digits.is_empty() {
                    return text.into();
                }
                let at = index.get(&digits).0;
                format!("{}{digit}{}", &text[..at], &text[at + 1..])
            }
            Self::Line(index, line) => {
                lines.insert(index.index(lines.len() + 1), line.get::<String>(&LINES));
                lines.join("\n")
            }
            Self::WithoutLine(index) => {
                if !lines.is_empty() {
                    lines.remove(index.index(lines.len()));
                }
                lines.join("\n")
            }
            Self::End(index) => text[..at(index)].to_owned(),
        }
    }
}

/// A fixture with some edits.
fn any_text() -> impl Strategy<Value = String> {
    let fixture = select(&FIXTURES[..]).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let edits = prop::collection::vec(any_edit(), 0..4);
    (fixture, edits).prop_map(|(text, edits)| edits.iter().fold(text, |text, edit| edit.apply(&text)))
}

/// A configuration that holds to everything, to be spoilt.
fn sound() -> Config {
    let mut config = Config::default();
    let url = "http://127.0.0.1:8080".parse().unwrap();
    config.local.node = Some(LocalNode { url, name: "n1".into() });
    config.fanout.peers = vec!["10.0.0.1:8080".parse().unwrap()];
    config
}

#[test]
fn the_oracle_names_each_key_that_is_out_of_bounds() {
    type Spoil = fn(&mut Config);
    let spoilt: [(&str, Spoil); 19] = [
        ("server.tls_key_file", |config| config.server.tls_cert_file = Some("cert.pem".into())),
        ("server.allow_insecure", |config| config.server.listen = "0.0.0.0:1".parse().unwrap()),
        ("server.allowed_hosts", |config| config.server.allowed_hosts = vec!["a:1".into()]),
        ("server.max_connections", |config| config.server.max_connections = 65_536),
        ("local.source", |config| (config.local.node, config.fanout.peers) = (None, vec![])),
        ("local.url", |config| config.local.node.as_mut().unwrap().url.set_path("/admin")),
        ("local.name", |config| config.local.node.as_mut().unwrap().name.clear()),
        ("fanout.peers", |config| config.fanout.peers = vec![config.fanout.peers[0].clone(); 1025]),
        ("fanout.peers", |config| config.fanout.peers[0].url.set_query(Some("a"))),
        ("fanout.timeout", |config| config.fanout.timeout = Duration::from_secs(301)),
        ("fanout.connect_timeout", |config| config.fanout.connect_timeout = Duration::from_millis(2001)),
        ("fanout.body_cap", |config| config.fanout.body_cap = 1023),
        ("fanout.memory_budget", |config| config.fanout.memory_budget = 64 << 10),
        ("fanout.max_cells", |config| config.fanout.max_cells = 1023),
        ("fanout.max_concurrent", |config| config.fanout.max_concurrent = 0),
        ("fanout.row_limit", |config| config.fanout.row_limit = 65_537),
        ("merge.step", |config| config.merge.step = Step::Millis(99)),
        ("auth.signing_key_file", |config| config.auth.mode = AuthMode::Mint),
        ("log.level", |config| config.log.level = "tide=loud".into()),
    ];
    assert_eq!(violations(&sound()), [""; 0]);
    for (key, spoil) in spoilt {
        let mut config = sound();
        spoil(&mut config);
        assert_eq!(violations(&config), [key]);
    }
}

/// Else the law would say nothing of what is accepted.
#[test]
fn a_part_of_the_edited_files_is_accepted() {
    let mut runner = TestRunner::deterministic();
    let texts = (0..500).map(|_| any_text().new_tree(&mut runner).unwrap().current());
    let accepted = texts.filter(|text| load(text, None).is_ok()).count();
    assert!((25..450).contains(&accepted), "{accepted} of 500");
}

#[test]
fn the_law_holds_for_every_fixture() {
    let folder = tempfile::tempdir().unwrap();
    for bytes in FIXTURES.iter() {
        check_law_of_bytes(bytes, &folder.path().join("config.toml"));
    }
}

proptest! {
    #[test]
    fn the_law_holds_near_every_fixture(text in any_text()) {
        check_law(&text);
    }
}
