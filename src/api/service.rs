use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use super::{
    candidate::{Candidate, Materials},
    history::{Fault, History, Trigger, Verdict, Watching},
};
use crate::{
    config::{Change, Fingerprint, Loaded, NamedFiles, Pending, Problem, Source, changes, over_running},
    fanout::{Fanout, LocalSource, Snapshot},
    http::rustls::ServerConfig,
    metrics::Metrics,
    peers::Membership,
};

/// The generation of the first configuration.
const FIRST: u64 = 1;

/// What the HTTP interface stands on: the fan-out, and the configuration that is active now.
pub struct Service {
    pub(super) fanout: Arc<Fanout>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) started_at: Timestamp,
    standing: ArcSwap<Standing>,
    /// Held from the look at what stands to the swap: of two changes one is made over the other.
    changing: Mutex<()>,
    draining: AtomicBool,
}

/// How things stand at one moment: a request takes it once, so that all it tells belongs together.
#[derive(Clone)]
pub(super) struct Standing {
    pub(super) active: Arc<Active>,
    pub(super) history: History,
    /// None where nobody watches: the configuration was made in the process.
    pub(super) watching: Option<Arc<Watching>>,
}

/// A configuration that was applied, with what requests under it work with.
pub(super) struct Active {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) loaded: Loaded,
    /// The file; none where the configuration was made in the process.
    pub(super) source: Option<Source>,
    pub(super) loaded_at: Timestamp,
    /// Keys whose edit waits for a restart.
    pub(super) pending: Vec<Pending>,
    pub(super) materials: Materials,
    files: NamedFiles,
}

/// What a configuration changed that was applied.
#[derive(Debug)]
pub struct Applied {
    /// Counts the applied configurations.
    pub generation: u64,
    /// Keys with another value.
    pub changes: Vec<Change>,
    /// Keys that name the same file as before, with other contents.
    pub contents: Vec<&'static str>,
    /// Keys whose edit waits for a restart.
    pub pending: Vec<Pending>,
}

impl Service {
    /// Builds a service under its first configuration: a [`Candidate`] from a file, or a
    /// [`Config`](crate::Config) made in code.
    pub fn builder(first: impl Into<Candidate>) -> Builder {
        let metrics = Arc::new(Metrics::default());
        let fanout = Fanout::over_http(Arc::clone(&metrics));
        Builder { fanout, metrics, first: first.into() }
    }

    /// Makes `candidate` the running configuration, whole or not at all (SPEC §5): requests in flight keep the one they
    /// began with. Peers that stay keep what is known of them. Keys that only a restart can change keep their value.
    ///
    /// A change of membership takes the same way: the peers are asked for anew. The problems are those of the
    /// mixture with the keys that keep their value.
    pub fn apply(&self, candidate: impl Into<Candidate>) -> Result<Applied, Vec<Problem>> {
        self.apply_for(Trigger::Control, candidate.into())
    }

    /// [`Service::apply`], because of `trigger`.
    pub(crate) fn apply_for(&self, trigger: Trigger, candidate: Candidate) -> Result<Applied, Vec<Problem>> {
        let sha256 = candidate.source.as_ref().map(|source| source.sha256.clone());
        let outcome = self.change(|standing| match self.over(candidate, &standing.active) {
            Ok((active, applied)) => {
                active.announce(&self.metrics);
                active.snapshot.release_breakers();
                let history = standing.history.and(trigger, Verdict::Applied, sha256, Vec::new());
                (Standing { active: Arc::new(active), history, ..standing.clone() }, Ok(applied))
            }
            Err(problems) => {
                let errors = problems.iter().cloned().map(Fault::from).collect();
                let history = standing.history.and(trigger, Verdict::Rejected, sha256, errors);
                (Standing { history, ..standing.clone() }, Err(problems))
            }
        });
        self.count(trigger, if outcome.is_ok() { Verdict::Applied } else { Verdict::Rejected });
        outcome
    }

    /// What `candidate` comes to after `before`.
    fn over(&self, candidate: Candidate, before: &Active) -> Result<(Active, Applied), Vec<Problem>> {
        let Candidate { loaded, source, files, materials } = candidate;
        let (loaded, pending) = over_running(loaded, &before.loaded)?;
        let generation = before.snapshot.generation + 1;
        let config = Arc::new(loaded.config.clone());
        let snapshot =
            Arc::new(self.fanout.snapshot(generation, config, materials.trust.clone(), Some(&before.snapshot)));
        let applied = Applied {
            generation,
            changes: changes(&before.loaded, &loaded),
            contents: before.files.differing(&files),
            pending: pending.clone(),
        };
        let loaded_at = Timestamp::now();
        Ok((Active { snapshot, loaded, source, loaded_at, pending, materials, files }, applied))
    }

