//! `http::HyperClient` against peers of every kind.
