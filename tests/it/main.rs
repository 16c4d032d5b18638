//! Black-box tests, one binary.

mod config;
