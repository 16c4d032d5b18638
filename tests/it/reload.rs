//! An edit of the file takes effect, or is refused and changes nothing (SPEC §5, "Reload"; §6).

mod keys;
mod verdicts;
