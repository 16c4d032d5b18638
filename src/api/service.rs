use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::{
    config::{Loaded, Source},
    fanout::{Fanout, LocalSource, Snapshot},
    metrics::Metrics,
    peers::Membership,
};

/// The generation of the first configuration.
const FIRST: u64 = 1;

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
    /// Builds a service under its first configuration: [`Loaded`] from a file's text, or a [`Config`](crate::Config)
    /// made in code.
    pub fn builder(loaded: impl Into<Loaded>) -> Builder {
        let metrics = Arc::new(Metrics::default());
        let fanout = Fanout::over_http(Arc::clone(&metrics));
        Builder { fanout, metrics, loaded: loaded.into(), source: None }
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

/// A [`Service`] in the making.
#[must_use]
pub struct Builder {
    fanout: Fanout,
    metrics: Arc<Metrics>,
    loaded: Loaded,
    source: Option<Source>,
}

impl Builder {
    /// Takes the local matrix from `source` instead of `local.url`: the node is in this process.
    pub fn local(self, source: impl LocalSource) -> Self {
        Self { fanout: self.fanout.with_local(source), ..self }
    }

    /// Calls nodes through `client` instead of over sockets.
    pub fn client(self, client: surf::Client) -> Self {
        Self { fanout: self.fanout.with_client(client), ..self }
    }

    /// Asks `membership` who the peers are, instead of the configuration.
    pub fn membership(self, membership: impl Membership + 'static) -> Self {
        Self { fanout: self.fanout.with_membership(membership), ..self }
    }

    /// Where the process really listens, which tells it apart from its peers where `server.listen` does not.
    pub fn listens_on(self, address: SocketAddr) -> Self {
        self.fanout.listens_on(address);
        self
    }

    /// The file that the configuration is from, for introspection.
    pub fn file(self, source: Option<Source>) -> Self {
        Self { source, ..self }
    }

    /// The service, its configuration active.
    pub fn build(self) -> Arc<Service> {
        let Self { fanout, metrics, loaded, source } = self;
        let snapshot = Arc::new(fanout.snapshot(FIRST, Arc::new(loaded.config.clone()), None));
        let loaded_at = Timestamp::now();
        metrics.configured(FIRST, loaded_at.as_second(), source.as_ref().map(|source| source.sha256.as_str()));
        metrics.reloaded("start", "applied");
        let active = ArcSwap::from_pointee(Active { snapshot, loaded, source, loaded_at });
        Arc::new(Service { fanout: Arc::new(fanout), metrics, active, draining: AtomicBool::new(false) })
    }
}
