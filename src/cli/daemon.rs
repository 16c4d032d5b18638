use std::{io, net::SocketAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_std::{
    future::timeout,
    net::TcpListener,
    stream::StreamExt,
    task::{self, JoinHandle},
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, OptionFuture, join_all},
};
use serde::Serialize;
use serde_json::{Value as Json, json};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook_async_std::Signals;

use super::{CONFIG, Ended, FAILED, environment, listening, logging::LogLevel, supervisor::Supervisor};
use crate::{
    api::{
        self, Candidate, Service, Trigger,
        status::{self, Status},
    },
    config::{Config, Found, beside},
    control::{BindError, Command, ControlSocket},
    descriptors::Descriptors,
    http::serve,
    reload::{Effects, Handle, Reloader},
};

/// Between two looks at how the peers are, for `systemctl status`.
const STATUS_PAUSE: Duration = Duration::from_secs(5);

/// A blocking task that takes longer to get its turn tells of a process that makes no progress.
const PROGRESS: Duration = Duration::from_secs(2);

/// What a port takes that not everybody may bind.
const PRIVILEGED_PORT: &str = "; a privileged port, below 1024, takes a capability: in the unit, \
                               AmbientCapabilities=CAP_NET_BIND_SERVICE, \
                               CapabilityBoundingSet=CAP_NET_BIND_SERVICE and PrivateUsers=no";

/// Hears of SIGTERM, SIGINT and SIGHUP from now on.
pub(super) fn take_signals() -> Result<Signals, Ended> {
    Signals::new([SIGTERM, SIGINT, SIGHUP]).map_err(|error| Ended::new(FAILED, format!("take the signals: {error}")))
}

/// A service that has its sockets and hears its signals.
pub(super) struct Daemon {
    pub(super) service: Arc<Service>,
    pub(super) address: SocketAddr,
    listener: TcpListener,
    descriptors: Arc<Descriptors>,
    signals: Signals,
    control: Option<ControlSocket>,
    file: Option<File>,
}

/// The file that a daemon's configuration is from, and what follows it besides the service.
pub(super) struct File {
    pub(super) found: Found,
    pub(super) level: LogLevel,
}

impl Daemon {
    /// Without a `file`, the configuration stays as it is.
    pub(super) async fn bind(candidate: Candidate, signals: Signals, file: Option<File>) -> Result<Self, Ended> {
        let server = &candidate.loaded.config.server;
        let descriptors = Arc::new(Descriptors::of_this_process());
        descriptors.provide(server.max_connections);
        let control = match (&server.control_socket, &file) {
            (Some(socket), Some(file)) => {
                let bound = ControlSocket::bind(&beside(&file.found.path, socket)).await;
                let code = |error: &BindError| if error.is_lasting() { CONFIG } else { FAILED };
                Some(bound.map_err(|error| Ended::new(code(&error), error))?)
            }
            _ => None,
        };
        let wanted = server.listen;
        let cannot = |error| Ended::new(FAILED, cannot_listen(wanted, &error));
        let listener = TcpListener::bind(wanted).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let calls = descriptors.shares(candidate.loaded.config.server.max_connections).calls;
        let service = Service::builder(candidate).listens_on(address).calls_at_once(calls).build();
        Ok(Self { service, address, listener, descriptors, signals, control, file })
    }

    /// Serves until SIGTERM or SIGINT, and then what was begun; a second signal ends it at once.
    pub(super) async fn serve(self) -> u8 {
        let Self { service, listener, descriptors, signals, control, file, .. } = self;
        let supervisor = Arc::new(Supervisor::from_env());
        let (reloader, handle) = file.map(|file| reloader(&service, file, &supervisor, &descriptors)).unzip();
        supervisor.ready(&status::line(&service));
        let reloads = reloader.map(|reloader| keep("reloading", reloader.run()));
        let answers = answers(&service, handle.clone());
        let background = [
            control.map(|control| keep("the control socket", async move { control.serve(answers).await })),
            Some(keep("the status for systemd", keep_status(Arc::clone(&service), Arc::clone(&supervisor)))),
            Some(keep("the watchdog", keep_alive(Arc::clone(&supervisor)))),
        ];
        let options = listening::options(&service, &descriptors);
        let app = api::app(Arc::clone(&service));
        let end = {
            let service = Arc::clone(&service);
            async move {
                told_to_end(signals, handle).await;
                // What drains keeps the configuration that it has, and systemd hears of nothing but the end.
                OptionFuture::from(reloads.map(JoinHandle::cancel)).await;
                supervisor.stopping();
                service.drain();
            }
        };
        let finished = serve(listener, app, options, end).await;
        join_all(background.into_iter().flatten().map(JoinHandle::cancel)).await;
        log::info!("ended{}", if finished { "" } else { " with requests cut off" });
        0
    }
}

