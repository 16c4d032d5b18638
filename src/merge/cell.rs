//! The rules for one window and for one cell (SPEC §4), contribution by contribution.

use super::identity::Identity;

/// What one column of one node counted for a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contribution {
    /// The node, as its place among the inputs.
    pub(super) input: usize,
    /// Place among the contributions to the window: by input, then by time.
    pub(super) order: usize,
    pub(super) value: u64,
    pub(super) identity: Identity,
}

/// A merged window, or a sum of merged windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) value: u64,
    pub(super) identity: Identity,
    pub(super) conflict: bool,
}

/// Merges the contributions to one window of a read series: they add up, and the last one names the identity.
pub(super) fn reads(contributions: &[Contribution]) -> Cell {
    let value = contributions.iter().fold(0, |sum: u64, c| sum.saturating_add(c.value));
    let last = contributions.iter().filter(|c| c.value > 0).max_by_key(|c| c.order);
    Cell { value, identity: last.map_or_else(Identity::default, |c| c.identity), conflict: false }
}

/// Merges the contributions to one window of a write series; reorders them.
pub(super) fn writes(contributions: &mut Vec<Contribution>) -> Cell {
    contributions.retain(|c| c.value > 0);
    add_up_within_nodes(contributions);
    if contributions.iter().all(|c| c.identity.is_known()) {
        sum_of_leaders(contributions)
    } else {
        largest(contributions)
    }
}

/// Adds up what one node says under one identity; the sum stands where the first of its parts stood.
fn add_up_within_nodes(contributions: &mut Vec<Contribution>) {
    if contributions.windows(2).all(|pair| pair[0].input != pair[1].input) {
        return;
    }
    contributions.sort_unstable_by_key(|c| (c.input, c.identity, c.order));
    contributions.dedup_by(|later, kept| {
        let same = (later.input, later.identity) == (kept.input, kept.identity);
        if same {
            kept.value = kept.value.saturating_add(later.value);
        }
        same
    });
}

/// Every identity is known: the maximum within each, summed over all.
fn sum_of_leaders(contributions: &mut [Contribution]) -> Cell {
    contributions.sort_unstable_by_key(|c| (c.identity, c.value));
    let mut cell = Cell::default();
    let mut largest = (0, Identity::default());
    for same in contributions.chunk_by(|a, b| a.identity == b.identity) {
        let (least, most) = (same[0], same[same.len() - 1]);
        cell.conflict |= least.value != most.value;
        cell.value = cell.value.saturating_add(most.value);
        largest = largest.max((most.value, most.identity));
    }
    cell.identity = largest.1;
    cell
}

/// Some identity is not known, so two contributions may be one count seen twice: the largest alone stands.
fn largest(contributions: &[Contribution]) -> Cell {
    let most = contributions.iter().max_by_key(|c| (c.value, c.order));
    most.map_or_else(Cell::default, |most| Cell {
        value: most.value,
        identity: most.identity,
        conflict: contributions.iter().any(|c| c.value != most.value),
    })
}

/// Sums the windows of a column, given from the oldest: the identity is that of the largest, on a tie of the latest.
pub(super) fn sum(windows: impl Iterator<Item = Cell>) -> Cell {
    let mut cell = Cell::default();
    let mut largest = 1;
    for window in windows {
        cell.value = cell.value.saturating_add(window.value);
        cell.conflict |= window.conflict;
        if window.value >= largest {
            largest = window.value;
            cell.identity = window.identity;
        }
    }
    cell
}
