//! Laws over all configurations and all texts.

use std::{collections::BTreeMap, time::Duration};

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use crate::config::*;

fn any_config() -> impl Strategy<Value = Config> {
    let server = (any_listen(), any::<bool>(), hosts(), 1..=65_535_usize, millis(0, 86_400_000));
    let server = server.prop_map(|(listen, insecure, allowed_hosts, max_connections, shutdown_grace)| Server {
        listen,
        allow_insecure: insecure || !listen.ip().is_loopback(),
        allowed_hosts,
        max_connections,
        shutdown_grace,
        ..Server::default()
    });
    let log = prop::sample::select(vec!["info", "off", "warn,keyviz_fanout=trace", "DEBUG", "tide::log=off"]);
    let log = log.prop_map(|level| Log { level: level.into() });
    let auth = prop::sample::select(vec![AuthMode::Forward, AuthMode::None]);
    (server, any_nodes(), any_fanout(), any_merge(), auth, log).prop_map(
        |(server, (local, peers), fanout, merge, mode, log)| {
            let server = Server { allow_insecure: server.allow_insecure || mode == AuthMode::None, ..server };
            let auth = Auth { mode, ..Auth::default() };
            Config { server, local, fanout: Fanout { peers, ..fanout }, merge, auth, tls: Tls::default(), log }
        },
    )
}

fn any_listen() -> impl Strategy<Value = SocketAddr> {
    (any::<std::net::IpAddr>(), any::<u16>()).prop_map(SocketAddr::from)
}

fn millis(min: u64, max: u64) -> impl Strategy<Value = Duration> {
    (min..=max).prop_map(Duration::from_millis)
}

fn hosts() -> impl Strategy<Value = Vec<String>> {
    let host = prop_oneof![
        "[a-z]{1,8}(\\.[a-z]{2,5}){0,2}".prop_filter("a name", |name| address::parse_host(name).as_ref() == Ok(name)),
        any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|address| url::Host::<&str>::Ipv6(address).to_string()),
    ];
    prop::collection::vec(host, 0..4)
}

fn entry() -> impl Strategy<Value = PeerEntry> {
    let host = prop_oneof!["[a-z][a-z0-9]{0,6}\\.example", "10\\.0\\.0\\.[1-9]", "\\[::[1-9]\\]"];
    let entry = (prop::sample::select(vec!["", "http://", "HTTP://"]), host, 1..=u16::MAX);
    entry.prop_map(|(scheme, host, port)| {
        let entry = format!("{scheme}{host}:{port}");
        entry.parse().unwrap()
    })
}

fn any_nodes() -> impl Strategy<Value = (Local, Vec<PeerEntry>)> {
    let node = (entry(), "[ -~à-ü]{1,20}").prop_map(|(entry, name)| LocalNode { url: entry.url, name });
    let nodes = (prop::option::of(node), prop::collection::vec(entry(), 0..5));
    let nodes = nodes.prop_filter("somebody to ask", |(node, peers)| node.is_some() || !peers.is_empty());
    nodes.prop_map(|(node, peers)| (Local { node, ..Local::default() }, peers))
}

fn any_fanout() -> impl Strategy<Value = Fanout> {
    let times = (10..=300_000_u64).prop_flat_map(|timeout| (Just(timeout), 1..=timeout));
    let sizes = (1 << 10..=4_u64 << 30).prop_flat_map(|cap| (Just(cap), cap..=1 << 40));
    let numbers = (1024..=1_u64 << 31, 1..=1024_usize, 1..=65_536_u32, any::<u32>());
    (times, sizes, numbers).prop_map(|((timeout, connect), (body_cap, memory_budget), numbers)| {
        let (max_cells, max_concurrent, row_limit, breaker_failures) = numbers;
        let (timeout, connect_timeout) = (Duration::from_millis(timeout), Duration::from_millis(connect));
        let peers = Vec::new();
        Fanout {
            peers,
            timeout,
            connect_timeout,
            body_cap,
            memory_budget,
            max_cells,
            max_concurrent,
            row_limit,
            breaker_failures,
        }
    })
}

fn any_merge() -> impl Strategy<Value = Merge> {
    let step = prop_oneof![Just(Step::Auto), Just(Step::Off), (100..=3_600_000_i64).prop_map(Step::Millis)];
    let dedupe = prop::sample::select(vec![Dedupe::Window, Dedupe::Slot]);
    (step, dedupe).prop_map(|(step, dedupe)| Merge { step, dedupe })
}

/// Values about the bounds of a key's kind, and some of other kinds.
fn values(key: &Key) -> Vec<&'static str> {
    let own: &[&str] = match key.kind().as_str() {
        "a duration" => &["0s", "999us", "1ms", "9ms", "10ms", "2s", "5m", "5m 1ns", "1day", "25h"],
        "a size" => &["1023B", "1KiB", "64MiB", "4GiB", "4.1GiB", "1TiB", "1025GiB"],
        "an integer" => return vec!["-1", "0", "1", "1023", "1024", "1025", "65535", "65537", "2147483649", "1e3"],
        "true or false" => return vec!["true", "false", "1"],
        "a list of addresses" => return vec!["[]", "['a:1', 'http://b']", "['a']", "['http://u:secret@h']"],
        "a list of host names" => return vec!["[]", "['a', '[::1]']", "['a:1']"],
        _ => &[
            "",
            "auto",
            "off",
            "99ms",
            "100ms",
            "1h",
            "61m",
            "http",
            "none",
            "forward",
            "mint",
            "slot",
            "window",
            "warn",
            "127.0.0.1:0",
            "[::1]:1",
            "0.0.0.0:1",
            "http://h",
            "http://u:secret@h:1",
            "u:secret@h",
            "h:1",
        ],
    };
    own.iter().copied().chain(["\\", "1"]).collect()
}

