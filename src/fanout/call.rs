//! One node's part in a fan-out: its turn, its answer, its decoding, and what is remembered of it.

use std::{
    cmp::Ordering,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_lock::Semaphore;
use async_std::{future::timeout, task};
use jiff::Timestamp;

use super::{
    Fanout, LocalMatrix, LocalNode, Redactor, Snapshot,
    buffers::Buffers,
    caller::Caller,
    deadline::Deadline,
    failure::{Failure, Reach, Reason},
    probe,
    query::{MATRIX_PATH, NodeQuery},
    report::NodeReport,
    room::Share,
    wire::Reply,
};
use crate::{
    matrix::{Matrix, Series, decode},
    merge,
    peers::{Identity, LastError, NodeState, Peer, Role},
};

/// What a call came to.
pub(crate) struct Called {
    pub(crate) report: NodeReport,
    pub(crate) outcome: Result<Answer, Failure>,
}

/// A valid answer, with the times by this host's clock between which it was made.
pub(crate) struct Answer {
    pub(crate) matrix: Matrix,
    pub(crate) sent_at: SystemTime,
    pub(crate) head_at: SystemTime,
}

/// What every call of one fan-out shares.
#[derive(Clone)]
pub(crate) struct Round {
    pub(crate) fanout: Arc<Fanout>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) caller: Arc<Caller>,
    pub(crate) deadline: Deadline,
    pub(crate) turns: Arc<Semaphore>,
    /// The memory of all matrices of the fan-out.
    pub(crate) decoded: Arc<Share>,
}

impl Round {
    pub(crate) async fn peer(self, peer: Arc<Peer>, query: NodeQuery) -> Called {
        let mut report = NodeReport::counted(&peer.entry.entry, Role::Peer);
        let fetched = self.fetch(&peer, &query).await;
        report.duration_ms = millis(self.deadline.elapsed());
        let outcome = self.settle(&mut report, fetched, query.series).await;
        self.remember(&peer.state, &report.node, outcome.as_ref().err(), Some(&peer));
        Called { report, outcome }
    }

    pub(crate) async fn local(self, local: Arc<LocalNode>, query: NodeQuery) -> Called {
        let mut report = NodeReport::counted(local.source.name(), Role::Own);
        let asked_at = SystemTime::now();
        let matrix = local.source.matrix(&query, &self.caller, self.deadline);
        // A call over HTTP ends by itself, and says better what it was at.
        let patience = local.url.as_ref().map_or(Duration::ZERO, |_| GRACE) + self.deadline.remaining();
        let fetched = match timeout(patience, matrix).await {
            Ok(Ok(LocalMatrix::Encoded(reply))) => Ok(Fetched::Reply(reply)),
            Ok(Ok(LocalMatrix::Decoded(matrix))) => match matrix.check(query.series) {
                Ok(()) => Ok(Fetched::Answer(Answer { matrix, sent_at: asked_at, head_at: SystemTime::now() })),
                Err(invalid) => Err(Failure::new(Reason::Decode, invalid.to_string())),
            },
            Ok(Err(failure)) => Err(leads_back(failure)),
            Err(_) => Err(Failure::new(Reason::Deadline, "deadline passed while waiting for the local node")),
        };
        report.duration_ms = millis(self.deadline.elapsed());
        let outcome = self.settle(&mut report, fetched, query.series).await;
        self.remember(&local.state, &report.node, outcome.as_ref().err(), None);
        Called { report, outcome }
    }

    async fn fetch(&self, peer: &Peer, query: &NodeQuery) -> Result<Fetched, Failure> {
        let memory = peer.state.get();
        // A request under another configuration may have opened it since this one said that none may be.
        if self.snapshot.config.fanout.breaker_failures > 0 && memory.breaker.is_open() {
            let last = memory.last_error.map_or_else(|| "no answer".into(), |last| last.message);
            return Err(Failure::new(Reason::BreakerOpen, format!("not asked, it failed too often: {last}")));
        }
        let turn = timeout(self.deadline.remaining(), self.turns.acquire()).await.ok();
        // A turn that comes when the deadline takes it from another is none.
        let Some(_turn) = turn.filter(|_| !self.deadline.remaining().is_zero()) else {
            let message = "deadline passed while waiting for a turn (fanout.max_concurrent)";
            return Err(Failure::new(Reason::Overload, message));
        };
        let query = query.to_string();
        let wire = &self.snapshot.wire;
        wire.get(&peer.entry.url, MATRIX_PATH, Some(&query), &self.caller, self.deadline).await.map(Fetched::Reply)
    }

    /// Decodes and checks what was fetched, and completes the report.
    async fn settle(
        &self,
        report: &mut NodeReport,
        fetched: Result<Fetched, Failure>,
        series: Series,
    ) -> Result<Answer, Failure> {
        let outcome = match fetched {
            Ok(Fetched::Reply(reply)) => {
                report.bytes = reply.body.len() as u64;
                self.decode(reply, series).await
            }
            Ok(Fetched::Answer(answer)) => self.hold(answer, 0).await,
            Err(failure) => Err(failure),
        };
        match &outcome {
            Ok(Answer { matrix, .. }) => {
                report.rows = Some(matrix.rows.len());
                report.columns = Some(matrix.column_unix_ms.len());
                report.generated_at = matrix.generated_at.as_deref().and_then(|at| at.parse().ok());
            }
            Err(failure) => report.fail(failure),
        }
        outcome
    }

