use std::{net::SocketAddr, sync::Mutex, time::Instant};

use jiff::Timestamp;
use url::Url;

use super::{breaker::Breaker, hosts::literal, reason::Reason};

/// What is remembered of a node from one request to the next, and across a change of configuration that keeps it.
#[derive(Debug, Default)]
pub struct NodeState(Mutex<Memory>);

/// A copy of what is known of a node, taken at one moment.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Whether calls go through.
    pub breaker: Breaker,
    /// Who the node says it is.
    pub identity: Identity,
    /// When the request began that asked it who it is: ids that one request asked for are of one time.
    pub(crate) identified: Option<Instant>,
    /// What its host name resolved to.
    pub addresses: Vec<SocketAddr>,
    /// The gap between its columns as last seen, milliseconds.
    pub own_step_ms: Option<i64>,
    /// When it last gave a good answer.
    pub last_success: Option<Timestamp>,
    /// Its last failure.
    pub last_error: Option<LastError>,
    /// Why it is failing now, so that the log tells of changes alone.
    pub(crate) failing: Option<Reason>,
}

/// Who a node is, as far as it has been asked (SPEC §3, "Who is self").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// Not asked yet, or refused at once: a request waits a moment for the answer.
    #[default]
    Unasked,
    /// Asked without an answer in time: asked again with each request, and not waited for.
    Unanswered,
    /// It answers, but has no id to give.
    Anonymous,
    /// Its `node_id`.
    Known(String),
    /// Its answers carry this process's own instance id.
    Ourselves,
}

impl Identity {
    /// The `node_id`, where there is one.
    pub fn node_id(&self) -> Option<&str> {
        match self {
            Self::Known(id) => Some(id),
            _ => None,
        }
    }

    /// Whether the question is settled until the breaker opens or the entry changes.
    pub fn is_settled(&self) -> bool {
        !matches!(self, Self::Unasked | Self::Unanswered)
    }
}

/// A failure as operators see it; redacted before it gets here.
#[derive(Clone, Debug, serde::Serialize, schemars::JsonSchema)]
pub struct LastError {
    /// When.
    pub at: Timestamp,
    /// In a word.
    pub reason: Reason,
    /// A sentence.
    pub message: String,
}

impl NodeState {
    /// Of a node that nothing is known of but where it is.
    pub(crate) fn at(url: &Url) -> Self {
        let addresses = literal(url).into_iter().collect();
        Self(Mutex::new(Memory { addresses, ..Memory::default() }))
    }

    /// A copy of everything.
    pub fn get(&self) -> Memory {
        self.lock().clone()
    }

    /// Changes what is remembered, under the lock.
    pub fn update<T>(&self, change: impl FnOnce(&mut Memory) -> T) -> T {
        change(&mut self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Memory> {
        // Every change is a plain assignment, so a panic elsewhere cannot leave it half made.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Memory {
    /// Whether the last call got a good answer.
    pub(crate) fn is_ok(&self) -> bool {
        self.failing.is_none() && self.last_success.is_some()
    }

    /// Whether no call has come to an end yet.
    pub(crate) fn is_unasked(&self) -> bool {
        self.failing.is_none() && self.last_success.is_none()
    }

    /// Notes an HTTP answer of any kind: the node can be reached.
    pub fn answered(&mut self) {
        self.breaker.close();
    }

    /// Notes a failure to reach the node; true when it opened the breaker, which also forgets who the node was, as
    /// another may come back under its address. The address itself stays known: a call that goes out before the node
    /// was asked again must not count it beside another of its names.
    pub fn unreachable(&mut self, breaker_limit: u32) -> bool {
        let opened = self.breaker.failed(breaker_limit);
        if opened {
            self.identity = Identity::Unasked;
        }
        opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_breaker_forgets_the_id_and_keeps_the_addresses() {
        let addresses = vec![SocketAddr::from(([192, 0, 2, 1], 8080))];
        let identity = Identity::Known("n1".into());
        let mut memory = Memory { identity, addresses: addresses.clone(), ..Memory::default() };
        assert!(memory.unreachable(1));
        assert_eq!((memory.identity, memory.addresses), (Identity::Unasked, addresses));
    }
}
