//! What Prometheus is told (SPEC §2, `/metrics`). Knows nothing of HTTP or of matrices.

use std::{
    fmt,
    sync::atomic::{AtomicI64, AtomicU64},
    time::{Duration, Instant},
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

/// What every metric's name begins with.
const PREFIX: &str = "keyviz_fanout";

/// The process's metrics.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    fanouts: Histogram,
    calls: Family<NodeLabels, Histogram>,
    results: Family<ResultLabels, Counter>,
    bytes: Family<NodeLabels, Counter>,
    merges: Histogram,
    generation: Gauge<u64, AtomicU64>,
    loaded_at: Gauge<i64, AtomicI64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    path: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NodeLabels {
    node: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    node: String,
    reason: &'static str,
}

/// One node's part in a fan-out.
#[derive(Clone, Copy, Debug)]
pub struct CallResult<'a> {
    /// The node's name.
    pub node: &'a str,
    /// The reason of a failure, or `ok`.
    pub reason: &'static str,
    /// How long the call took.
    pub duration: Duration,
    /// Bytes of the body read.
    pub bytes: u64,
}

/// From a millisecond to half a minute.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 16))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix(PREFIX),
            requests: Family::default(),
            fanouts: seconds(),
            calls: Family::new_with_constructor(seconds),
            results: Family::default(),
            bytes: Family::default(),
            merges: seconds(),
            generation: Gauge::default(),
            loaded_at: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("requests", "HTTP requests answered", self.requests.clone());
        let fanouts = self.fanouts.clone();
        registry.register_with_unit("fanout_duration", "Whole fan-outs, merge included", Unit::Seconds, fanouts);
        registry.register_with_unit("peer_duration", "Calls of one node", Unit::Seconds, self.calls.clone());
        registry.register("peer_results", "Outcomes of calls by node and reason, ok or why not", self.results.clone());
        registry.register("peer_body_bytes", "Bytes of bodies read", self.bytes.clone());
        registry.register_with_unit("merge_duration", "Merges", Unit::Seconds, self.merges.clone());
        registry.register("config_generation", "Counts the applied configurations", self.generation.clone());
        let loaded_at = self.loaded_at.clone();
        registry.register_with_unit(
            "config_loaded_time",
            "When the running config was applied",
            Unit::Seconds,
            loaded_at,
        );
    }

    /// Counts an answered request under the route's path, never the caller's own text.
    pub fn request(&self, path: &'static str, status: u16) {
        self.requests.get_or_create(&RequestLabels { path, status }).inc();
    }

    /// Notes a whole fan-out and its calls.
    pub fn fanout<'a>(&self, started: Instant, calls: impl IntoIterator<Item = CallResult<'a>>) {
        self.fanouts.observe(started.elapsed().as_secs_f64());
        for call in calls {
            let node = NodeLabels { node: call.node.to_owned() };
            self.calls.get_or_create(&node).observe(call.duration.as_secs_f64());
            self.bytes.get_or_create(&node).inc_by(call.bytes);
            self.results.get_or_create(&ResultLabels { node: node.node, reason: call.reason }).inc();
        }
    }

    /// Notes a merge.
    pub fn merged(&self, took: Duration) {
        self.merges.observe(took.as_secs_f64());
    }

    /// Notes the configuration that now runs.
    pub fn configured(&self, generation: u64, at_unix_s: i64, _sha: Option<&str>) {
        self.generation.set(generation);
        self.loaded_at.set(at_unix_s);
    }

    /// s
    pub fn reloaded(&self, _t: &'static str, _r: &'static str) {}
    /// s
    pub fn last_attempt(&self, _ok: bool, _at: i64) {}
    /// s
    pub fn keep_nodes<'a>(&self, _names: impl Iterator<Item = &'a str>) {}
    /// The text format, with the breakers as they are now.
    pub fn render<'a>(&self, breakers: impl Iterator<Item = (&'a str, bool)>) -> Result<String, fmt::Error> {
        // A registry for this answer alone: a gauge that is kept would outlive its peer, and one that is cleared would
        // be missing from an answer made at the same time.
        let mut now = Registry::with_prefix(PREFIX);
        let gauges = Family::<NodeLabels, Gauge>::default();
        now.register("peer_breaker_open", "1 while a peer's breaker is not closed", gauges.clone());
        for (node, open) in breakers {
            gauges.get_or_create(&NodeLabels { node: node.to_owned() }).set(open.into());
        }
        let mut out = String::new();
        text::encode_registry(&mut out, &self.registry)?;
        text::encode_registry(&mut out, &now)?;
        text::encode_eof(&mut out)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
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
                        let text = metrics.render(peers.into_iter().map(|peer| (peer, true))).unwrap();
                        let told = ["a", "b", "c", "d"].map(|node| open(&text, node));
                        assert_eq!(told, ["a", "b", "c", "d"].map(|node| peers.contains(&node)));
                    }
                });
            }
        });
    }

    #[test]
    fn the_text_ends_once() {
        let text = Metrics::default().render(std::iter::empty()).unwrap();
        assert!(text.ends_with("# EOF\n"));
        assert_eq!(text.matches("# EOF").count(), 1);
    }
}
