#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use keyviz_fanout::{
    cli::check::{Format, check},
    config::{Config, FoundBy, KEYS, LocalNode, OpenError, Opened, Origin, effective, effective_toml, load, open},
};
use serde_json::Value as Json;

const FIXTURES: &str = "tests/fixtures/config";

fn no_variables(_: &str) -> Option<OsString> {
    None
}

/// What `check PATH` prints, and its exit code.
fn checked(path: &Path, format: Format, print: bool) -> (String, u8) {
    let mut out = Vec::new();
    let code = check(Some(path), &no_variables, format, print, &mut out).unwrap();
    (String::from_utf8(out).unwrap(), code)
}

fn fixtures(suffix: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(FIXTURES).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.to_str().unwrap().ends_with(suffix)).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn fixture(name: &str) -> PathBuf {
    Path::new(FIXTURES).join(name)
}

fn loaded(name: &str) -> Config {
    load(&fs::read_to_string(fixture(name)).unwrap(), None).unwrap().config
}

/// Every `NAME.bad.toml` is told as `NAME.bad.txt` says; `UPDATE_EXPECT=1` writes what is told now.
#[test]
fn each_mistake_is_told_with_its_place_and_its_remedy() {
    for path in fixtures(".bad.toml") {
        let (told, code) = checked(&path, Format::Human, false);
        assert_eq!(code, 1, "{}", path.display());
        let expected = path.with_extension("txt");
        if env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&expected, &told).unwrap();
        }
        let expected = fs::read_to_string(expected).unwrap();
        assert_eq!(told, expected, "{}", path.display());
    }
}

#[test]
fn every_good_file_is_valid_and_what_it_prints_loads_as_the_same() {
    for path in fixtures(".good.toml") {
        let (told, code) = checked(&path, Format::Human, false);
        assert_eq!(code, 0, "{told}");
        assert!(told.starts_with(&format!("{}: ok: ", path.display())), "{told}");
        let (printed, _) = checked(&path, Format::Human, true);
        let config = load(&fs::read_to_string(&path).unwrap(), None).unwrap().config;
        assert_eq!(load(&printed, None).unwrap().config, config, "{printed}");
    }
}

#[test]
fn peers_become_urls_once_and_keep_what_was_written() {
    let peers = loaded("peers_in_every_form.good.toml").fanout.peers;
    let seen: Vec<_> = peers.iter().map(|peer| (peer.entry.as_str(), peer.url.as_str())).collect();
    assert_eq!(
        seen,
        [
            ("n1.example:8080", "http://n1.example:8080/"),
            ("[2001:db8::1]:8080", "http://[2001:db8::1]:8080/"),
            ("http://n2.example", "http://n2.example/"),
            ("HTTP://N3.example:80", "http://n3.example/"),
            ("http://[::1]", "http://[::1]/"),
            ("bücher.example:1", "http://xn--bcher-kva.example:1/"),
            ("n1.example:8080", "http://n1.example:8080/"),
            ("https://n4.example", "https://n4.example/"),
            ("https://10.0.0.4:8443", "https://10.0.0.4:8443/"),
        ]
    );
}

#[test]
fn durations_and_sizes_are_read_with_their_units() {
    let config = loaded("units.good.toml");
    assert_eq!(config.fanout.timeout, Duration::from_secs(90));
    assert_eq!(config.fanout.connect_timeout, Duration::from_millis(500));
    assert_eq!(config.fanout.body_cap, 3 << 29);
    assert_eq!(config.fanout.memory_budget, 2 << 30);
}

#[test]
fn a_default_follows_the_key_that_bounds_it() {
    let config = loaded("small_timeout_caps_the_default_connect_timeout.good.toml");
    assert_eq!(config.fanout.connect_timeout, Duration::from_millis(100));
    let config = loaded("large_body_cap_raises_the_default_budget.good.toml");
    assert_eq!(config.fanout.memory_budget, 1 << 30);
}

#[test]
fn allowed_hosts_are_spelt_as_a_host_header_has_them() {
    let hosts = loaded("allowed_hosts.good.toml").server.allowed_hosts;
    assert_eq!(hosts, ["admin.example", "192.0.2.1", "[2001:db8::1]", "[2001:db8::2]"]);
}

#[test]
fn the_local_node_is_named_by_its_address_unless_it_has_a_name() {
    let text = "[local]\nsource = 'http'\nurl = 'http://node.example'\n";
    let name = |text: &str| load(text, None).unwrap().config.local.node.unwrap().name;
    assert_eq!(name(text), "node.example:80");
    assert_eq!(name(&format!("{text}name = 'n 1'")), "n 1");
}

#[test]
fn the_example_has_every_key_at_its_default() {
    let text = fs::read_to_string("config.toml.example").unwrap();
    let loaded = load(&text, None).unwrap();
    for key in KEYS {
        assert!(matches!(loaded.origins[key.name], Origin::File(_)), "{} is missing", key.name);
    }
    let mut expected = Config::default();
    let url = "http://127.0.0.1:8080".parse().unwrap();
    expected.local.node = Some(LocalNode { url, name: "127.0.0.1:8080".into() });
    assert_eq!(loaded.config, expected);
}

#[test]
fn every_value_has_an_origin() {
    let text = "# peers\n[fanout]\npeers = [\n  'a:1',\n]\n\ntimeout = '3s'\n[log]\nlevel = 'warn'\n";
    let origin = |rust_log, key| load(text, rust_log).unwrap().origins[key].to_string();
    assert_eq!(origin(None, "fanout.peers"), "file:3");
    assert_eq!(origin(None, "fanout.timeout"), "file:7");
    assert_eq!(origin(None, "fanout.body_cap"), "default");
    assert_eq!(origin(None, "log.level"), "file:9");
    assert_eq!(origin(Some("debug"), "log.level"), "env");
    assert_eq!(load(text, None).unwrap().origins.len(), KEYS.len());
}

