//! What a reload compares, mixes and tells.

use std::fs;

use crate::config::*;

fn loaded(text: &str) -> Loaded {
    load(text, None).unwrap_or_else(|problems| panic!("{text}\n{problems:?}"))
}

fn told(before: &str, after: &str) -> Vec<String> {
    let peers = "fanout.peers = ['a:1', 'b:1']\n";
    let with_peers = |text: &str| if text.contains("peers") { text.to_owned() } else { format!("{peers}{text}") };
    let changes = changes(&loaded(&with_peers(before)), &loaded(&with_peers(after)));
    changes.iter().map(ToString::to_string).collect()
}

#[test]
fn a_change_is_told_with_both_values_as_the_file_has_them() {
    assert_eq!(told("", "fanout.timeout = '3s'"), ["fanout.timeout \"2s\" → \"3s\""]);
    assert_eq!(told("merge.step = '1m'", ""), ["merge.step \"1m\" → \"auto\""]);
    assert_eq!(told("", "server.allow_insecure = true"), ["server.allow_insecure false → true"]);
    assert_eq!(told("# one", "# two\nfanout.timeout = '2000ms'"), [""; 0]);
}

#[test]
fn a_changed_list_is_told_by_what_came_and_went() {
    let peers = "fanout.peers = ['c:1', 'a:1', 'b:1', 'b:1']";
    assert_eq!(told("fanout.peers = ['a:1', 'b:1']", peers), ["fanout.peers +\"c:1\" +\"b:1\""]);
    assert_eq!(told(peers, "fanout.peers = ['b:1']"), ["fanout.peers -\"c:1\" -\"a:1\" -\"b:1\""]);
    assert_eq!(
        told("fanout.peers = ['a:1', 'b:1']", "fanout.peers = ['b:1', 'a:1']"),
        ["fanout.peers in another order"]
    );
    let many: Vec<_> = (0..20).map(|i| format!("'p{i}:1'")).collect();
    let many = told("fanout.peers = ['p0:1']", &format!("fanout.peers = [{}]", many.join(", ")));
    assert!(many[0].ends_with("+\"p8:1\" +11 more"), "{many:?}");
}

/// A peer with user and password is refused, so that no value of a key can be a secret.
#[test]
fn what_a_change_may_show_is_never_a_password() {
    let problems = load("fanout.peers = ['http://user:canary@a:1']", None).unwrap_err();
    assert!(problems.iter().all(|problem| !problem.message.contains("canary")), "{problems:?}");
}

#[test]
fn keys_that_need_a_restart_keep_their_value_and_wait() {
    let running = loaded("fanout.peers = ['a:1']\nserver.listen = '127.0.0.1:1'");
    let edited = loaded("fanout.peers = ['b:1']\n\nserver.listen = '127.0.0.1:2'");
    let (mixture, pending) = over_running(edited, &running).unwrap();
    assert_eq!(mixture.config.server.listen.port(), 1);
    assert_eq!(mixture.config.fanout.peers[0].entry, "b:1");
    assert_eq!(mixture.origins["server.listen"], Origin::File(2), "where the running value is from");
    let on_disk = "127.0.0.1:2".into();
    assert_eq!(pending, [Pending { key: "server.listen", running: "127.0.0.1:1".into(), on_disk }]);

    let (_, pending) = over_running(running.clone(), &mixture).unwrap();
    assert_eq!(pending, [], "the file was put back");
}

#[test]
fn live_keys_that_are_unsafe_with_a_running_restart_key_are_refused() {
    let running = loaded("fanout.peers = ['a:1']\nserver.listen = '0.0.0.0:1'\nserver.allow_insecure = true");
    let edited = loaded("fanout.peers = ['a:1']\nserver.listen = '127.0.0.1:1'\n  auth.mode = 'none'");
    let problems = over_running(edited, &running).unwrap_err();
    assert_eq!(problems.len(), 1);
    let Problem { line, column, key, message } = &problems[0];
    assert_eq!((*line, *column, key.as_str()), (3, 15, "auth.mode"));
    assert!(message.contains("server.listen stays \"0.0.0.0:1\" until a restart"), "{message}");

    let edited = loaded("fanout.peers = ['a:1']\nserver.listen = '127.0.0.1:1'");
    let problems = over_running(edited, &running).unwrap_err();
    assert_eq!((problems[0].line, problems[0].key.as_str()), (2, "server.listen"), "plain HTTP beyond loopback");
}

#[test]
fn every_key_can_be_kept() {
    let before = loaded(include_str!("../../../tests/fixtures/config/bounds_high.good.toml"));
    let (mut draft, from) = (keys::Draft::default(), keys::Draft::from(before.config));
    for key in KEYS {
        key.copy(&mut draft, &from);
        assert_eq!(key.show(&draft), key.show(&from), "{}", key.name);
    }
    assert_eq!(draft, from);
}

