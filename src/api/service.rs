use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::{
    config::{Loaded, Source},
    fanout::{Fanout, Snapshot},
    metrics::Metrics,
};

/// What the HTTP interface stands on: the fan-out, and the configuration that is active now.
pub struct Service {
    pub(super) fanout: Arc<Fanout>,
    pub(super) metrics: Arc<Metrics>,
    active: ArcSwap<Active>,
    draining: AtomicBool,
}

/// A configuration that was applied, with what requests under it work with.
pub(super) struct Active {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) loaded: Loaded,
    /// The file; none where the configuration was made in the process.
    pub(super) source: Option<Source>,
    pub(super) loaded_at: Timestamp,
}

impl Service {
    /// A service under its first configuration, generation 1. `source` is the file that it came from, if there is one.
    pub fn new(fanout: Fanout, metrics: Arc<Metrics>, loaded: Loaded, source: Option<Source>) -> Self {
        let generation = 1;
        let snapshot = Arc::new(fanout.snapshot(generation, Arc::new(loaded.config.clone()), None));
        let loaded_at = Timestamp::now();
        metrics.configured(generation, loaded_at.as_second());
        let active = Active { snapshot, loaded, source, loaded_at };
        Self {
            fanout: Arc::new(fanout),
            metrics,
            active: ArcSwap::from_pointee(active),
            draining: AtomicBool::new(false),
        }
    }

    /// From now on the service is not ready: it finishes what it has begun.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// What a request works with; taken once, at its start.
    pub(super) fn active(&self) -> Arc<Active> {
        self.active.load_full()
    }

    /// The running configuration's snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.active().snapshot)
    }

    /// The file that the running configuration is from, if it is from one.
    pub fn config_path(&self) -> Option<String> {
        self.active().source.as_ref().map(|source| source.path.display().to_string())
    }

    /// Headers that every answer carries (SPEC §2), as name and value.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        self.active().headers(&self.fanout)
    }
}

impl Active {
    pub(super) fn headers(&self, fanout: &Fanout) -> Vec<(&'static str, String)> {
        vec![
            (crate::fanout::INSTANCE_HEADER, fanout.instance().to_owned()),
            ("X-Keyviz-Config-Generation", self.snapshot.generation.to_string()),
        ]
    }
}