#[test]
fn rust_log_wins_unless_it_is_empty_or_no_filter() {
    let text = "fanout.peers = ['a:1']\nlog.level = 'warn'";
    let level = |rust_log| load(text, rust_log).unwrap().config.log.level;
    assert_eq!(level(Some("keyviz_fanout=trace")), "keyviz_fanout=trace");
    assert_eq!(level(Some("")), "warn");
    assert_eq!(level(Some("tide=loud")), "warn");
}

#[test]
fn the_environment_names_the_file_and_the_filter() {
    let path = fixture("minimal_peers.good.toml");
    let variables = |name: &str| match name {
        "KEYVIZ_FANOUT_CONFIG" => Some(path.clone().into()),
        "RUST_LOG" => Some("trace".into()),
        _ => None,
    };
    let Opened { loaded, source, .. } = open(None, &variables).unwrap();
    assert_eq!((source.found_by, loaded.config.log.level.as_str()), (FoundBy::Env, "trace"));
}

#[test]
fn introspection_shows_every_key_in_the_files_own_form() {
    let config = loaded("units.good.toml");
    let shown = effective(&config);
    for key in KEYS {
        assert!(!shown.pointer(&format!("/{}", key.name.replace('.', "/"))).unwrap().is_null(), "{}", key.name);
    }
    assert_eq!(shown["fanout"]["timeout"], "1m 30s");
    assert_eq!(shown["fanout"]["body_cap"], "1536MiB");
    assert_eq!(shown["fanout"]["peers"][0], "10.0.0.1:8080");
    assert_eq!(shown["merge"]["step"], "1h");
    assert_eq!(shown["local"]["url"], "");
    let defaults = effective(&Config::default());
    assert!(
        KEYS.iter()
            .all(|key| defaults.pointer(&format!("/{}", key.name.replace('.', "/"))) == Some(&key.default_value()))
    );
}

#[test]
fn the_effective_file_says_where_each_value_is_from() {
    let loaded = load("fanout.peers = ['a:1']", Some("debug")).unwrap();
    let text = effective_toml(&loaded);
    assert!(text.contains("\npeers = [\"a:1\"]  # file:1\n"), "{text}");
    assert!(text.contains("\ntimeout = \"2s\"  # default\n"), "{text}");
    assert!(text.contains("\nlevel = \"debug\"  # env\n"), "{text}");
}

#[test]
fn check_tells_machines_the_same() {
    let path = fixture("several_at_once.bad.toml");
    let (told, code) = checked(&path, Format::Json, true);
    let told: Json = serde_json::from_str(&told).unwrap();
    assert_eq!((code, &told["valid"], told["path"].as_str()), (1, &Json::from(false), path.to_str()));
    let problem = &told["problems"][3];
    assert_eq!(problem["key"], "fanout.timeout");
    assert_eq!((&problem["line"], &problem["column"]), (&Json::from(11), &Json::from(11)));
    let lines = fs::read_to_string(path.with_extension("txt")).unwrap();
    assert_eq!(told["problems"].as_array().unwrap().len(), lines.lines().count());

    let (told, code) = checked(&fixture("units.good.toml"), Format::Json, true);
    let told: Json = serde_json::from_str(&told).unwrap();
    assert_eq!((code, &told["valid"], &told["problems"]), (0, &Json::from(true), &serde_json::json!([])));
    assert_eq!(told["effective"]["fanout"]["timeout"], "1m 30s");
    assert_eq!(told["origins"]["fanout.timeout"], "file:3");
}

#[test]
fn a_file_that_cannot_be_read_is_not_an_invalid_one() {
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.toml");
    fs::write(&large, vec![b'\n'; (4 << 20) + 1]).unwrap();
    for (path, why) in [
        (folder.path().to_owned(), "is a directory"),
        (folder.path().join("none.toml"), "no config file at"),
        (large.clone(), "is larger than 4MiB"),
    ] {
        let (told, code) = checked(&path, Format::Human, false);
        assert_eq!(code, 2, "{told}");
        assert!(told.contains(why) && told.contains(path.to_str().unwrap()), "{told}");
        let (told, code) = checked(&path, Format::Json, false);
        let told: Json = serde_json::from_str(&told).unwrap();
        assert_eq!((code, told["valid"].as_bool(), told["path"].as_str()), (2, Some(false), path.to_str()));
        assert!(told["error"].as_str().unwrap().contains(why), "{told}");
    }
    fs::write(&large, vec![b'\n'; 4 << 20]).unwrap();
    assert_eq!(checked(&large, Format::Human, false).1, 1, "a file of just 4 MiB is read");
}

#[test]
fn the_source_tells_the_bytes_apart() {
    let path = fixture("minimal_peers.good.toml");
    let Opened { source, .. } = open(Some(&path), &no_variables).unwrap();
    assert_eq!(
        (source.path.clone(), source.found_by, source.searched.clone()),
        (path.clone(), FoundBy::Flag, vec![path])
    );
    // By sha256sum.
    assert_eq!(source.sha256, "026f6cc3ff76b3ccc42d67e670d4c947b3b88bc1582d515bc8bd9e11c71a7c99");
}

#[test]
fn an_invalid_file_still_tells_which_bytes_were_refused() {
    let Err(OpenError::Invalid { origin, problems }) = open(Some(&fixture("empty.bad.toml")), &no_variables) else {
        panic!("an empty file was accepted")
    };
    assert_eq!(origin.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(problems.len(), 1);
}
