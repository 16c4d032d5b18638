//! Black-box tests, one module per area, in one binary.

mod codec;
mod merge_cells;
mod merge_columns;
mod merge_fixtures;
mod merge_properties;
mod merge_rows;
mod merge_strategies;
mod merge_support;
mod oracle;
