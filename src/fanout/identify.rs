//! Who everyone is (SPEC §3, "Who is self"): every entry and the local node are asked once for their `node_id`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_lock::Semaphore;
use async_std::{
    future::timeout,
    task::{self, JoinHandle},
};
use futures_util::future::{OptionFuture, join, join_all};
use serde_json::Value;
use url::Url;

use super::{
    Gathered,
    caller::Caller,
    deadline::Deadline,
    failure::{Failure, Reason},
    local::{CLUSTER_BODY_CAP, parse_cluster},
    query::CLUSTER_PATH,
    redact::Redactor,
    snapshot::{LocalNode, Snapshot},
};
use crate::{
    flights::Flights,
    peers::{Identity, NodeState, Peer, resolve},
};

/// Most questions under way at once. A node that hangs keeps one of each caller until its deadline, and a caller that goes
/// away leaves it: beyond so many nobody is asked, and the addresses decide.
const MOST_QUESTIONS: usize = 8192;

/// A node that was asked for its id and has not answered yet.
pub(crate) struct Open {
    /// Index of its entry; `None` for the local node.
    entry: Option<usize>,
    /// It gave no good answer of any kind the last time.
    returning: bool,
    answer: JoinHandle<()>,
}

/// Questions for an id that are under way: requests that come meanwhile share them.
pub(crate) struct Questions {
    flights: Arc<Flights<Question, ()>>,
    places: Arc<Semaphore>,
}

impl Default for Questions {
    fn default() -> Self {
        Self { flights: Arc::default(), places: Arc::new(Semaphore::new(MOST_QUESTIONS)) }
    }
}

/// Who asks whom: the index of an entry, or `None` for the local node.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    generation: u64,
    entry: Option<usize>,
    caller: Arc<Caller>,
}

/// Asks all that are not known yet, at most `fanout.max_concurrent` at once. Waits for those never asked before, but
/// only a part of the deadline, so that a node that hangs leaves the others their time, and only once; the others'
/// answers are noted when they come. Ids that then contradict an address are asked for once more, all at one time.
pub(crate) async fn identify(
    questions: &Questions,
    snapshot: &Arc<Snapshot>,
    caller: &Arc<Caller>,
    deadline: Deadline,
) -> Vec<Open> {
    let mut open = ask_unknown(questions, snapshot, caller, deadline).await;
    if snapshot.doubt_old_ids() {
        open.extend(ask_unknown(questions, snapshot, caller, deadline).await);
    }
    open
}

async fn ask_unknown(
    questions: &Questions,
    snapshot: &Arc<Snapshot>,
    caller: &Arc<Caller>,
    deadline: Deadline,
) -> Vec<Open> {
    let asking = Arc::new(Asking {
        snapshot: Arc::clone(snapshot),
        caller: Arc::clone(caller),
        deadline,
        began: Instant::now(),
        turns: Semaphore::new(snapshot.config.fanout.max_concurrent),
    });
    let local = snapshot.local.iter().map(|local| (None, &*local.state));
    let peers = snapshot.peers.iter().enumerate().map(|(i, peer)| (Some(i), &peer.state));
    let waits = local.chain(peers).filter_map(|(entry, state)| {
        let memory = state.get();
        if memory.identity.is_settled() || memory.breaker.is_open() {
            return None;
        }
        let returning = memory.failing.is_some() || memory.last_success.is_none();
        let question = Question { generation: snapshot.generation, entry, caller: Arc::clone(caller) };
        let (flights, asking) = (Arc::clone(&questions.flights), Arc::clone(&asking));
        let place = questions.places.try_acquire_arc()?;
        let answer = task::spawn(async move {
            let _place = place;
            flights.join(question, || asking.ask(entry)).await;
        });
        let mut open = Open { entry, returning, answer };
        Some(async move {
            if memory.identity != Identity::Unasked {
                return Some(open);
            }
            let late = timeout(patience(snapshot), &mut open.answer).await.is_err();
            late.then(|| stop_waiting(state)).map(|()| open)
        })
    });
    join_all(waits).await.into_iter().flatten().collect()
}

/// Waits longer for those that turn out to be there: their matrix came before their id, and may be one that another
/// entry has given too. A node whose id alone hangs is waited for once.
pub(crate) async fn wait_for_returned(open: Vec<Open>, gathered: &Gathered, deadline: Deadline) {
    let answered = |entry: Option<usize>| {
        let called = match entry {
            Some(i) => gathered.entries.get(i).and_then(Option::as_ref),
            None => gathered.local.as_ref(),
        };
        called.is_some_and(|called| called.outcome.is_ok())
    };
    let returned = open.into_iter().filter(|open| open.returning && answered(open.entry)).map(|open| open.answer);
    // Where it stays silent, the addresses decide.
    let _ = timeout(deadline.remaining(), join_all(returned)).await;
}