fn any_line(key: &'static Key) -> impl Strategy<Value = String> {
    let value = prop::sample::select(values(key));
    let quotes = if ["an integer", "true or false"].contains(&key.kind().as_str()) || key.kind().contains("list") {
        ""
    } else {
        "'"
    };
    value.prop_map(move |value| format!("{} = {quotes}{value}{quotes}\n", key.name))
}

/// A text of real keys with values good and bad, each at most once, and now and then of noise.
fn any_text() -> impl Strategy<Value = String> {
    let keys = prop::sample::subsequence(KEYS.iter().collect::<Vec<_>>(), 0..6);
    let lines = keys.prop_flat_map(|keys| keys.into_iter().map(any_line).collect::<Vec<_>>());
    let peers = prop_oneof![2 => Just("fanout.peers = ['a:1']\n"), 1 => Just("")];
    let noise = prop_oneof![8 => Just(String::new()), 1 => "\\PC{0,12}\n", 1 => "[\\[\\]{}=\"'\n.a-c#]{0,16}\n"];
    (peers, lines, noise).prop_map(|(peers, lines, noise)| {
        let peers = if lines.iter().any(|line| line.starts_with("fanout.peers")) { "" } else { peers };
        format!("{peers}{}{noise}", lines.concat())
    })
}

/// Else the law below would say nothing of what is accepted.
#[test]
fn a_good_part_of_the_texts_is_accepted() {
    let mut runner = TestRunner::deterministic();
    let texts = (0..500).map(|_| any_text().new_tree(&mut runner).unwrap().current());
    let accepted = texts.filter(|text| load(text, None).is_ok()).count();
    assert!((50..450).contains(&accepted), "{accepted} of 500");
}

proptest! {
    #[test]
    fn what_is_in_force_loads_again_as_itself(config in any_config()) {
        let loaded = Loaded { origins: BTreeMap::new(), ..Loaded::from(config) };
        let text = effective_toml(&loaded);
        prop_assert_eq!(load(&text, None).map(|loaded| loaded.config), Ok(loaded.config.clone()), "{}", text);
        let introspected = toml::to_string(&effective(&loaded.config)).unwrap();
        prop_assert_eq!(load(&introspected, None).map(|loaded| loaded.config), Ok(loaded.config));
    }

    #[test]
    fn no_text_makes_reading_panic_or_betrays_a_password(text in prop_oneof![any_text(), any::<String>()]) {
        match load(&text, None) {
            Ok(loaded) => prop_assert!(within_bounds(&loaded.config), "{:?}", loaded.config),
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                prop_assert!(problems.is_sorted_by_key(|problem| (problem.line, problem.column)));
                for problem in problems {
                    let line = text.split('\n').nth(problem.line - 1);
                    prop_assert!(line.is_some_and(|line| problem.column <= line.chars().count() + 1), "{}", problem);
                    prop_assert!(!problem.message.contains("secret"), "{}", problem);
                }
            }
        }
    }

    #[test]
    fn durations_and_sizes_read_back_whatever_they_are(nanos in any::<u64>(), bytes in any::<u64>()) {
        let duration = Duration::from_nanos(nanos);
        prop_assume!(nanos > 0);
        prop_assert_eq!(text::parse_duration(&text::show_duration(duration)), Ok(duration));
        prop_assert_eq!(text::parse_size(&text::show_size(bytes)), Ok(bytes));
    }
}

/// SPEC §5's table once more, in other words than the loader's.
fn within_bounds(config: &Config) -> bool {
    let Config { server, local, fanout, merge, auth, .. } = config;
    let ms = Duration::from_millis;
    let step = match merge.step {
        Step::Auto | Step::Off => true,
        Step::Millis(step) => (100..=3_600_000).contains(&step),
    };
    let plain =
        |url: &Url| url.path() == "/" && url.query().is_none() && url.username().is_empty() && url.port() != Some(0);
    (1..=65_535).contains(&server.max_connections)
        && (server.listen.ip().is_loopback() || server.allow_insecure)
        && fanout.timeout >= ms(10)
        && fanout.timeout <= ms(300_000)
        && fanout.connect_timeout <= fanout.timeout
        && (1024..=4 << 30).contains(&fanout.body_cap)
        && fanout.memory_budget >= fanout.body_cap
        && (1024..=1 << 31).contains(&fanout.max_cells)
        && (1..=1024).contains(&fanout.max_concurrent)
        && (1..=65_536).contains(&fanout.row_limit)
        && fanout.peers.len() <= 1024
        && fanout.peers.iter().all(|peer| plain(&peer.url))
        && local.node.as_ref().is_none_or(|node| plain(&node.url) && !node.name.is_empty())
        && (local.node.is_some() || !fanout.peers.is_empty())
        && auth.mode != AuthMode::Mint
        && step
}
