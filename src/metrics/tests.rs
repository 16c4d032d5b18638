use std::collections::BTreeSet;

use super::*;

#[test]
fn answers_made_at_once_each_tell_of_every_breaker_and_of_no_other() {
    let metrics = Metrics::default();
    let open = |text: &str, node: &str| text.contains(&format!("peer_breaker_open{{node=\"{node}\"}} 1\n"));
    std::thread::scope(|scope| {
        for peers in [["a", "b"], ["c", "d"]] {
            let metrics = &metrics;
            scope.spawn(move || {
                for _ in 0..200 {
                    let text = metrics
                        .render(Format::Text, peers.into_iter().map(|peer| (peer, true)), Load::default())
                        .unwrap();
                    let told = ["a", "b", "c", "d"].map(|node| open(&text, node));
                    assert_eq!(told, ["a", "b", "c", "d"].map(|node| peers.contains(&node)));
                }
            });
        }
    });
}

#[test]
fn openmetrics_ends_once() {
    let text = Metrics::default().render(Format::OpenMetrics, std::iter::empty(), Load::default()).unwrap();
    assert!(text.ends_with("# EOF\n"));
    assert_eq!(text.matches("# EOF").count(), 1);
}

#[test]
fn both_formats_have_the_same_samples_and_the_text_describes_each_by_its_name() {
    let metrics = Metrics::default();
    metrics.request("/metrics", 200);
    metrics.fanout(Duration::from_millis(3), [call("# TYPE a counter", "ok")]);
    let [open, text] = [Format::OpenMetrics, Format::Text]
        .map(|format| metrics.render(format, [("a", true)].into_iter(), Load::default()).unwrap());
    let samples =
        |text: &str| text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(samples(&open), samples(&text));
    assert!(open.contains("# TYPE keyviz_fanout_requests counter\n") && open.contains("# UNIT "));
    assert!(!text.contains("# UNIT ") && !text.contains("# EOF"), "{text}");
    let typed: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    for sample in samples(&text) {
        let name = sample.split(['{', ' ']).next().unwrap();
        let of = |kind: &str, name: &str| typed.contains(&(name, kind));
        let histogram = ["_bucket", "_sum", "_count"].into_iter().find_map(|end| name.strip_suffix(end));
        assert!(
            of("counter", name) || of("gauge", name) || histogram.is_some_and(|name| of("histogram", name)),
            "{sample}: {typed:?}"
        );
    }
    for (name, _) in typed {
        assert!(text.contains(&format!("# HELP {name} ")), "{name}");
    }
}

#[test]
fn who_does_not_ask_for_openmetrics_gets_the_text() {
    for accept in ["", "*/*", "text/plain;version=0.0.4", "text/html"] {
        assert_eq!(Format::accepted(accept), Format::Text, "{accept}");
    }
    let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
    assert_eq!(Format::accepted(prometheus), Format::OpenMetrics);
}

fn call<'a>(node: &'a str, reason: &'static str) -> CallResult<'a> {
    CallResult { node, reason, duration: Duration::from_millis(3), bytes: 7 }
}

fn rendered(metrics: &Metrics) -> String {
    metrics.render(Format::Text, std::iter::empty(), Load::default()).unwrap()
}

/// The value of the one series of that name and labels.
fn value(text: &str, series: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(&format!("keyviz_fanout_{series} ")));
    let value = lines.next().map(|value| value.parse().unwrap());
    assert_eq!(lines.next(), None, "{series} is there twice");
    value
}

#[test]
fn nodes_that_a_reload_dropped_have_no_series_left() {
    let metrics = Metrics::default();
    metrics.fanout(Duration::ZERO, [call("a", "ok"), call("b", "ok"), call("b", "dns"), call("c", "deadline")]);
    metrics.keep_nodes(["a", "never called"].into_iter());
    let text = rendered(&metrics);
    assert_eq!(value(&text, "peer_results_total{node=\"a\",reason=\"ok\"}"), Some(1));
    assert_eq!(value(&text, "peer_body_bytes_total{node=\"a\"}"), Some(7));
    assert_eq!(value(&text, "peer_duration_seconds_count{node=\"a\"}"), Some(1));
    assert!(!text.contains("node=\"b\"") && !text.contains("node=\"c\""), "{text}");
}

