//! tide over hyper: an accept loop with a limit and a drain.

mod connection;
mod refusal;
mod request;
mod wire;

use std::any::Any;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_std::net::{TcpListener, TcpStream};
use async_std::task::{self, JoinHandle};
use futures_util::future::{BoxFuture, Shared, join_all};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use futures_util::{FutureExt as _, select_biased};

use self::refusal::Refusal;

/// Most connections over the limit that wait for their 503 to be read; further ones are closed without a word.
const MAX_REFUSED: usize = 64;
/// Pause after a failed accept, so that running out of file descriptors doesn't spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
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
            refusal_headers: Vec::new(),
        }
    }
}

/// What the connections of one server share.
struct Host<S> {
    app: tide::Server<S>,
    options: Box<dyn Fn() -> ServeOptions + Send + Sync>,
}

/// Resolves once shutdown began.
type Stop = Shared<BoxFuture<'static, ()>>;

/// Serves `app` on `listener` until `shutdown` resolves, then lets the requests in flight finish for at most
/// [`ServeOptions::grace`]. Says whether all of them did; what did not is dropped.
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
    let open = accept(listener, &host, stop).await;
    drain(open, (host.options)().grace).await
}

/// Takes connections until `stop`; gives those still open. The listener is closed then.
async fn accept<S>(listener: TcpListener, host: &Arc<Host<S>>, stop: Stop) -> FuturesUnordered<JoinHandle<()>>
where
    S: Clone + Send + Sync + 'static,
{
    let mut stopped = stop.clone().fuse();
    let mut incoming = listener.incoming().fuse();
    let mut open = FuturesUnordered::new();
    let mut refused = FuturesUnordered::new();
    let mut complaint = Complaint::default();
    loop {
        select_biased! {
            () = stopped => return open,
            () = open.select_next_some() => {}
            () = refused.select_next_some() => {}
            accepted = incoming.select_next_some() => match accepted {
                Ok(stream) if open.len() < (host.options)().max_connections => {
                    open.push(spawn(connection::run(stream, Arc::clone(host), stop.clone())));
                }
                Ok(stream) if refused.len() < MAX_REFUSED => refused.push(spawn(turn_away(stream, Arc::clone(host)))),
                Ok(_) => {}
                Err(error) => {
                    complaint.log(&error);
                    task::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
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
    refusal::await_request(&stream).await;
    let answer = Refusal::too_many_connections().to_text(&(host.options)().refusal_headers);
    refusal::send(stream, &answer).await;
}

async fn drain(mut open: FuturesUnordered<JoinHandle<()>>, grace: Duration) -> bool {
    let all = async { while open.next().await.is_some() {} };
    if async_std::future::timeout(grace, all).await.is_ok() {
        return true;
    }
    log::warn!(
        "{} connections were still busy after {} and are dropped",
        open.len(),
        humantime::format_duration(grace)
    );
    let cancelled = join_all(open.into_iter().map(JoinHandle::cancel));
    let _ = async_std::future::timeout(CANCEL_WAIT, cancelled).await;
    false
}

/// Logs a failing accept once a second at most.
#[derive(Default)]
struct Complaint {
    last: Option<Instant>,
}

impl Complaint {
    fn log(&mut self, error: &io::Error) {
        if self.last.is_none_or(|last| last.elapsed() >= Duration::from_secs(1)) {
            log::error!("accept a connection: {error}");
            self.last = Some(Instant::now());
        }
    }
}
