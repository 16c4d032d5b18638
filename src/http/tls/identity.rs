use std::sync::Arc;

use futures_rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    rustls::{
        CertificateError, Error, InconsistentKeys, RootCertStore, ServerConfig,
        client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    },
};

use super::{HTTP_1_1, certificates, provider, words};

/// What a server shows of itself.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its certificate and key, as each connection takes them.
    pub config: Arc<ServerConfig>,
    /// Why callers will not believe it now: it has expired, or is not valid yet.
    pub doubt: Option<String>,
}

/// Which of the two texts is wrong, and why. Nothing of them is repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The certificate chain.
    #[error("{0}")]
    Certificate(String),
    /// The private key.
    #[error("{0}")]
    Key(String),
}

impl Identity {
    /// Of a certificate chain, its own first, and the key that belongs to it (PKCS#8, PKCS#1 or SEC1), both as PEM.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        let chain = certificates(chain).map_err(IdentityError::Certificate)?;
        let no_key = "there is no private key in the file, which has to be PEM with an unencrypted key \
                      (PKCS#8, PKCS#1 or SEC1)";
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| IdentityError::Key(no_key.into()))?;
        let doubt = doubt(&chain);
        let mut config = config(chain, key).map_err(in_words)?;
        config.alpn_protocols = vec![HTTP_1_1.to_vec()];
        Ok(Self { config: Arc::new(config), doubt })
    }
}

fn config(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<ServerConfig, Error> {
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    builder.with_no_client_auth().with_single_cert(chain, key)
}

fn in_words(error: Error) -> IdentityError {
    match error {
        Error::InvalidCertificate(error) => IdentityError::Certificate(words::of_certificate(&error)),
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            IdentityError::Key("the key is not that of the certificate".into())
        }
        other => IdentityError::Key(format!("the key can't be used: {other}")),
    }
}

/// rustls has no look at the dates of one's own certificate; but verifying it, with itself as the root, begins with them.
fn doubt(chain: &[CertificateDer<'_>]) -> Option<String> {
    let own = chain.first()?;
    let mut roots = RootCertStore::empty();
    roots.add(own.clone().into_owned()).ok()?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build().ok()?;
    let name = ServerName::try_from("localhost").ok()?;
    match verifier.verify_server_cert(own, &[], &name, &[], UnixTime::now()) {
        Err(Error::InvalidCertificate(
            error @ (CertificateError::ExpiredContext { .. } | CertificateError::NotValidYetContext { .. }),
        )) => Some(words::of_certificate(&error)),
        _ => None,
    }
}
