//! What goes wrong with TLS, in words for the operator of the other side.

use std::io;

use futures_rustls::{
    pki_types::UnixTime,
    rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible},
};
use jiff::Timestamp;

use super::pinned::is_authoritys_own;

/// Most names of a certificate that are told.
const NAMES_TOLD: usize = 3;

const AUTHORITYS_OWN: &str = "the certificate is an authority's own (CA:TRUE), not one that it has signed for a host; \
                              tls.ca_file may name it to have it believed all the same";

/// Why a handshake failed.
pub(in crate::http) fn broken_handshake(error: &io::Error) -> String {
    match (of_io(error), error.kind()) {
        (Some(told), _) => told,
        (None, io::ErrorKind::UnexpectedEof) => {
            "the connection closed within the handshake; the port may not speak TLS".into()
        }
        (None, _) => format!("the connection broke within the handshake: {error}"),
    }
}

/// What rustls says inside an error of its stream.
pub(in crate::http) fn of_io(error: &io::Error) -> Option<String> {
    error.get_ref()?.downcast_ref().map(of_tls)
}

fn of_tls(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => of_certificate(error),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the answer is not TLS; the port may speak plain HTTP".into()
        }
        Error::AlertReceived(AlertDescription::ProtocolVersion)
        | Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => {
            "there is no version of TLS that both sides speak, of 1.2 and 1.3".into()
        }
        Error::AlertReceived(alert) => format!("the other side refuses with the alert {alert:?}"),
        other => other.to_string(),
    }
}

/// What is wrong with a certificate.
pub(super) fn of_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the certificate expired at {}", date(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("the certificate is not valid before {}", date(*not_before))
        }
        CertificateError::UnknownIssuer => "the certificate is issued by none of the roots that are trusted".into(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            format!("the certificate is for {}, not {}", names(presented), expected.to_str())
        }
        // What `openssl req -x509` makes unless told otherwise.
        error if is_authoritys_own(error) => AUTHORITYS_OWN.into(),
        other => format!("the certificate is not accepted: {other}"),
    }
}

/// webpki writes a name as `DnsName("a.example")` or `IpAddress(127.0.0.1)`.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| {
        let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
        inner.trim_matches('"').to_owned()
    };
    let told: Vec<_> = presented.iter().take(NAMES_TOLD).map(bare).collect();
    match presented.len().saturating_sub(NAMES_TOLD) {
        _ if told.is_empty() => "no host at all".into(),
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

fn date(at: UnixTime) -> String {
    let second = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(second).map_or_else(|_| format!("second {second}"), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_bare_and_not_all() {
        let dns = |name: &str| format!("DnsName({name:?})");
        assert_eq!(names(&[dns("a.example"), "IpAddress(127.0.0.1)".into()]), "a.example, 127.0.0.1");
        let many: Vec<_> = (0..5).map(|number| dns(&number.to_string())).collect();
        assert_eq!(names(&many), "0, 1, 2 and 2 more");
        assert_eq!(names(&[]), "no host at all");
    }
}
