//! The terminal views of an answer.