#[test]
fn a_late_call_brings_its_node_back_until_the_next_reload() {
    let metrics = Metrics::default();
    metrics.fanout(Duration::ZERO, [call("a", "ok"), call("b", "ok")]);
    metrics.keep_nodes(["a"].into_iter());
    metrics.fanout(Duration::ZERO, [call("b", "io")]);
    let text = rendered(&metrics);
    assert_eq!(value(&text, "peer_results_total{node=\"b\",reason=\"io\"}"), Some(1));
    assert_eq!(value(&text, "peer_results_total{node=\"b\",reason=\"ok\"}"), None);
    metrics.keep_nodes(["a"].into_iter());
    assert!(!rendered(&metrics).contains("node=\"b\""));
}

#[test]
fn no_series_is_left_behind_when_calls_and_reloads_meet() {
    let metrics = Metrics::default();
    std::thread::scope(|scope| {
        for reason in ["ok", "dns", "io"] {
            let metrics = &metrics;
            scope.spawn(move || (0..300).for_each(|_| metrics.fanout(Duration::ZERO, [call("b", reason)])));
        }
        (0..300).for_each(|_| metrics.keep_nodes(std::iter::empty()));
    });
    metrics.keep_nodes(std::iter::empty());
    assert!(!rendered(&metrics).contains("node="));
}

#[test]
fn every_pair_of_trigger_and_result_that_can_occur_is_there_from_the_start() {
    let metrics = Metrics::default();
    let reloads = |text: &str| text.lines().filter(|line| line.contains("config_reloads_total{")).count();
    let text = rendered(&metrics);
    assert_eq!(reloads(&text), 13);
    assert_eq!(value(&text, "config_reloads_total{trigger=\"start\",result=\"applied\"}"), Some(0));
    assert_eq!(value(&text, "config_reloads_total{trigger=\"poll\",result=\"rejected\"}"), Some(0));
    for trigger in ["watch", "poll", "signal", "control"] {
        for result in ["applied", "unchanged", "rejected"] {
            metrics.reloaded(trigger, result);
        }
    }
    metrics.reloaded("start", "applied");
    let text = rendered(&metrics);
    assert_eq!(reloads(&text), 13);
    assert!(text.lines().filter(|line| line.contains("config_reloads_total{")).all(|line| line.ends_with("} 1")));
}

#[test]
fn a_rejected_reload_leaves_what_runs_and_when_the_last_one_succeeded() {
    let metrics = Metrics::default();
    let told = |text: &str| {
        ["generation", "hash", "last_reload_successful", "last_reload_success_timestamp_seconds"]
            .map(|name| value(text, &format!("config_{name}")).unwrap())
    };
    metrics.configured(3, Some("0123456789abcdef0123"));
    metrics.last_attempt(true, 1_700_000_000);
    assert_eq!(told(&rendered(&metrics)), [3, 0x0123_4567_89ab, 1, 1_700_000_000]);
    metrics.last_attempt(false, 1_700_000_009);
    assert_eq!(told(&rendered(&metrics)), [3, 0x0123_4567_89ab, 0, 1_700_000_000]);
    metrics.last_attempt(true, 1_700_000_010);
    assert_eq!(told(&rendered(&metrics)), [3, 0x0123_4567_89ab, 1, 1_700_000_010]);
    metrics.configured(4, None);
    metrics.last_attempt(true, 1_700_000_011);
    assert_eq!(told(&rendered(&metrics)), [4, 0, 1, 1_700_000_011]);
}

#[test]
fn the_hash_survives_a_double() {
    let metrics = Metrics::default();
    metrics.configured(1, Some(&"f".repeat(64)));
    let hash = value(&rendered(&metrics), "config_hash").unwrap();
    assert_eq!((hash, hash.to_string().parse::<f64>().unwrap().to_string()), ((1 << 48) - 1, hash.to_string()));
}

#[test]
fn what_is_in_use_is_told_by_kind() {
    let load = Load {
        bodies: 1,
        decoded: 2,
        answers: 3,
        answers_given_up: 4,
        calls: 5,
        fanouts_waiting: 6,
        ..Load::default()
    };
    let text = Metrics::default().render(Format::Text, std::iter::empty(), load).unwrap();
    let memory = ["bodies", "decoded", "answers"].map(|kind| value(&text, &format!("memory_bytes{{kind=\"{kind}\"}}")));
    assert_eq!(memory, [Some(1), Some(2), Some(3)]);
    assert_eq!(value(&text, "answers_given_up_total"), Some(4));
    assert_eq!((value(&text, "calls_in_flight"), value(&text, "fanouts_waiting")), (Some(5), Some(6)));
}
