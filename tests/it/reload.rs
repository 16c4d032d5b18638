//! An edit of the file takes effect, or is refused and changes nothing (SPEC §5, "Reload"; §6).

#![expect(clippy::print_stdout, reason = "what a test skips, and how long an edit took, is told by its output")]

pub(crate) mod fault;
mod generations;
mod keys;
mod load;
mod manager;
mod polling;
mod scene;
mod secrets;
mod socket;
mod storm;
mod systemd;
mod tokens;
mod trouble;
mod verdicts;
mod ways;
