//! What Prometheus is told (SPEC §2, `/metrics`). Knows nothing of HTTP or of matrices.

use std::{fmt, sync::OnceLock, time::Duration};

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

mod configuration;
mod connections;
mod format;
mod load;
mod nodes;

use self::{
    configuration::ConfigMetrics,
    nodes::{NodeLabels, NodeMetrics},
};
pub use self::{connections::Connections, format::Format, load::Load};

/// What every metric's name begins with.
const PREFIX: &str = "keyviz_fanout";

/// The process's metrics.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    fanouts: Histogram,
    nodes: NodeMetrics,
    merges: Histogram,
    config: ConfigMetrics,
    connections: OnceLock<Box<dyn Fn() -> Connections + Send + Sync>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    path: &'static str,
    status: u16,
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
        let mut registry = Registry::with_prefix(PREFIX);
        let requests = Family::default();
        registry.register("requests", "HTTP requests answered", requests.clone());
        let fanouts = seconds();
        let help = "Whole fan-outs, merge included";
        registry.register_with_unit("fanout_duration", help, Unit::Seconds, fanouts.clone());
        let nodes = NodeMetrics::registered(&mut registry);
        let merges = seconds();
        registry.register_with_unit("merge_duration", "Merges", Unit::Seconds, merges.clone());
        let config = ConfigMetrics::registered(&mut registry);
        Self { registry, requests, fanouts, nodes, merges, config, connections: OnceLock::new() }
    }
}

impl Metrics {
    /// Counts an answered request under the route's path, never the caller's own text.
    pub fn request(&self, path: &'static str, status: u16) {
        self.requests.get_or_create(&RequestLabels { path, status }).inc();
    }

    /// Notes a whole fan-out and its calls.
    pub fn fanout<'a>(&self, took: Duration, calls: impl IntoIterator<Item = CallResult<'a>>) {
        self.fanouts.observe(took.as_secs_f64());
        self.nodes.called(calls);
    }

    /// Forgets all nodes but these: what a reload dropped is not to be shown forever. A call that is still in flight may
    /// bring its node back until the next reload.
    pub fn keep_nodes<'a>(&self, names: impl Iterator<Item = &'a str>) {
        self.nodes.keep(&names.collect());
    }

    /// Notes a merge.
    pub fn merged(&self, took: Duration) {
        self.merges.observe(took.as_secs_f64());
    }

    /// Counts an attempt to reload. `trigger` is `start`, `watch`, `poll`, `signal` or `control` (SPEC §6), `result`
    /// `applied`, `unchanged` or `rejected`.
    pub fn reloaded(&self, trigger: &'static str, result: &'static str) {
        self.config.reloaded(trigger, result);
    }

    /// Notes whether the last attempt to reload succeeded; one that found nothing changed did.
    pub fn last_attempt(&self, ok: bool, at_unix_s: i64) {
        self.config.last_attempt(ok, at_unix_s);
    }

    /// Notes the configuration that now runs. `sha256` is that of its file, hex; none if it is from no file.
    pub fn configured(&self, generation: u64, sha256: Option<&str>) {
        self.config.configured(generation, sha256);
    }

    /// From now on shows the connections that `source` tells of. The first source stays.
    pub fn show_connections(&self, source: impl Fn() -> Connections + Send + Sync + 'static) {
        let _ = self.connections.set(Box::new(source));
    }

    /// All metrics in `format`, with the breakers and the load as they are now.
    pub fn render<'a>(
        &self,
        format: Format,
        breakers: impl Iterator<Item = (&'a str, bool)>,
        load: Load,
    ) -> Result<String, fmt::Error> {
        // A registry for this answer alone: a gauge that is kept would outlive its peer, and one that is cleared would
        // be missing from an answer made at the same time.
        let mut now = Registry::with_prefix(PREFIX);
        let gauges = Family::<NodeLabels, Gauge>::default();
        now.register("peer_breaker_open", "1 while a peer's breaker is not closed", gauges.clone());
        for (node, open) in breakers {
            gauges.get_or_create(&NodeLabels { node: node.to_owned() }).set(open.into());
        }
        load.register(&mut now);
        let mut process = Registry::default();
        if let Some(connections) = self.connections.get().map(|source| source()) {
            connections.register(&mut now);
            connections.register_process(&mut process);
        }
        let mut out = String::new();
        for registry in [&self.registry, &now, &process] {
            text::encode_registry(&mut out, registry)?;
        }
        text::encode_eof(&mut out)?;
        Ok(format.of(out))
    }
}

#[cfg(test)]
mod tests;
