//! What SPEC §5 says of a configuration, said again in other words than the loader's: its judge.

use std::time::Duration;

use keyviz_fanout::config::{
    AuthMode, Config, Loaded, OpenError, PeerEntry, Problem, Step, effective, effective_toml, load, open,
};
use serde_json::Value as Json;
use url::Url;

/// The law of any text: it is refused with places and reasons, or holds to SPEC §5 and loads again as itself.
pub(crate) fn check_law(text: &str) {
    match load(text, None) {
        Ok(loaded) => check_accepted(text, &loaded),
        Err(problems) => check_problems(text, &problems),
    }
}

/// The law of a file's bytes: what is not text is refused where it stops being text. `file` is written for it.
pub(crate) fn check_law_of_bytes(bytes: &[u8], file: &std::path::Path) {
    if let Err(error) = std::str::from_utf8(bytes) {
        std::fs::write(file, bytes).unwrap();
        let opened = open(Some(file), &|_| None);
        let Err(OpenError::Invalid { problems, .. }) = opened else { panic!("accepted: {opened:?}") };
        check_problems(&String::from_utf8_lossy(&bytes[..error.valid_up_to()]), &problems);
        assert_eq!(problems.len(), 1);
    }
    check_law(&String::from_utf8_lossy(bytes));
}

fn check_accepted(text: &str, loaded: &Loaded) {
    assert_eq!(violations(&loaded.config), [""; 0], "{:?}", loaded.config);
    check_kept(text, &loaded.config);
    let printed = effective_toml(loaded);
    let again = load(&printed, None).map(|loaded| loaded.config);
    assert_eq!(again.as_ref(), Ok(&loaded.config), "{printed}");
}

/// What of SPEC §5 the configuration does not hold to, by key.
pub(crate) fn violations(config: &Config) -> Vec<&'static str> {
    let Config { server, local, fanout, merge, auth, log, .. } = config;
    let ms = Duration::from_millis;
    let https = server.tls_cert_file.is_some();
    let open = auth.mode == AuthMode::None;
    let needs_leave = !server.listen.ip().to_canonical().is_loopback() && (open || !https);
    let node_is_plain = local.node.as_ref().is_none_or(|node| is_plain(&node.url));
    let node_is_named = local.node.as_ref().is_none_or(|node| is_one_line(&node.name));
    let step_fits = matches!(merge.step, Step::Auto | Step::Off | Step::Millis(100..=3_600_000));
    let rules = [
        ("server.tls_key_file", https == server.tls_key_file.is_some()),
        ("server.allow_insecure", server.allow_insecure || !needs_leave),
        ("server.allowed_hosts", server.allowed_hosts.iter().all(|host| is_host(host))),
        ("server.max_connections", (1..=65_535).contains(&server.max_connections)),
        ("local.source", local.node.is_some() || !fanout.peers.is_empty()),
        ("local.url", node_is_plain),
        ("local.name", node_is_named),
        ("fanout.peers", fanout.peers.len() <= 1024 && fanout.peers.iter().all(is_entry)),
        ("fanout.timeout", (ms(10)..=ms(300_000)).contains(&fanout.timeout)),
        ("fanout.connect_timeout", fanout.connect_timeout <= fanout.timeout),
        ("fanout.body_cap", (1 << 10..=4 << 30).contains(&fanout.body_cap)),
        ("fanout.memory_budget", fanout.memory_budget >= fanout.body_cap),
        ("fanout.max_cells", (1024..=1 << 31).contains(&fanout.max_cells)),
        ("fanout.max_concurrent", (1..=1024).contains(&fanout.max_concurrent)),
        ("fanout.row_limit", (1..=65_536).contains(&fanout.row_limit)),
        ("merge.step", step_fits),
        ("auth.signing_key_file", auth.mode != AuthMode::Mint || auth.signing_key_file.is_some()),
        ("log.level", is_filter(&log.level)),
    ];
    rules.into_iter().filter(|(_, held)| !held).map(|(key, _)| key).collect()
}

/// Scheme, host and port alone.
fn is_plain(url: &Url) -> bool {
    let bare = [url.username(), url.password().unwrap_or_default(), url.path().trim_start_matches('/')];
    ["http", "https"].contains(&url.scheme())
        && url.has_host()
        && url.port() != Some(0)
        && bare.concat().is_empty()
        && url.query().is_none()
        && url.fragment().is_none()
}

fn is_entry(peer: &PeerEntry) -> bool {
    is_plain(&peer.url)
        && is_one_line(&peer.entry)
        && !peer.entry.contains(['@', '?', '#', ' '])
        && peer.entry.parse().as_ref() == Ok(peer)
}

/// A name or an address, in a `Host` header's spelling without the port.
fn is_host(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match inner {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '/', '@', ' ', '*']) && host.to_lowercase() == host,
    }
}

fn is_one_line(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}

fn is_filter(text: &str) -> bool {
    let words = text.split('/').next().unwrap_or_default().split(',').map(str::trim);
    let mut bare = words.filter(|word| !word.is_empty() && !word.contains('=') && !word.contains("::"));
    !text.trim().is_empty()
        && env_filter::Builder::new().try_parse(text).is_ok()
        && bare.all(|word| word.parse::<log::LevelFilter>().is_ok() || word.starts_with("keyviz_fanout"))
}

/// The file's numbers, flags and words hold as they were written, and it has no key that means nothing.
fn check_kept(text: &str, config: &Config) {
    let written: toml::Table = toml::from_str(text.trim_start_matches('\u{feff}')).unwrap();
    let effective = effective(config);
    for (table, keys) in &written {
        for (key, value) in keys.as_table().unwrap() {
            let held = effective.get(table).and_then(|table| table.get(key));
            let held = held.unwrap_or_else(|| panic!("{table}.{key} was accepted"));
            match value {
                toml::Value::Integer(number) => assert_eq!(held, &Json::from(*number), "{table}.{key}"),
                toml::Value::Boolean(flag) => assert_eq!(held, &Json::from(*flag), "{table}.{key}"),
                toml::Value::Array(list) => assert_eq!(held.as_array().unwrap().len(), list.len(), "{table}.{key}"),
                toml::Value::String(word) if ["mode", "dedupe", "source", "level"].contains(&key.as_str()) => {
                    assert_eq!(held, word, "{table}.{key}");
                }
                toml::Value::String(_) => {}
                other => panic!("{table}.{key} = {other} was accepted"),
            }
        }
    }
}

/// At least one, in file order, each with a place in the text and a reason on one line.
fn check_problems(text: &str, problems: &[Problem]) {
    assert!(!problems.is_empty());
    assert!(problems.is_sorted_by_key(|problem| (problem.line, problem.column)), "{problems:?}");
    let lines: Vec<_> = text.split('\n').collect();
    for problem in problems {
        let Problem { line, column, key, message } = problem;
        let width = line.checked_sub(1).and_then(|line| lines.get(line)).map(|line| line.chars().count());
        assert!(width.is_some_and(|width| (1..=width + 1).contains(column)), "{problem} is outside the text");
        assert!(!message.is_empty() && !message.contains(is_hostile), "{message:?}");
        assert!(!key.contains(is_hostile), "{key:?}");
    }
}

/// A control character, or one that breaks or turns the line it is shown in.
fn is_hostile(c: char) -> bool {
    c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)
}
