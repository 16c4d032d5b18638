//! The commands of the binary (SPEC §8).

pub mod check;
