use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

/// What is in use at one moment, and what waits for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Bytes of bodies that are not decoded yet.
    pub bodies: u64,
    /// Bytes that bodies were decoded to, and that their merge takes.
    pub decoded: u64,
    /// Bytes of answers that clients have still to read.
    pub answers: u64,
    /// Answers given up so far for clients that don't read.
    pub answers_given_up: u64,
    /// Calls to nodes under way.
    pub calls: u64,
    /// Calls that wait for their turn.
    pub calls_waiting: u64,
    /// Fan-outs under way.
    pub fanouts: u64,
    /// Fan-outs that wait for their turn.
    pub fanouts_waiting: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

impl Load {
    pub(super) fn register(self, registry: &mut Registry) {
        let memory = Family::<KindLabels, Gauge<u64, AtomicU64>>::default();
        for (kind, bytes) in [("bodies", self.bodies), ("decoded", self.decoded), ("answers", self.answers)] {
            memory.get_or_create(&KindLabels { kind }).set(bytes);
        }
        let help = "Memory in use, by kind; fanout.memory_budget bounds each of them";
        registry.register_with_unit("memory", help, Unit::Bytes, memory);
        let gauges = [
            ("calls_in_flight", "Calls to nodes under way", self.calls),
            ("calls_waiting", "Calls to nodes that wait for their turn", self.calls_waiting),
            ("fanouts_in_flight", "Fan-outs under way", self.fanouts),
            ("fanouts_waiting", "Fan-outs that wait for their turn", self.fanouts_waiting),
        ];
        for (name, help, value) in gauges {
            let gauge = Gauge::<u64, AtomicU64>::default();
            gauge.set(value);
            registry.register(name, help, gauge);
        }
        let given_up: Counter = Counter::default();
        given_up.inc_by(self.answers_given_up);
        let help = "Answers given up because clients that don't read held too many";
        registry.register("answers_given_up", help, given_up);
    }
}
