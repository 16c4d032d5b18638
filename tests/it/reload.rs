//! An edit of the file takes effect, or is refused and changes nothing (SPEC §5, "Reload"; §6).

#![expect(clippy::print_stdout, reason = "what a test skips, and how long an edit took, is told by its output")]

mod keys;
mod load;
mod polling;
mod scene;
mod tokens;
mod trouble;
mod verdicts;
mod ways;
