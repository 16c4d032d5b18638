//! Laws over all configurations and all texts.

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;

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
    nodes.prop_map(|(node, peers)| (Local { node }, peers))
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

/// A text of real keys with values good and bad, and now and then of noise.
fn any_text() -> impl Strategy<Value = String> {
    let key = prop::sample::select(KEYS.iter().map(|key| key.name).collect::<Vec<_>>());
    let value = prop::sample::select(vec![
        "\"\"",
        "0",
        "1",
        "70000",
        "-1",
        "1.5",
        "true",
        "\"10ms\"",
        "\"2s\"",
        "\"6m\"",
        "\"0s\"",
        "\"5GiB\"",
        "\"1KiB\"",
        "\"2TiB\"",
        "[]",
        "[\"a:1\"]",
        "[\"a\", 3]",
        "{}",
        "{ a = 1 }",
        "\"none\"",
        "\"http\"",
        "\"http://h:1\"",
        "\"http://u:secret@h\"",
        "\"auto\"",
        "\"slot\"",
        "\"0.0.0.0:1\"",
        "\"[::1]:2\"",
        "\"info\"",
        "\"\\\\\"",
        "1979-05-27",
    ]);
    let line = (key, value).prop_map(|(key, value)| format!("{key} = {value}\n"));
    let noise = prop_oneof!["\\PC{0,12}\n", "[\\[\\]{}=\"'\n.a-c#]{0,16}\n"];
    prop::collection::vec(prop_oneof![9 => line, 1 => noise], 0..8).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn what_is_in_force_loads_again_as_itself(config in any_config()) {
        let loaded = Loaded { config, origins: BTreeMap::new() };
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
