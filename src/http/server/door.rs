//! Who gets in: a newcomer takes a free place, or that of one who waits for nothing, or is told that there is none.

use std::{
    any::Any,
    io,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use async_std::{
    net::TcpStream,
    task::{self, JoinHandle},
};
use futures_util::FutureExt;

use super::{
    Host, Tally, Terms, connection,
    places::{End, Place, Places},
};

/// How long a connection may wait for a request before it makes way for another. Below that it may be the better one: of
/// clients that come all at once, none has had the time to ask. Above, a client that wanted something would have said so,
/// across any distance.
const YOUNG: Duration = Duration::from_secs(1);
/// Pause after a failed accept, so that running out of file descriptors doesn't spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Lets connections in.
pub(super) struct Door<S> {
    host: Arc<Host<S>>,
    open: Arc<Places>,
    /// For those that found no place, until they have heard so.
    refused: Arc<Places>,
    full: Complaint,
    failing: Complaint,
}

impl<S> Door<S>
where
    S: Clone + Send + Sync + 'static,
{
    pub(super) fn new(host: Arc<Host<S>>) -> Self {
        let (full, failing) = Default::default();
        Self { host, open: Arc::default(), refused: Arc::default(), full, failing }
    }

    /// Serves what was accepted on these terms, in a task of its own; none if it got no place.
    pub(super) async fn admit(&mut self, accepted: io::Result<TcpStream>, terms: Terms) -> Option<JoinHandle<()>> {
        match accepted {
            Ok(socket) => self.place(socket, terms).await,
            Err(error) => {
                self.failed(&error).await;
                None
            }
        }
    }

    async fn place(&mut self, socket: TcpStream, terms: Terms) -> Option<JoinHandle<()>> {
        let options = (self.host.options)();
        if let Some(place) = self.open.take(options.max_connections, YOUNG).await {
            return Some(self.serve(socket, place, terms, options.tally));
        }
        let (taken, limited_by) = (self.open.taken(), options.limited_by);
        self.full.log(|| log::warn!("{taken} connections are open, further ones are refused ({limited_by})"));
        match self.refused.take(options.max_refused, Duration::ZERO).await {
            Some(place) => self.refuse(socket, place, options.tally),
            None => options.tally.crowded_out.add_one(),
        }
        None
    }

    fn serve(&self, socket: TcpStream, place: Place, terms: Terms, tally: Arc<Tally>) -> JoinHandle<()> {
        let host = Arc::clone(&self.host);
        tally.accepted.add_one();
        tally.open.add_one();
        spawn(
            place,
            move |place| connection::run(socket, host, place, terms),
            move |end| {
                tally.open.take_one();
                if end == End::MadeWay {
                    tally.evicted.add_one();
                }
            },
        )
    }

    fn refuse(&self, socket: TcpStream, place: Place, tally: Arc<Tally>) {
        let host = Arc::clone(&self.host);
        spawn(
            place,
            move |place| connection::run(socket, host, place, Terms::OverLimit),
            move |end| match end {
                End::Done => tally.refused.add_one(),
                End::MadeWay => tally.crowded_out.add_one(),
            },
        );
    }

    async fn failed(&mut self, error: &io::Error) {
        (self.host.options)().tally.failed.add_one();
        self.failing.log(|| log::error!("accept a connection: {error}"));
        // Whatever took the descriptors, a connection that waits for nothing can give its own.
        self.open.ask_to_make_way(YOUNG);
        task::sleep(ACCEPT_PAUSE).await;
    }
}

/// A task that has `place` for as long as `work` lasts. A panic ends it alone.
fn spawn<F>(
    place: Place,
    work: impl FnOnce(Arc<Place>) -> F,
    ended: impl FnOnce(End) + Send + 'static,
) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let place = Arc::new(place);
    let work = work(Arc::clone(&place));
    task::spawn(async move {
        let end = AssertUnwindSafe(place.hold(work)).catch_unwind().await.unwrap_or_else(|panic| {
            log::error!("a connection is dropped: its task panicked: {}", panic_message(&*panic));
            End::Done
        });
        // The socket went with the work, so it is closed before another may take the place.
        drop(place);
        ended(end);
    })
}

pub(super) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
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
