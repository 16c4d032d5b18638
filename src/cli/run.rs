use std::{net::SocketAddr, path::Path, sync::Arc};

use async_std::{net::TcpListener, stream::StreamExt, task};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook_async_std::Signals;

use super::{CONFIG, Ended, FAILED, USAGE, environment, logging};
use crate::{
    api::{self, Candidate, Service},
    config::{OpenError, discover, open_found},
    http::{ServeOptions, serve},
};

/// `keyviz-fanout run`: serves until it is told to end.
pub(super) fn run(config: Option<&Path>) -> Result<u8, Ended> {
    let mut found = discover(config, &environment).map_err(|error| Ended::new(USAGE, error))?;
    // What is watched and shown must not depend on the folder that the daemon was started in.
    found.path = std::path::absolute(&found.path).unwrap_or(found.path);
    let path = found.path.display().to_string();
    let candidate = open_found(found, &environment).and_then(Candidate::build).map_err(Ended::from)?;
    logging::start(&candidate.loaded.config.log.level);
    task::block_on(async {
        let daemon = Daemon::bind(candidate).await?;
        let peers = daemon.service.snapshot().peers.len();
        log::info!("listening on http://{}, fanout.peers: {peers}, configuration: {path}", daemon.address);
        Ok(daemon.serve().await)
    })
}

/// Every problem of a configuration that can't be used.
impl From<OpenError> for Ended {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Invalid { origin, problems } => {
                let lines: Vec<_> = problems.iter().map(|problem| problem.in_file(&origin.path).to_string()).collect();
                let path = origin.path.display();
                Self::new(CONFIG, format!("{path} is not valid\n{}", lines.join("\n")))
            }
            OpenError::NotFound(_) | OpenError::Unreadable(_) => Self::new(USAGE, error),
        }
    }
}

/// A service that has its socket and hears its signals.
pub(super) struct Daemon {
    pub(super) service: Arc<Service>,
    pub(super) address: SocketAddr,
    listener: TcpListener,
    signals: Signals,
}

impl Daemon {
    pub(super) async fn bind(candidate: Candidate) -> Result<Self, Ended> {
        let wanted = candidate.loaded.config.server.listen;
        let cannot = |error| Ended::new(FAILED, format!("listen on {wanted} (server.listen): {error}"));
        let listener = TcpListener::bind(wanted).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        // Before anybody is told of the address: whoever waits for that may send a signal at once.
        let signals = Signals::new([SIGTERM, SIGINT, SIGHUP])
            .map_err(|error| Ended::new(FAILED, format!("take the signals: {error}")))?;
        let service = Service::builder(candidate).listens_on(address).build();
        Ok(Self { service, address, listener, signals })
    }

    /// Serves until SIGTERM or SIGINT, and then what was begun; a second signal ends it at once.
    pub(super) async fn serve(self) -> u8 {
        let Self { service, listener, signals, .. } = self;
        let app = api::app(Arc::clone(&service));
        let options = {
            let service = Arc::clone(&service);
            move || serve_options(&service)
        };
        let finished = serve(listener, app, options, told_to_end(signals, service)).await;
        log::info!("ended{}", if finished { "" } else { " with requests cut off" });
        0
    }
}

/// By the configuration that runs now.
fn serve_options(service: &Service) -> ServeOptions {
    let server = &service.snapshot().config.server;
    ServeOptions {
        max_connections: server.max_connections,
        grace: server.shutdown_grace,
        refusal_headers: service.headers(),
        ..ServeOptions::default()
    }
}

async fn told_to_end(mut signals: Signals, service: Arc<Service>) {
    while let Some(signal) = signals.next().await {
        if signal == SIGHUP {
            log::warn!("SIGHUP: this version does not reload its configuration; restart it instead");
            continue;
        }
        log::info!("told to end, finishing what was begun");
        service.drain();
        task::spawn(async move {
            while let Some(signal) = signals.next().await {
                if signal != SIGHUP {
                    std::process::exit(i32::from(FAILED));
                }
            }
        });
        return;
    }
}
