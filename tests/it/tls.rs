//! TLS on both sides (SPEC §5 `server.tls_*`, `tls.ca_file`), with certificates made at run time.

mod authority;
mod listener;
mod nodes;
