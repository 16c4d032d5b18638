use std::sync::{Arc, LazyLock, OnceLock};

use async_std::task;
use futures_rustls::{
    pki_types::CertificateDer,
    rustls::{ClientConfig, Error, RootCertStore, client::WebPkiServerVerifier},
};

use super::{HTTP_1_1, certificates, pinned::OrPinned, provider};

/// Whose certificates are believed: those under the system's roots, and under further ones. A call takes it from its
/// request's extensions; without one it believes the system's roots alone.
///
/// The system is asked for its roots once in the process, by the first call that needs them.
#[derive(Clone, Debug)]
pub struct Trust(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    further: Vec<CertificateDer<'static>>,
    client: OnceLock<Result<Arc<ClientConfig>, Error>>,
}

/// The text holds no root certificates; says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotRoots(String);

impl Default for Trust {
    /// The system's roots alone.
    fn default() -> Self {
        static SYSTEM: LazyLock<Trust> = LazyLock::new(|| Trust(Arc::default()));
        SYSTEM.clone()
    }
}

impl Trust {
    /// The roots of a PEM text besides the system's.
    pub fn with_roots(pem: &[u8]) -> Result<Self, NotRoots> {
        let further = certificates(pem).map_err(NotRoots)?;
        let mut roots = RootCertStore::empty();
        for (number, certificate) in (1..).zip(&further) {
            let told = |error| NotRoots(format!("certificate {number} of the file can't be a root: {error}"));
            roots.add(certificate.clone()).map_err(told)?;
        }
        Ok(Self(Arc::new(Inner { further, client: OnceLock::new() })))
    }

    /// What a handshake needs; made by the first that does.
    pub(in crate::http) async fn client(&self) -> Result<Arc<ClientConfig>, Error> {
        if let Some(client) = self.0.client.get() {
            return client.clone();
        }
        let inner = Arc::clone(&self.0);
        task::spawn_blocking(move || inner.client.get_or_init(|| client(&inner.further)).clone()).await
    }
}

fn client(further: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = system_roots().clone();
    roots.add_parsable_certificates(further.iter().cloned());
    let provider = provider();
    let roots = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
    let roots = roots.map_err(|error| Error::General(error.to_string()))?;
    let verifier = Arc::new(OrPinned { roots, pinned: further.to_vec() });
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut client = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    client.alpn_protocols = vec![HTTP_1_1.to_vec()];
    Ok(Arc::new(client))
}

fn system_roots() -> &'static RootCertStore {
    static ROOTS: LazyLock<RootCertStore> = LazyLock::new(|| {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let why = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
            log::warn!("the system has no root certificates{why}");
        }
        roots
    });
    &ROOTS
}
