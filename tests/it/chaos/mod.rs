//! Twenty nodes that fail in every way there is, callers that don't wait, a file that never rests: every answer is right
//! all the same, in time, and explained.
//!
//! A run is made of a printed seed (`CHAOS_SEED`), as far as sockets allow: what nodes do and when, what is asked, what is
//! edited. `CHAOS_SECONDS` is how long the long run takes.

#![expect(clippy::print_stdout, reason = "the seed of a run and what it met are told by its output")]

mod answer;
mod behaviour;
mod callers;
mod cluster;
mod edits;
mod laws;
mod ledger;
mod node;
mod question;
mod run;
mod settings;
mod traced;

use std::time::Duration;

use run::Run;

#[test]
fn every_answer_is_right_whatever_the_nodes_do_and_however_the_file_is_edited() {
    Run::start(seed()).end(Duration::from_secs(8));
}

#[test]
#[ignore = "takes minutes"]
fn the_same_for_two_minutes() {
    let seconds = std::env::var("CHAOS_SECONDS").map_or(120, |seconds| seconds.parse().unwrap());
    let met = Run::start(seed()).end(Duration::from_secs(seconds));
    met.assert_everything_was_met();
}

/// That of an earlier run, or a new one.
fn seed() -> u64 {
    std::env::var("CHAOS_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap())
}
