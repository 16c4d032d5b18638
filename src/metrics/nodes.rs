use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::{CallResult, seconds};

/// Calls, by node.
pub(super) struct NodeMetrics {
    calls: Family<NodeLabels, Histogram>,
    results: Family<ResultLabels, Counter>,
    bytes: Family<NodeLabels, Counter>,
    /// Every node that has a series, with the reasons it has one for. Held while series come and go, so that none is
    /// left behind.
    known: Mutex<BTreeMap<String, BTreeSet<&'static str>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct NodeLabels {
    pub(super) node: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    node: String,
    reason: &'static str,
}

impl NodeMetrics {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let calls = Family::new_with_constructor(seconds as fn() -> _);
        registry.register_with_unit("peer_duration", "Calls of one node", Unit::Seconds, calls.clone());
        let results = Family::default();
        registry.register("peer_results", "Outcomes of calls by node and reason, ok or why not", results.clone());
        let bytes = Family::default();
        registry.register("peer_body_bytes", "Bytes of bodies read", bytes.clone());
        Self { calls, results, bytes, known: Mutex::default() }
    }

    pub(super) fn called<'a>(&self, calls: impl IntoIterator<Item = CallResult<'a>>) {
        let mut known = self.known();
        for CallResult { node, reason, duration, bytes } in calls {
            known.entry(node.to_owned()).or_default().insert(reason);
            let label = NodeLabels { node: node.to_owned() };
            self.calls.get_or_create(&label).observe(duration.as_secs_f64());
            self.bytes.get_or_create(&label).inc_by(bytes);
            self.results.get_or_create(&ResultLabels { node: label.node, reason }).inc();
        }
    }

    /// Removes every series of all nodes but these.
    pub(super) fn keep(&self, names: &BTreeSet<&str>) {
        self.known().retain(|node, reasons| {
            let kept = names.contains(node.as_str());
            if !kept {
                self.remove(node, reasons);
            }
            kept
        });
    }

    fn remove(&self, node: &str, reasons: &BTreeSet<&'static str>) {
        let label = NodeLabels { node: node.to_owned() };
        self.calls.remove(&label);
        self.bytes.remove(&label);
        for &reason in reasons {
            self.results.remove(&ResultLabels { node: node.to_owned(), reason });
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, BTreeSet<&'static str>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