/// A connection may take this long, and the calls proper need most of the deadline.
fn patience(snapshot: &Snapshot) -> Duration {
    snapshot.config.fanout.connect_timeout.min(snapshot.timeout() / 4)
}

fn stop_waiting(state: &NodeState) {
    state.update(|memory| {
        if memory.identity == Identity::Unasked {
            memory.identity = Identity::Unanswered;
        }
    });
}

struct Asking {
    snapshot: Arc<Snapshot>,
    caller: Arc<Caller>,
    deadline: Deadline,
    began: Instant,
    turns: Semaphore,
}

impl Asking {
    async fn ask(self: Arc<Self>, entry: Option<usize>) {
        match (entry, &self.snapshot.local) {
            (Some(i), _) => self.peer(&self.snapshot.peers[i]).await,
            (None, Some(local)) => self.local(local).await,
            (None, None) => {}
        }
    }

    async fn peer(&self, peer: &Peer) {
        let wire = self.snapshot.wire.capped(CLUSTER_BODY_CAP);
        let ask = async {
            let Ok(_turn) = timeout(self.deadline.remaining(), self.turns.acquire()).await else {
                return Err(Failure::new(Reason::Overload, "deadline passed while waiting for a turn"));
            };
            let reply = wire.get(&peer.entry.url, CLUSTER_PATH, None, &self.caller, self.deadline).await?;
            parse_cluster(&reply)
        };
        join(self.look_up(&peer.entry.url, &peer.state), self.note(&peer.state, ask)).await;
    }

    async fn local(&self, local: &LocalNode) {
        let look_up = OptionFuture::from(local.url.as_ref().map(|url| self.look_up(url, &local.state)));
        let ask = async {
            // An in-process source that hangs is asked again with each request, and would leave a task each time.
            let answer = timeout(self.deadline.remaining(), local.source.cluster(&self.caller, self.deadline)).await;
            answer.unwrap_or_else(|_| Err(Failure::new(Reason::Deadline, "deadline passed while asking for the id")))
        };
        join(look_up, self.note(&local.state, ask)).await;
    }

    async fn look_up(&self, url: &Url, state: &NodeState) {
        look_up(url, state, self.snapshot.config.fanout.connect_timeout).await;
    }

    async fn note(&self, state: &NodeState, answer: impl Future<Output = Result<Value, Failure>>) {
        let identity = identity_of(&answer.await, &self.caller.credentials.redactor());
        state.update(|memory| {
            // An answer of the matrix may meanwhile have shown the entry to be this process.
            if !memory.identity.is_settled() {
                memory.identity = identity;
                memory.identified = Some(self.began);
            }
        });
    }
}

/// Notes the addresses by themselves: they decide while the id is not to be had.
async fn look_up(url: &Url, state: &NodeState, within: Duration) {
    let addresses = resolve(url, within).await;
    if !addresses.is_empty() {
        state.update(|memory| memory.addresses = addresses);
    }
}

/// Finds out the addresses of the local node and of the entries that are `meant`, where they are not known yet: who is asked
/// for by name before anybody was asked for traffic.
pub(crate) async fn locate(snapshot: &Snapshot, meant: impl Fn(&Url) -> bool) {
    let local = snapshot.local.iter().filter_map(|local| Some((local.url.as_ref()?, &*local.state)));
    let peers = snapshot.peers.iter().map(|peer| (&peer.entry.url, &peer.state)).filter(|(url, _)| meant(url));
    let unknown = local.chain(peers).filter(|(_, state)| state.get().addresses.is_empty());
    join_all(unknown.map(|(url, state)| look_up(url, state, snapshot.config.fanout.connect_timeout))).await;
}

/// The longest id that is taken for one.
const LONGEST_ID: usize = 256;

/// An id as introspection may show it to anybody who may read. One that holds what this caller sent, or what can't be
/// shown, is not taken, and asked for again: no caller may choose a cookie that takes a node's id away for all others.
fn identity_of(answer: &Result<Value, Failure>, redactor: &Redactor) -> Identity {
    match answer {
        Ok(cluster) => match cluster.get("node_id").and_then(Value::as_str) {
            Some(id) if (1..=LONGEST_ID).contains(&id.len()) => {
                if redactor.clean(id) == id {
                    Identity::Known(id.to_owned())
                } else {
                    Identity::Unasked
                }
            }
            _ => Identity::Anonymous,
        },
        Err(failure) if failure.ourselves => Identity::Ourselves,
        // Something answers there that is no node with an id; asking it again would not change that.
        Err(Failure { reason: Reason::Decode | Reason::TooLarge, .. } | Failure { status: Some(404), .. }) => {
            Identity::Anonymous
        }
        // It kept the caller waiting, and would do so again.
        Err(Failure { reason: Reason::Deadline | Reason::Connect | Reason::Dns | Reason::Overload, .. }) => {
            Identity::Unanswered
        }
        // Another session, or another moment, may have more luck.
        Err(_) => Identity::Unasked,
    }
}
