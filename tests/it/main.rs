//! Black-box tests, one module per area, in one binary.

mod codec;
