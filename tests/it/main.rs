//! Black-box tests, one module per area, in one binary.

mod codec;
mod merge_properties;
mod merge_strategies;
mod oracle;