#[test]
fn the_files_that_are_named_are_those_of_the_keys_that_say_so() {
    let mut config = Config::default();
    let name = |key: &str| Some(std::path::PathBuf::from(key));
    let Config { server, auth, tls, .. } = &mut config;
    server.control_socket = name("control.sock");
    server.tls_cert_file = name("server.tls_cert_file");
    server.tls_key_file = name("server.tls_key_file");
    server.metrics_token_file = name("server.metrics_token_file");
    auth.signing_key_file = name("auth.signing_key_file");
    auth.previous_key_file = name("auth.previous_key_file");
    tls.ca_file = name("tls.ca_file");
    let keys = KEYS.iter().map(|key| key.name).filter(|name| name.ends_with("_file"));
    assert_eq!(config.files().map(|(key, _)| key).collect::<Vec<_>>(), keys.collect::<Vec<_>>());
    assert!(config.files().all(|(key, path)| path.to_str() == Some(key)));
}

/// A folder with a configuration that names a token's file.
fn with_token() -> (tempfile::TempDir, Found) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let token = folder.path().join("token");
    fs::write(&token, "canary").unwrap();
    fs::write(&path, format!("fanout.peers = ['a:1']\nserver.metrics_token_file = {token:?}\n")).unwrap();
    let found = Found { path, found_by: FoundBy::Flag, searched: Vec::new() };
    (folder, found)
}

fn take(found: &Found) -> Reading {
    Reading::take(found.clone(), None, Pipes::Refuse)
}

#[test]
fn equal_bytes_of_all_files_have_equal_fingerprints_and_others_have_others() {
    let (folder, found) = with_token();
    let first = take(&found);
    let fingerprint = first.fingerprint();
    let opened = first.finish().unwrap();
    assert_eq!(Fingerprint::of(Some(&opened.source), &opened.files), fingerprint);
    assert_eq!(take(&found).fingerprint(), fingerprint);

    fs::write(folder.path().join("token"), "another").unwrap();
    let other = take(&found);
    assert_ne!(other.fingerprint(), fingerprint);
    assert_eq!(other.finish().unwrap().files.differing(&opened.files), ["server.metrics_token_file"]);

    fs::remove_file(folder.path().join("token")).unwrap();
    assert_ne!(take(&found).fingerprint(), fingerprint);
    fs::remove_file(&found.path).unwrap();
    assert_ne!(take(&found).fingerprint(), fingerprint);
}

#[test]
fn a_named_file_that_cannot_be_read_is_a_problem_of_its_key() {
    let (folder, found) = with_token();
    let token = folder.path().join("token");
    fs::remove_file(&token).unwrap();
    let reading = take(&found);
    assert_eq!(reading.paths(), [found.path.clone(), token.clone()], "it is followed until it comes");
    let Err(OpenError::Invalid { problems, .. }) = reading.finish() else { panic!("taken") };
    assert_eq!((problems[0].line, problems[0].key.as_str()), (2, "server.metrics_token_file"));
    assert!(problems[0].message.starts_with(&format!("read {}: ", token.display())), "{problems:?}");
}

#[test]
fn nothing_that_is_read_shows_what_a_named_file_holds() {
    let (_folder, found) = with_token();
    let reading = take(&found);
    assert!(!format!("{reading:?}").contains("canary"));
    assert!(!format!("{:?}", reading.finish().unwrap()).contains("canary"));
}

#[test]
fn a_file_that_somebody_may_still_be_writing_seems_so() {
    let (folder, found) = with_token();
    for (text, unfinished) in [
        ("", true),
        (" \n", true),
        ("fanout.peers = ['a:1', 'b", true),
        ("fanout.peers = ['a:1']\nfanout.time", true),
        ("fanout.peers = ['a:1']\nfanout.timeuot = '3s'\n", false),
        ("fanout.peers = ['a:1']\n", false),
        ("fanout.peers = ['a:1']", false),
    ] {
        fs::write(&found.path, text).unwrap();
        assert_eq!(take(&found).seems_unfinished(), unfinished, "{text:?}");
    }
    drop(folder);
    assert!(take(&found).seems_unfinished(), "it may come back");
}

#[test]
fn a_pipe_is_not_waited_for_where_it_can_not_be_read_again() {
    let (folder, _) = with_token();
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let found = Found { path, found_by: FoundBy::Flag, searched: Vec::new() };
    assert!(take(&found).finish().unwrap_err().to_string().contains("is a pipe"));
}
