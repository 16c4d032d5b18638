//! What the listener may take, and what is shown of it.

use std::sync::Arc;

use crate::{
    api::{Service, VITAL_PATHS},
    descriptors::{self, Descriptors},
    http::{ServeOptions, Tally},
    metrics::Connections,
};

/// Options by the configuration that runs when they are asked for. What the connections come to goes to the metrics.
pub(super) fn options(
    service: &Arc<Service>,
    descriptors: &Arc<Descriptors>,
) -> impl Fn() -> ServeOptions + Send + Sync + use<> {
    let tally = Arc::default();
    show(service, descriptors, &tally);
    let (service, descriptors) = (Arc::clone(service), Arc::clone(descriptors));
    move || {
        let server = &service.snapshot().config.server;
        let shares = descriptors.shares(server.max_connections);
        let is_short = shares.connections < server.max_connections;
        ServeOptions {
            max_connections: shares.connections,
            limited_by: if is_short { "LimitNOFILE= of its unit, or ulimit -n" } else { "server.max_connections" },
            max_refused: shares.refused,
            always_answered: VITAL_PATHS,
            grace: server.shutdown_grace,
            tls: service.tls(),
            refusal_headers: service.headers(),
            tally: Arc::clone(&tally),
            ..ServeOptions::default()
        }
    }
}

fn show(service: &Arc<Service>, descriptors: &Arc<Descriptors>, tally: &Arc<Tally>) {
    // The service holds what shows them.
    let showing = Arc::downgrade(service);
    let (descriptors, tally) = (Arc::clone(descriptors), Arc::clone(tally));
    service.metrics().show_connections(move || {
        let wanted = showing.upgrade().map_or(0, |service| service.snapshot().config.server.max_connections);
        Connections {
            open: tally.open.get(),
            most: descriptors.shares(wanted).connections as u64,
            accepted: tally.accepted.get(),
            refused: tally.refused.get(),
            crowded_out: tally.crowded_out.get(),
            evicted: tally.evicted.get(),
            stalled: tally.stalled.get(),
            failed: tally.failed.get(),
            descriptors: descriptors::open().map(|open| open as u64),
            max_descriptors: descriptors.limit() as u64,
        }
    });
}