    /// Notes an attempt that came to `verdict` and changed nothing.
    pub(crate) fn record(&self, trigger: Trigger, verdict: Verdict, sha256: Option<String>, errors: Vec<Fault>) {
        self.change(|standing| {
            let history = standing.history.and(trigger, verdict, sha256, errors);
            (Standing { history, ..standing.clone() }, ())
        });
        self.count(trigger, verdict);
    }

    /// Notes an attempt that found the file as the last one did, which stays the last one.
    pub(crate) fn record_nothing_new(&self, trigger: Trigger) {
        self.change(|standing| (Standing { history: standing.history.and_nothing_new(), ..standing.clone() }, ()));
        self.metrics.reloaded(trigger.as_str(), Verdict::Unchanged.as_str());
    }

    fn change<T>(&self, change: impl FnOnce(&Standing) -> (Standing, T)) -> T {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let (after, told) = change(&self.standing());
        self.standing.store(Arc::new(after));
        told
    }

    fn count(&self, trigger: Trigger, verdict: Verdict) {
        self.metrics.reloaded(trigger.as_str(), verdict.as_str());
        self.metrics.last_attempt(verdict != Verdict::Rejected, Timestamp::now().as_second());
    }

    /// The generation that runs, and what waits for a restart.
    pub(crate) fn running(&self) -> (u64, Vec<Pending>) {
        let active = self.active();
        (active.snapshot.generation, active.pending.clone())
    }

    /// Of what the running configuration was read from.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let active = self.active();
        Fingerprint::of(active.source.as_ref(), &active.files)
    }

    /// Notes how changes of the file are noticed.
    pub(crate) fn watches(&self, watching: Watching) {
        if self.standing().watching.as_deref() != Some(&watching) {
            self.change(|standing| (Standing { watching: Some(Arc::new(watching)), ..standing.clone() }, ()));
        }
    }

    /// From now on the service is not ready: it finishes what it has begun.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// How things stand now.
    pub(super) fn standing(&self) -> Arc<Standing> {
        self.standing.load_full()
    }

    /// The running configuration.
    pub(super) fn active(&self) -> Arc<Active> {
        Arc::clone(&self.standing.load().active)
    }

    /// The running configuration's snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.active().snapshot)
    }

    /// What callers are shown over TLS, where the configuration says that it is spoken.
    pub(crate) fn tls(&self) -> Option<Arc<ServerConfig>> {
        self.active().materials.identity.as_ref().map(|identity| Arc::clone(&identity.config))
    }

    /// What is counted.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
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
            (super::GENERATION_HEADER, self.snapshot.generation.to_string()),
        ]
    }

    fn announce(&self, metrics: &Metrics) {
        self.materials.warnings.iter().for_each(|warning| log::warn!("{warning}"));
        let sha256 = self.source.as_ref().map(|source| source.sha256.as_str());
        metrics.configured(self.snapshot.generation, sha256);
        let local = self.snapshot.local.as_ref().map(|local| local.source.name());
        metrics.keep_nodes(self.snapshot.peers.iter().map(|peer| peer.entry.entry.as_str()).chain(local));
    }
}

/// A [`Service`] in the making.
#[must_use]
pub struct Builder {
    fanout: Fanout,
    metrics: Arc<Metrics>,
    first: Candidate,
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

    /// Has at most so many calls to nodes open at once, over all requests: each takes a connection, with its descriptor.
    pub fn calls_at_once(self, most: usize) -> Self {
        Self { fanout: self.fanout.with_calls_at_once(most), ..self }
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

    /// The service, its configuration active.
    pub fn build(self) -> Arc<Service> {
        let Self { fanout, metrics, first: Candidate { loaded, source, files, materials } } = self;
        let (config, trust) = (Arc::new(loaded.config.clone()), materials.trust.clone());
        let snapshot = Arc::new(fanout.snapshot(FIRST, config, trust, None));
        let started_at = Timestamp::now();
        let history = History::new(started_at, source.as_ref().map(|source| source.sha256.clone()));
        let active = Active { snapshot, loaded, source, loaded_at: started_at, pending: Vec::new(), materials, files };
        active.announce(&metrics);
        let service = Service {
            fanout: Arc::new(fanout),
            metrics,
            started_at,
            standing: ArcSwap::from_pointee(Standing { active: Arc::new(active), history, watching: None }),
            changing: Mutex::default(),
            draining: AtomicBool::new(false),
        };
        service.count(Trigger::Start, Verdict::Applied);
        Arc::new(service)
    }
}
