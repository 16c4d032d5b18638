//! TLS 1.2 and 1.3 by rustls, whose cryptography is ring's: what is believed of others, and what is shown of oneself.

mod identity;
mod pinned;
mod trust;
mod words;

use std::sync::Arc;

use futures_rustls::{
    pki_types::{CertificateDer, pem::PemObject},
    rustls::crypto::{CryptoProvider, ring},
};

pub use identity::{Identity, IdentityError};
pub use trust::{NotRoots, Trust};
pub(super) use words::{broken_handshake, of_io};

/// The one protocol spoken inside, as ALPN names it.
const HTTP_1_1: &[u8] = b"http/1.1";

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The certificates of a PEM text, at least one. The error repeats nothing of the text, which may be the wrong file.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err("there is no certificate in the file, which has to be PEM".into()),
        Ok(found) => Ok(found),
        Err(_) => Err("the file is not PEM: a section in it is cut off or garbled".into()),
    }
}
