//! tide over hyper: an accept loop with a limit and a drain.

mod connection;
mod door;
mod opening;
mod options;
mod pace;
mod places;
mod refusal;
mod request;
mod tally;
mod wire;

use std::{sync::Arc, time::Duration};

use async_std::{
    future::timeout,
    net::TcpListener,
    task::{self, JoinHandle},
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, join_all},
    select_biased,
    stream::{FuturesUnordered, StreamExt},
};
use socket2::SockRef;

use door::Door;
pub use options::ServeOptions;
pub use tally::{Count, Tally};

/// Connections that the system holds until they are accepted. More than come while the loop is at something else: what
/// finds no room there is dropped unheard, and tries again after a second.
const BACKLOG: i32 = 4096;
/// How long a TLS handshake may go on that was not over when shutdown began.
const HANDSHAKE_GRACE: Duration = Duration::from_millis(500);
/// How long a cancelled connection may hold up the end: a handler that blocks its thread can't be cancelled.
const CANCEL_WAIT: Duration = Duration::from_secs(1);

/// What the connections of one server share.
struct Host<S> {
    app: tide::Server<S>,
    options: Box<dyn Fn() -> ServeOptions + Send + Sync>,
}

/// What a connection gets, and when it ends from our side.
#[derive(Clone)]
enum Terms {
    /// Answers, until the end of the one that it is at when shutdown begins.
    Open(Stop),
    /// One answer, since the server is ending.
    Last,
    /// One answer, and the app's only where that is always to be had.
    OverLimit,
}

impl Terms {
    /// The options of such a connection.
    fn applied_to(&self, options: ServeOptions) -> ServeOptions {
        match self {
            Self::Open(_) | Self::Last => options,
            // Even a refusal is read only by those who speak the protocol of the port.
            Self::OverLimit => ServeOptions { header_timeout: refusal::LINGER, ..options },
        }
    }

    /// Resolves when a client that has not come to ask for anything is not waited for any longer.
    async fn are_over(&self) {
        match self {
            Self::Open(stop) => {
                stop.clone().await;
                task::sleep(HANDSHAKE_GRACE).await;
            }
            Self::Last | Self::OverLimit => std::future::pending().await,
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
    // Where it is refused, the length stays what it was.
    let _ = SockRef::from(&listener).listen(BACKLOG);
    let host = Arc::new(Host { app, options: Box::new(options) });
    let mut door = Door::new(Arc::clone(&host));
    let stop = shutdown.boxed().shared();
    let open = accept(&listener, &mut door, stop).await;
    let grace = (host.options)().grace;
    let mut left = Left { open, late: Connections::new() };
    if timeout(grace, left.drain(listener, door)).await.is_ok() {
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
async fn accept<S>(listener: &TcpListener, door: &mut Door<S>, stop: Stop) -> Connections
where
    S: Clone + Send + Sync + 'static,
{
    let mut stopped = stop.clone().fuse();
    let mut incoming = listener.incoming().fuse();
    let mut open = Connections::new();
    loop {
        select_biased! {
            () = stopped => return open,
            () = open.select_next_some() => {}
            accepted = incoming.select_next_some() => open.extend(door.admit(accepted, Terms::Open(stop.clone())).await),
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
    async fn drain<S>(&mut self, listener: TcpListener, mut door: Door<S>)
    where
        S: Clone + Send + Sync + 'static,
    {
        let mut incoming = listener.incoming().fuse();
        while !self.open.is_empty() {
            select_biased! {
                () = self.open.select_next_some() => {}
                () = self.late.select_next_some() => {}
                accepted = incoming.select_next_some() => self.late.extend(door.admit(accepted, Terms::Last).await),
            }
        }
        drop(incoming);
        drop(listener);
        while self.late.next().await.is_some() {}
    }
}