    async fn decode(&self, reply: Reply, series: Series) -> Result<Answer, Failure> {
        let most = reply.tally.most();
        self.deadline.grow(&self.decoded, most, MEMORY).await?;
        // More at once than there are cores gains nothing.
        let turn = self.fanout.cores.acquire().await;
        let small = reply.body.len() <= DECODED_IN_PLACE;
        let (redactor, buffers) = (self.caller.credentials.redactor(), Arc::clone(&self.fanout.buffers));
        let work = move || answer_of(reply, series, &redactor, &buffers);
        let decoded = if small { work() } else { task::spawn_blocking(work).await };
        drop(turn);
        match decoded {
            Ok(answer) => self.hold(answer, most).await,
            Err(failure) => {
                self.decoded.shrink(most);
                Err(failure)
            }
        }
    }

    /// Accounts for what an answer really takes, with its part of the merge, where so much was `reserved`.
    async fn hold(&self, answer: Answer, reserved: u64) -> Result<Answer, Failure> {
        let takes = answer.matrix.memory() as u64 + merge::working_memory(&answer.matrix);
        match takes.cmp(&reserved) {
            Ordering::Greater => {
                let more = self.deadline.grow(&self.decoded, takes - reserved, MEMORY).await;
                more.inspect_err(|_| self.decoded.shrink(reserved))?;
            }
            _ => self.decoded.shrink(reserved - takes),
        }
        Ok(answer)
    }

    /// Notes the outcome on the node's state; for a peer, its breaker too.
    fn remember(&self, state: &NodeState, node: &str, failure: Option<&Failure>, peer: Option<&Arc<Peer>>) {
        let now = Timestamp::now();
        let Some(failure) = failure else {
            let was_failing = state.update(|memory| {
                memory.answered();
                memory.last_success = Some(now);
                memory.failing.take()
            });
            if let Some(reason) = was_failing {
                log::info!("{node}: answers again (was {reason})");
            }
            return;
        };
        let limit = if peer.is_some() { self.snapshot.config.fanout.breaker_failures } else { 0 };
        let (opened, news) = state.update(|memory| {
            if failure.ourselves {
                memory.identity = Identity::Ourselves;
            }
            let opened = match failure.reason.reach() {
                Reach::Answered => {
                    memory.answered();
                    false
                }
                Reach::Missed => memory.unreachable(limit),
                Reach::NotTried => return (false, false),
            };
            let (reason, message) = (failure.reason, failure.message.clone());
            memory.last_error = Some(LastError { at: now, reason, message });
            (opened, memory.failing.replace(reason) != Some(reason))
        });
        // A node that stays down says so once, not at every poll; each body over the cap is a finding of its own.
        if news || failure.reason == Reason::TooLarge {
            log::warn!("{node}: {}: {}", failure.reason, failure.message);
        }
        if let (true, Some(peer)) = (opened, peer) {
            log::warn!("{node}: breaker opened after {limit} failures in a row, last: {}", failure.message);
            task::spawn(probe::until_it_answers(Arc::downgrade(peer), self.snapshot.wire.clone()));
        }
    }
}

/// A body up to this size is decoded where it arrived, so that fewer threads keep memory for it; a larger one would hold
/// up the executor for too long.
const DECODED_IN_PLACE: usize = 1 << 20;

/// What a decoded answer waits for, as its failure says it.
const MEMORY: &str = "fanout.memory_budget: the matrices of other requests use it up";

/// On top of the deadline, for a call that keeps to it.
const GRACE: Duration = Duration::from_millis(100);

fn answer_of(reply: Reply, series: Series, redactor: &Redactor, buffers: &Arc<Buffers>) -> Result<Answer, Failure> {
    let decoded = decode(&reply.body, series);
    buffers.give(reply.body);
    let matrix = decoded.map_err(|error| Failure::new(Reason::Decode, redactor.clean(&error.to_string())))?;
    match matrix.fanout_expected {
        Some(expected) if expected > 1 => Err(Failure::new(
            Reason::Aggregate,
            format!("a merged answer of {expected} nodes: an aggregator, or a proxy that drops the guard header"),
        )),
        _ if matrix.column_unix_ms.len() > merge::MOST_COLUMNS => {
            Err(too_many(matrix.column_unix_ms.len(), "columns", merge::MOST_COLUMNS))
        }
        _ if matrix.rows.len() > merge::MOST_ROWS => Err(too_many(matrix.rows.len(), "rows", merge::MOST_ROWS)),
        _ => Ok(Answer { matrix, sent_at: reply.sent_at, head_at: reply.head_at }),
    }
}

fn too_many(sent: usize, what: &str, most: usize) -> Failure {
    Failure::new(Reason::TooLarge, format!("{sent} {what}, more than {most} can't be merged"))
}

enum Fetched {
    Reply(Reply),
    Answer(Answer),
}

impl Called {
    /// A node that was not called.
    pub(crate) fn not_tried(node: &str, role: Role, failure: Failure) -> Self {
        let mut report = NodeReport::counted(node, role);
        report.fail(&failure);
        Self { report, outcome: Err(failure) }
    }
}

/// A local node that is this process is a mistake in the file, and its sentence should say so.
fn leads_back(failure: Failure) -> Failure {
    if failure.ourselves {
        let message = "local.url leads back to this process; it must be the node's own admin address".into();
        return Failure { message, ..failure };
    }
    failure
}

/// To a tenth of a millisecond: more would be noise.
fn millis(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 10_000.0).round() / 10.0
}
