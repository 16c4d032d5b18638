use super::{Ended, USAGE};
use crate::{
    config::{Opened, beside, read},
    http::Trust,
};

/// Whom the commands believe over TLS: the system's roots, and those of the file's `tls.ca_file`.
pub(super) fn trust(Opened { loaded, source, .. }: &Opened) -> Result<Trust, Ended> {
    let Some(path) = &loaded.config.tls.ca_file else { return Ok(Trust::default()) };
    let path = beside(&source.path, path);
    let pem = read(&path).map_err(|error| Ended::new(USAGE, format!("tls.ca_file: {error}")))?;
    Trust::with_roots(&pem).map_err(|error| Ended::new(USAGE, format!("tls.ca_file: {}: {error}", path.display())))
}
