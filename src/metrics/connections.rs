use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// The listener's connections and the process's file descriptors, as they are at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Connections {
    /// Open now.
    pub open: u64,
    /// Most that are taken at once.
    pub most: u64,
    /// Taken since the start.
    pub accepted: u64,
    /// Over the limit, and answered so.
    pub refused: u64,
    /// Over the limit, and cut off for others over the limit.
    pub crowded_out: u64,
    /// Closed for a newcomer, while they waited for a request.
    pub evicted: u64,
    /// Closed since the client read too slowly.
    pub stalled: u64,
    /// That the system could not give.
    pub failed: u64,
    /// File descriptors open; none where that is not to be seen.
    pub descriptors: Option<u64>,
    /// File descriptors that may be open.
    pub max_descriptors: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    reason: &'static str,
}

impl Connections {
    /// Under the prefix of all metrics.
    pub(super) fn register(&self, registry: &mut Registry) {
        gauge(registry, "connections", "Connections of callers open now", self.open);
        gauge(registry, "connections_max", "Connections that are taken at once, at most", self.most);
        counter(registry, "connections_accepted", "Connections that were taken", self.accepted);
        let help = "Connections over the limit: answered 503 (limit), or cut off for others over the limit (crowd)";
        let refused = Family::<RefusalLabels, Counter>::default();
        registry.register("connections_refused", help, refused.clone());
        for (reason, number) in [("limit", self.refused), ("crowd", self.crowded_out)] {
            refused.get_or_create(&RefusalLabels { reason }).inc_by(number);
        }
        let help = "Connections without a request in hand that were closed for a newcomer";
        counter(registry, "connections_evicted", help, self.evicted);
        let help = "Connections that were closed because the client read its answer too slowly";
        counter(registry, "connections_stalled", help, self.stalled);
        counter(registry, "accept_errors", "Connections that the system could not give", self.failed);
    }

    /// Under the names that every process's metrics have.
    pub(super) fn register_process(&self, registry: &mut Registry) {
        if let Some(open) = self.descriptors {
            gauge(registry, "process_open_fds", "Number of open file descriptors", open);
        }
        gauge(registry, "process_max_fds", "Maximum number of open file descriptors", self.max_descriptors);
    }
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let gauge: Gauge = Gauge::default();
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    registry.register(name, help, gauge);
}

fn counter(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let counter: Counter = Counter::default();
    counter.inc_by(value);
    registry.register(name, help, counter);
}
