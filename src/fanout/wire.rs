use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime},
};

use async_std::future::timeout;
use futures_util::AsyncBufReadExt;
use surf::http::{Method, Request, Response, headers};
use url::Url;

use super::{
    budget::{BudgetLimits, MemoryBudget, Reservation},
    buffers::Buffers,
    caller::{Caller, GUARD_HEADER},
    deadline::{Deadline, Progress},
    failure::{Failure, Reason},
    mishap::{OK, broken_body, not_sent, other_status, refused_head, too_large},
    redact::Redactor,
};
use crate::{
    config,
    http::{ConnectTimeout, SentStatus, Trust},
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
    limits: BudgetLimits,
    budget: Arc<MemoryBudget>,
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
    /// Held as long as the body is.
    _reservation: Reservation,
}

impl Wire {
    pub(crate) fn new(
        (client, trust): (surf::Client, Trust),
        fanout: &config::Fanout,
        (budget, buffers): (Arc<MemoryBudget>, Arc<Buffers>),
        instance: Arc<str>,
    ) -> Self {
        let limits = BudgetLimits { budget: fanout.memory_budget, body_cap: fanout.body_cap };
        let &config::Fanout { connect_timeout, body_cap, .. } = fanout;
        Self { client, trust, connect_timeout, body_cap, limits, budget, buffers, instance }
    }

    /// The same with a smaller cap, for answers that are known to be small.
    pub(crate) fn capped(&self, body_cap: u64) -> Self {
        Self { body_cap: body_cap.min(self.body_cap), ..self.clone() }
    }

    /// One GET of `base` + `path`?`query`, under everything that SPEC §3 asks of a call. Only a 200 whose body came
    /// whole is a [`Reply`].
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
        let redactor = caller.credentials.redactor();
        let call = self.exchange(self.request(url, caller), &redactor, &progress);
        let outcome = match timeout(deadline.remaining(), call).await {
            Ok(outcome) => outcome,
            Err(_) => Err(progress.deadline_passed()),
        };
        outcome.map_err(|failure| Failure { message: redactor.clean(&failure.message), ..failure })
    }

    /// Whether anything that speaks HTTP answers at `base` (SPEC §3, the breaker's probe); no credentials are sent.
    pub(crate) async fn probe(&self, base: &Url, deadline: Deadline) -> Result<(), Failure> {
        let mut url = base.clone();
        url.set_path("/admin/healthz");
        let caller = Caller::default();
        match timeout(deadline.remaining(), self.client.send(self.request(url, &caller))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(not_sent(&error)),
            Err(_) => Err(Progress::new(deadline).deadline_passed()),
        }
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

    async fn exchange(&self, request: Request, redactor: &Redactor, progress: &Progress) -> Result<Reply, Failure> {
        let sent_at = SystemTime::now();
        let mut response: Response = self.client.send(request).await.map_err(|error| not_sent(&error))?.into();
        let head_at = SystemTime::now();
        let ourselves = response.header(INSTANCE_HEADER).is_some_and(|id| id.as_str() == &*self.instance);
        let outcome = match refused_head(&response) {
            Some(failure) => Err(failure),
            None if SentStatus::of(&response) == OK => self.whole_body(&mut response, progress).await,
            None => Err(other_status(&mut response, redactor, progress.deadline).await),
        };
        match outcome {
            Ok(_) if ourselves => Err(Failure { ourselves, ..Failure::new(Reason::Aggregate, "this very process") }),
            Ok((body, reservation)) => Ok(Reply { body, sent_at, head_at, _reservation: reservation }),
            Err(failure) => {
                Err(Failure { ourselves, bytes: failure.bytes.max(progress.bytes.load(Ordering::Relaxed)), ..failure })
            }
        }
    }

    async fn whole_body(
        &self,
        response: &mut Response,
        progress: &Progress,
    ) -> Result<(Vec<u8>, Reservation), Failure> {
        let cap = self.body_cap;
        let mut reader = response.take_body();
        let declared = reader.len().map(|len| len as u64);
        if declared.is_some_and(|len| len > cap) {
            return Err(too_large(cap));
        }
        let mut reservation = self.budget.reservation(self.limits);
        let mut reserved = declared.unwrap_or(0);
        progress.reserve(&mut reservation, reserved).await?;
        let mut body = self.buffers.take(usize::try_from(reserved).unwrap_or(0));
        loop {
            let (chunk, total) = {
                let chunk = reader.fill_buf().await.map_err(|error| broken_body(&error))?;
                (chunk, body.len() as u64 + chunk.len() as u64)
            };
            if chunk.is_empty() {
                return Ok((body, reservation));
            }
            progress.bytes.store(total.min(cap), Ordering::Relaxed);
            if total > cap {
                return Err(too_large(cap));
            }
            let read = chunk.len();
            if total > reserved {
                // A streamed body doubles its share, as the vector that holds it does.
                let share = (total * 2).max(64 << 10).min(cap);
                progress.reserve(&mut reservation, share - reserved).await?;
                reserved = share;
            }
            self.buffers.reserve(&mut body, read);
            body.extend_from_slice(chunk);
            reader.consume_unpin(read);
        }
    }
}