fn cannot_listen(wanted: SocketAddr, error: &io::Error) -> String {
    let is_privileged = error.kind() == io::ErrorKind::PermissionDenied && (1..1024).contains(&wanted.port());
    let hint = if is_privileged { PRIVILEGED_PORT } else { "" };
    format!("listen on {wanted} (server.listen): {error}{hint}")
}

/// A task for as long as the daemon serves. If it panics, the rest goes on, and the log says what is missing.
fn keep(what: &'static str, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    task::spawn(async move {
        if AssertUnwindSafe(work).catch_unwind().await.is_err() {
            log::error!("{what} has ended by a panic; restart the daemon");
        }
    })
}

fn reloader(
    service: &Arc<Service>,
    file: File,
    supervisor: &Arc<Supervisor>,
    descriptors: &Arc<Descriptors>,
) -> (Reloader<Outside>, Handle) {
    let File { found, level } = file;
    let rust_log = environment("RUST_LOG").and_then(|value| value.into_string().ok());
    let (supervisor, descriptors) = (Arc::clone(supervisor), Arc::clone(descriptors));
    let outside = Outside { service: Arc::clone(service), level, supervisor, descriptors };
    Reloader::new(Arc::clone(service), found, rust_log, outside)
}

/// What an attempt to reload does outside the service.
struct Outside {
    service: Arc<Service>,
    level: LogLevel,
    supervisor: Arc<Supervisor>,
    descriptors: Arc<Descriptors>,
}

impl Effects for Outside {
    fn begins(&self) {
        self.supervisor.reloading();
    }

    fn applied(&self, config: &Config) {
        self.level.set(&config.log.level);
        self.descriptors.provide(config.server.max_connections);
    }

    fn ended(&self) {
        self.supervisor.ready(&status::line(&self.service));
    }
}

/// What the control socket answers.
fn answers(service: &Arc<Service>, handle: Option<Handle>) -> impl Fn(Command) -> BoxFuture<'static, Json> + use<> {
    let service = Arc::clone(service);
    move |command| {
        let (service, handle) = (Arc::clone(&service), handle.clone());
        async move {
            match (command, handle) {
                (Command::Status, _) => json_of(&Status::now(&service)),
                (Command::Reload, Some(handle)) => match handle.reload(Trigger::Control).await {
                    Some(report) => json_of(&report),
                    None => json!({ "error": "the daemon is ending" }),
                },
                (Command::Reload, None) => json!({ "error": "this daemon has no file to reload" }),
            }
        }
        .boxed()
    }
}

fn json_of(answer: &impl Serialize) -> Json {
    serde_json::to_value(answer).unwrap_or_else(|error| json!({ "error": error.to_string() }))
}

async fn keep_status(service: Arc<Service>, supervisor: Arc<Supervisor>) {
    while supervisor.is_there() {
        task::sleep(STATUS_PAUSE).await;
        supervisor.status(&status::line(&service));
    }
}

async fn keep_alive(supervisor: Arc<Supervisor>) {
    // Being polled shows that the executor goes on; this, that the threads for blocking work do.
    supervisor.keep_alive(|| async { timeout(PROGRESS, task::spawn_blocking(|| ())).await.is_ok() }).await;
}

async fn told_to_end(mut signals: Signals, handle: Option<Handle>) {
    while let Some(signal) = signals.next().await {
        if signal != SIGHUP {
            break;
        }
        match handle.clone() {
            // Not waited for: the next signal may be the one that ends it all.
            Some(handle) => drop(task::spawn(async move { handle.reload(Trigger::Signal).await })),
            None => log::info!("SIGHUP: there is no file to reload"),
        }
    }
    log::info!("told to end, finishing what was begun");
    task::spawn(async move {
        while let Some(signal) = signals.next().await {
            if signal != SIGHUP {
                std::process::exit(i32::from(FAILED));
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_takes_a_capability_is_told_with_what_grants_it() {
        let told =
            |port, error: i32| cannot_listen(([127, 0, 0, 1], port).into(), &io::Error::from_raw_os_error(error));
        let (denied, taken) = (13, 98);
        assert!(told(80, denied).starts_with("listen on 127.0.0.1:80 (server.listen): Permission denied"));
        assert!(told(80, denied).contains("AmbientCapabilities=CAP_NET_BIND_SERVICE"));
        for other in [told(80, taken), told(8090, denied), told(0, denied)] {
            assert!(!other.contains("CAP_"), "{other}");
        }
    }
}
