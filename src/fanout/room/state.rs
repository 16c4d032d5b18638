//! Who holds how much, who waits, and who is next: plain data, no waiting of its own.

use std::{
    collections::{HashMap, VecDeque},
    task::Waker,
};

/// What is shared, in the order in which a request comes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Fan-outs under way.
    Fanouts,
    /// Calls to nodes, each with its connection.
    Calls,
    /// Bytes of bodies.
    Bodies,
    /// Bytes that bodies were decoded to, with what merging them takes.
    Decoded,
}

/// Who asks: one request with everything that is done for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Party(pub(crate) u64);

/// How much of a kind there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// For all shares together.
    pub(crate) shared: u64,
    /// How many shares of the favoured party may go beyond that at once.
    pub(crate) aside: usize,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pools: [Pool; 4],
    shares: HashMap<u64, Held>,
    /// Who may go beyond the limits. Somebody is while anything is held aside.
    favoured: Option<Party>,
    next_id: u64,
}

/// One kind.
#[derive(Debug, Default)]
struct Pool {
    /// Held within the limit.
    shared: u64,
    /// Held beyond it by the favoured party.
    aside: u64,
    /// How many shares hold something aside.
    asides: usize,
    /// Those who wait, the longest first, by ascending tickets.
    queue: VecDeque<Asked>,
}

#[derive(Debug)]
struct Asked {
    ticket: u64,
    share: u64,
    /// Whose the share is: kept here, as a long queue is searched for it.
    party: Party,
    amount: u64,
    waker: Option<Waker>,
}

#[derive(Debug)]
struct Held {
    kind: Kind,
    party: Party,
    limits: Limits,
    shared: u64,
    /// What it holds beyond the limit; `None` where it never had to.
    aside: Option<u64>,
}

impl State {
    pub(super) fn open(&mut self, kind: Kind, party: Party, limits: Limits) -> u64 {
        let id = self.new_id();
        self.shares.insert(id, Held { kind, party, limits, shared: 0, aside: None });
        id
    }

    /// Queues for more; a ticket that is not in the queue any more was granted.
    pub(super) fn ask(&mut self, kind: Kind, share: u64, amount: u64) -> u64 {
        let ticket = self.new_id();
        let Some(&Held { party, .. }) = self.shares.get(&share) else { return ticket };
        self.pool(kind).queue.push_back(Asked { ticket, share, party, amount, waker: None });
        self.settle();
        ticket
    }

    /// Whether a ticket was granted; if not, `waker` is told when it is.
    pub(super) fn is_granted(&mut self, kind: Kind, ticket: u64, waker: &Waker) -> bool {
        let pool = self.pool(kind);
        let Some(place) = pool.place(ticket) else { return true };
        pool.queue[place].waker = Some(waker.clone());
        false
    }

    /// Leaves the queue; false for a ticket that was granted.
    pub(super) fn withdraw(&mut self, kind: Kind, ticket: u64) -> bool {
        let pool = self.pool(kind);
        let Some(place) = pool.place(ticket) else { return false };
        pool.queue.remove(place);
        self.settle();
        true
    }

    /// Takes back so much of a share, first of what it holds beyond the limit.
    pub(super) fn give_back(&mut self, share: u64, amount: u64) {
        let Some(held) = self.shares.get_mut(&share) else { return };
        let beyond = held.aside.map_or(0, |aside| aside.min(amount));
        let within = held.shared.min(amount - beyond);
        held.shared -= within;
        let pool = &mut self.pools[held.kind as usize];
        pool.shared -= within;
        pool.aside -= beyond;
        if let Some(aside) = held.aside.as_mut() {
            *aside -= beyond;
            if *aside == 0 {
                held.aside = None;
                pool.asides -= 1;
            }
        }
        if self.pools.iter().all(|pool| pool.asides == 0) {
            self.favoured = None;
        }
        self.settle();
    }

    pub(super) fn close(&mut self, share: u64) {
        self.give_back(share, u64::MAX);
        self.shares.remove(&share);
    }

    pub(super) fn usage(&self, kind: Kind) -> super::Usage {
        let pool = &self.pools[kind as usize];
        super::Usage { used: pool.shared + pool.aside, waiting: pool.queue.len() as u64 }
    }

    fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn pool(&mut self, kind: Kind) -> &mut Pool {
        &mut self.pools[kind as usize]
    }

    /// Grants what can be granted. Each grant may make another possible, in any kind: it may settle who is favoured.
    ///
    /// The kinds that a request comes to last are looked at first: who waits there holds the most, and gives it back the
    /// soonest. Calls come free without anybody's favour.
    fn settle(&mut self) {
        while let Some((kind, place)) = (0..self.pools.len()).rev().find_map(|kind| Some((kind, self.next(kind)?))) {
            self.grant(kind, place);
        }
    }

    /// The place in the queue of whom there is room for.
    fn next(&self, kind: usize) -> Option<usize> {
        let pool = &self.pools[kind];
        let first = pool.queue.front()?;
        let held = self.shares.get(&first.share)?;
        if pool.fits(held, first.amount) || (self.favoured.is_none() && pool.fits_aside(held)) {
            return Some(0);
        }
        let favoured = self.favoured?;
        pool.queue.iter().position(|asked| {
            let held = if asked.party == favoured { self.shares.get(&asked.share) } else { None };
            held.is_some_and(|held| pool.fits(held, asked.amount) || pool.fits_aside(held))
        })
    }

    fn grant(&mut self, kind: usize, place: usize) {
        let pool = &mut self.pools[kind];
        let Some(asked) = pool.queue.remove(place) else { return };
        let Some(held) = self.shares.get_mut(&asked.share) else { return };
        if held.aside.is_none() && pool.fits(held, asked.amount) {
            held.shared += asked.amount;
            pool.shared += asked.amount;
        } else {
            self.favoured = Some(held.party);
            pool.asides += usize::from(held.aside.is_none());
            *held.aside.get_or_insert(0) += asked.amount;
            pool.aside += asked.amount;
        }
        if let Some(waker) = asked.waker {
            waker.wake();
        }
    }
}

impl Pool {
    fn place(&self, ticket: u64) -> Option<usize> {
        self.queue.binary_search_by_key(&ticket, |asked| asked.ticket).ok()
    }

    fn fits(&self, held: &Held, amount: u64) -> bool {
        self.shared.saturating_add(amount) <= held.limits.shared
    }

    fn fits_aside(&self, held: &Held) -> bool {
        held.aside.is_some() || self.asides < held.limits.aside
    }
}

#[cfg(test)]
mod tests;
