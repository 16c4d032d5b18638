use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

/// What makes the file be read again (SPEC §6), and what may come of it. A process whose first reading fails does not
/// start, so of `start` there is the success alone.
const TRIGGERS: [&str; 4] = ["watch", "poll", "signal", "control"];
const RESULTS: [&str; 3] = ["applied", "unchanged", "rejected"];
const START: (&str, &str) = ("start", "applied");

/// Hex digits of a hash that a metric's value, a double, holds exactly.
const HASH_DIGITS: usize = 12;

/// The configuration and its reloads, under the names that Alertmanager gave them.
pub(super) struct ConfigMetrics {
    generation: Gauge<u64, AtomicU64>,
    hash: Gauge<u64, AtomicU64>,
    successful: Gauge<u64, AtomicU64>,
    succeeded_at: Gauge<i64, AtomicI64>,
    reloads: Family<ReloadLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReloadLabels {
    trigger: &'static str,
    result: &'static str,
}

impl ConfigMetrics {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let generation = Gauge::default();
        registry.register("config_generation", "Counts the applied configurations", generation.clone());
        let hash = Gauge::default();
        let help = "First 48 bits of the SHA-256 of the applied file, as a number; 0 without a file";
        registry.register("config_hash", help, hash.clone());
        let successful = Gauge::default();
        let help = "1 if the last attempt to reload succeeded, else 0";
        registry.register("config_last_reload_successful", help, successful.clone());
        let succeeded_at = Gauge::default();
        let help = "When the last attempt to reload that succeeded was made";
        registry.register_with_unit("config_last_reload_success_timestamp", help, Unit::Seconds, succeeded_at.clone());
        let reloads = Family::default();
        registry.register("config_reloads", "Attempts to load the file, by trigger and result", reloads.clone());
        let metrics = Self { generation, hash, successful, succeeded_at, reloads };
        metrics.show_zeros();
        metrics
    }

    /// A counter that appears with its first event hides that event from `rate()`.
    fn show_zeros(&self) {
        let pairs = TRIGGERS.into_iter().flat_map(|trigger| RESULTS.map(|result| (trigger, result)));
        for (trigger, result) in pairs.chain([START]) {
            drop(self.reloads.get_or_create(&ReloadLabels { trigger, result }));
        }
    }

    pub(super) fn reloaded(&self, trigger: &'static str, result: &'static str) {
        self.reloads.get_or_create(&ReloadLabels { trigger, result }).inc();
    }

    pub(super) fn last_attempt(&self, ok: bool, at_unix_s: i64) {
        self.successful.set(ok.into());
        if ok {
            self.succeeded_at.set(at_unix_s);
        }
    }

    pub(super) fn configured(&self, generation: u64, sha256: Option<&str>) {
        self.generation.set(generation);
        let digits = sha256.and_then(|hex| hex.get(..HASH_DIGITS));
        self.hash.set(digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or(0));
    }
}
