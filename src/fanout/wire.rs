use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime},
};

use async_std::future::timeout;
use futures_util::{AsyncBufReadExt, FutureExt};
use surf::http::{Method, Request, Response, headers};
use url::Url;

use super::{
    buffers::Buffers,
    caller::{Caller, GUARD_HEADER},
    deadline::{Deadline, Progress},
    failure::{Failure, Reason},
    mishap::{OK, broken_body, not_sent, other_status, refused_head, too_large},
    room::{Kind, Limits, Room, Share},
};
use crate::{
    config,
    http::{ConnectTimeout, SentStatus, Trust},
    matrix::Tally,
};

/// Header with the answering process's instance id (SPEC §2).
pub const INSTANCE_HEADER: &str = "X-Keyviz-Instance";

/// How nodes are called under one configuration: the client, and the limits of SPEC §3 that hold for each call.
#[derive(Clone, Debug)]
pub struct Wire {
    client: surf::Client,
    trust: Trust,
    connect_timeout: Duration,
    body_cap: u64,
    bodies: Limits,
    calls: Limits,
    room: Arc<Room>,
    buffers: Arc<Buffers>,
    instance: Arc<str>,
}

/// A node's 200, read to its end.
#[derive(Debug)]
pub struct Reply {
    /// The body, at most `fanout.body_cap` bytes.
    pub body: Vec<u8>,
    /// When the request was sent.
    pub sent_at: SystemTime,
    /// When the head of the answer was there.
    pub head_at: SystemTime,
    /// What decides how much memory the body may take once it is decoded.
    pub(crate) tally: Tally,
    /// Held as long as the body is.
    _share: Share,
}

impl Wire {
    pub(crate) fn new(
        (client, trust): (surf::Client, Trust),
        fanout: &config::Fanout,
        (room, calls): (Arc<Room>, Limits),
        buffers: Arc<Buffers>,
        instance: Arc<str>,
    ) -> Self {
        let &config::Fanout { connect_timeout, body_cap, memory_budget, .. } = fanout;
        // One body's cap is set aside for a body of the favoured request, so that the sum stays within the budget.
        let bodies = Limits { shared: memory_budget.saturating_sub(body_cap), aside: 1 };
        Self { client, trust, connect_timeout, body_cap, bodies, calls, room, buffers, instance }
    }

    /// The same with a smaller cap, for answers that are known to be small.
    pub(crate) fn capped(&self, body_cap: u64) -> Self {
        Self { body_cap: body_cap.min(self.body_cap), ..self.clone() }
    }

    /// One GET of `base` + `path`?`query`, under everything that SPEC §3 asks of a call, once it is its turn among all
    /// calls of the process. Only a 200 whose body came whole is a [`Reply`].
    pub async fn get(
        &self,
        base: &Url,
        path: &str,
        query: Option<&str>,
        caller: &Caller,
        deadline: Deadline,
    ) -> Result<Reply, Failure> {
        let mut url = base.clone();
        url.set_path(path);
        url.set_query(query);
        let progress = Progress::new(deadline);
        let turn = self.room.share(Kind::Calls, deadline.party(), self.calls);
        let call = async {
            progress.take_turn(&turn).await?;
            // Apart, so that those who wait for their turn, who may be many, take little memory.
            self.exchange(url, caller, &progress).boxed().await
        };
        let outcome = match timeout(deadline.remaining(), call).await {
            Ok(outcome) => outcome,
            Err(_) => Err(progress.deadline_passed()),
        };
        let redacted = |message: &str| caller.credentials.redactor().clean(message);
        outcome.map_err(|failure| Failure { message: redacted(&failure.message), ..failure })
    }

    /// Whether anything that speaks HTTP answers at `base` in `time` (SPEC §3, the breaker's probe); no credentials are
    /// sent. The time begins with the probe's turn: that this process is busy says nothing of the node.
    pub(crate) async fn probe(&self, base: &Url, time: Duration) -> bool {
        let turn = self.room.share(Kind::Calls, Deadline::within(time).party(), self.calls);
        turn.grow(1).await;
        let mut url = base.clone();
        url.set_path("/admin/healthz");
        let answer = timeout(time, self.client.send(self.request(url, &Caller::default())));
        matches!(answer.await, Ok(Ok(_)))
    }

    fn request(&self, url: Url, caller: &Caller) -> Request {
        let mut request = Request::new(Method::Get, url);
        request.insert_header(GUARD_HEADER, caller.next_guard().to_string());
        request.insert_header(headers::ACCEPT, "application/json");
        if let Some(cookies) = caller.credentials.cookie_header() {
            request.insert_header(headers::COOKIE, cookies);
        }
        request.ext_mut().insert(ConnectTimeout(self.connect_timeout));
        request.ext_mut().insert(self.trust.clone());
        request
    }

    async fn exchange(&self, url: Url, caller: &Caller, progress: &Progress) -> Result<Reply, Failure> {
        let request = self.request(url, caller);
        let sent_at = SystemTime::now();
        let mut response: Response = self.client.send(request).await.map_err(|error| not_sent(&error))?.into();
        let head_at = SystemTime::now();
        let ourselves = response.header(INSTANCE_HEADER).is_some_and(|id| id.as_str() == &*self.instance);
        let outcome = match refused_head(&response) {
            Some(failure) => Err(failure),
            None if SentStatus::of(&response) == OK => self.whole_body(&mut response, progress).await,
            None => Err(other_status(&mut response, &caller.credentials.redactor(), progress.deadline).await),
        };
        match outcome {
            Ok(_) if ourselves => Err(Failure { ourselves, ..Failure::new(Reason::Aggregate, "this very process") }),
            Ok((body, tally, share)) => Ok(Reply { body, sent_at, head_at, tally, _share: share }),
            Err(failure) => {
                Err(Failure { ourselves, bytes: failure.bytes.max(progress.bytes.load(Ordering::Relaxed)), ..failure })
            }
        }
    }

    async fn whole_body(
        &self,
        response: &mut Response,
        progress: &Progress,
    ) -> Result<(Vec<u8>, Tally, Share), Failure> {
        let cap = self.body_cap;
        let mut reader = response.take_body();
        let declared = reader.len().map(|len| len as u64);
        if declared.is_some_and(|len| len > cap) {
            return Err(too_large(cap));
        }
        let share = self.room.share(Kind::Bodies, progress.deadline.party(), self.bodies);
        let mut reserved = declared.unwrap_or(0);
        progress.reserve(&share, reserved).await?;
        let mut tally = Tally::default();
        let mut body = self.buffers.take(usize::try_from(reserved).unwrap_or(0));
        loop {
            let (chunk, total) = {
                let chunk = reader.fill_buf().await.map_err(|error| broken_body(&error))?;
                (chunk, body.len() as u64 + chunk.len() as u64)
            };
            if chunk.is_empty() {
                return Ok((body, tally, share));
            }
            progress.bytes.store(total.min(cap), Ordering::Relaxed);
            if total > cap {
                return Err(too_large(cap));
            }
            let read = chunk.len();
            if total > reserved {
                // A streamed body doubles its share, as the vector that holds it does.
                let wanted = (total * 2).max(64 << 10).min(cap);
                progress.reserve(&share, wanted - reserved).await?;
                reserved = wanted;
            }
            self.buffers.reserve(&mut body, read);
            body.extend_from_slice(chunk);
            tally.count(chunk);
            reader.consume_unpin(read);
        }
    }
}
