//! tide over hyper: an accept loop with a limit and a drain.

mod connection;
mod opening;
mod refusal;
mod request;
mod wire;

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use async_std::{
    future::timeout,
    net::{TcpListener, TcpStream},
    task::{self, JoinHandle},
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, join_all},
    select_biased,
    stream::{FuturesUnordered, StreamExt},
};

use futures_rustls::rustls::ServerConfig;
use refusal::Refusal;

/// Most connections over the limit that wait for their 503 to be read; further ones are closed without a word.
const MAX_REFUSED: usize = 64;
/// Pause after a failed accept, so that running out of file descriptors doesn't spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a TLS handshake may go on that was not over when shutdown began.
const HANDSHAKE_GRACE: Duration = Duration::from_millis(500);
/// How long a cancelled connection may hold up the end: a handler that blocks its thread can't be cancelled.
const CANCEL_WAIT: Duration = Duration::from_secs(1);

/// What the accept loop asks for at each connection, and each refusal, so that it can change while serving.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Most connections open at once; one more is answered 503 and closed.
    pub max_connections: usize,
    /// Time for a request's head to arrive, and for a connection to stay idle.
    pub header_timeout: Duration,
    /// Time a client may leave what was written unread before its connection is dropped.
    pub write_timeout: Duration,
    /// Time for connections to finish once shutdown began.
    pub grace: Duration,
    /// With it, a connection begins with TLS, in [`ServeOptions::header_timeout`]; one in the clear is answered 400.
    pub tls: Option<Arc<ServerConfig>>,
    /// Headers, as name and value, of the answers that don't come from the app: refusals and handlers that panicked.
    pub refusal_headers: Vec<(&'static str, String)>,
}

impl Default for ServeOptions {
    /// The limits of SPEC §5 where it has them.
    fn default() -> Self {
        Self {
            max_connections: 1024,
            header_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            grace: Duration::from_secs(10),
            tls: None,
            refusal_headers: Vec::new(),
        }
    }
}

/// What the connections of one server share.
struct Host<S> {
    app: tide::Server<S>,
    options: Box<dyn Fn() -> ServeOptions + Send + Sync>,
}

/// When a connection ends from our side.
enum Until {
    /// At the end of the answer it is at when shutdown begins.
    Stop(Stop),
    /// After one answer.
    Answered,
}

impl Until {
    /// Resolves when a client that has not come to ask for anything is not waited for any longer.
    async fn is_near(&self) {
        match self {
            Self::Stop(stop) => {
                stop.clone().await;
                task::sleep(HANDSHAKE_GRACE).await;
            }
            Self::Answered => std::future::pending().await,
        }
    }
}

/// Resolves once shutdown began.
type Stop = Shared<BoxFuture<'static, ()>>;

/// Serves `app` on `listener` until `shutdown` resolves, then lets the requests in flight finish for at most
/// [`ServeOptions::grace`]. Says whether all of them did; what did not is dropped.
///
/// While they finish, new connections get one answer each, so that whoever asks for readiness hears that there is none.
///
/// Nothing a client does ends it, and neither does a failing accept.
pub async fn serve<S>(
    listener: TcpListener,
    app: tide::Server<S>,
    options: impl Fn() -> ServeOptions + Send + Sync + 'static,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> bool
where
    S: Clone + Send + Sync + 'static,
{
    let host = Arc::new(Host { app, options: Box::new(options) });
    let stop = shutdown.boxed().shared();
    let open = accept(&listener, &host, stop).await;
    let grace = (host.options)().grace;
    let mut left = Left { open, late: Connections::new() };
    if timeout(grace, left.drain(listener, &host)).await.is_ok() {
        return true;
    }
    let busy = left.open.into_iter().chain(left.late);
    let (cancelled, grace) = (busy.map(JoinHandle::cancel).collect::<Vec<_>>(), humantime::format_duration(grace));
    log::warn!("{} connections were still busy after {grace} and are dropped", cancelled.len());
    let _ = timeout(CANCEL_WAIT, join_all(cancelled)).await;
    false
}

type Connections = FuturesUnordered<JoinHandle<()>>;

/// Takes connections until `stop`; gives those still open.
async fn accept<S>(listener: &TcpListener, host: &Arc<Host<S>>, stop: Stop) -> Connections
where
    S: Clone + Send + Sync + 'static,
{
    let mut stopped = stop.clone().fuse();
    let mut incoming = listener.incoming().fuse();
    let mut open = Connections::new();
    let mut refused = Connections::new();
    let (mut full, mut failing) = (Complaint::default(), Complaint::default());
    loop {
        select_biased! {
            () = stopped => return open,
            () = open.select_next_some() => {}
            () = refused.select_next_some() => {}
            accepted = incoming.select_next_some() => match accepted {
                Ok(stream) if open.len() < (host.options)().max_connections => {
                    open.push(spawn(connection::run(stream, Arc::clone(host), Until::Stop(stop.clone()))));
                }
                Ok(stream) => {
                    full.log(|| log::warn!("{} connections are open, further ones are refused", open.len()));
                    if refused.len() < MAX_REFUSED {
                        refused.push(spawn(turn_away(stream, Arc::clone(host))));
                    }
                }
                Err(error) => {
                    failing.log(|| log::error!("accept a connection: {error}"));
                    task::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

/// The connections of a server that is ending.
struct Left {
    /// Open when it began to end.
    open: Connections,
    /// Taken since.
    late: Connections,
}

impl Left {
    /// Waits for the connections that were open, answering newcomers meanwhile, and then for those.
    async fn drain<S>(&mut self, listener: TcpListener, host: &Arc<Host<S>>)
    where
        S: Clone + Send + Sync + 'static,
    {
        let most = (host.options)().max_connections;
        let mut incoming = listener.incoming().fuse();
        while !self.open.is_empty() {
            select_biased! {
                () = self.open.select_next_some() => {}
                () = self.late.select_next_some() => {}
                accepted = incoming.select_next_some() => match accepted {
                    Ok(stream) if self.late.len() < most => {
                        self.late.push(spawn(connection::run(stream, Arc::clone(host), Until::Answered)));
                    }
                    Ok(_) => {}
                    Err(_) => task::sleep(ACCEPT_PAUSE).await,
                },
            }
        }
        drop(incoming);
        drop(listener);
        while self.late.next().await.is_some() {}
    }
}

/// A task whose panic ends it alone.
fn spawn(work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    task::spawn(async {
        if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
            log::error!("a connection is dropped: its task panicked: {}", panic_message(&*panic));
        }
    })
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

async fn turn_away<S>(stream: TcpStream, host: Arc<Host<S>>) {
    let options = (host.options)();
    // Even a refusal is read only by those who speak the protocol of the port.
    let options = ServeOptions { header_timeout: refusal::LINGER, ..options };
    let Some(wire) = opening::open(&stream, &options).await else { return };
    refusal::await_request(&stream).await;
    let answer = Refusal::too_many_connections(options.max_connections).to_text(&options.refusal_headers);
    refusal::send(wire, &stream, &answer).await;
}

/// What is logged once a second at most, however often it happens.
#[derive(Default)]
struct Complaint {
    last: Option<Instant>,
}

impl Complaint {
    fn log(&mut self, log: impl FnOnce()) {
        if self.last.is_none_or(|last| last.elapsed() >= Duration::from_secs(1)) {
            log();
            self.last = Some(Instant::now());
        }
    }
}
