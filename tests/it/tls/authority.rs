//! Roots and certificates made at run time.

use std::{fs, path::Path};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};

/// Who signs certificates.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    pub(super) pem: String,
    key: String,
}

/// A certificate with its key, both as PEM.
pub(super) struct Pair {
    pub(super) chain: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        Self::of_hosts(name, &[], 2000, 4000)
    }

    /// One whose own certificate is for these names and addresses, too.
    pub(super) fn of_hosts(name: &str, hosts: &[&str], from: i32, to: i32) -> Self {
        let mut params = params(hosts, from, to);
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { key: key.serialize_pem(), issuer: Issuer::new(params, key), pem }
    }

    /// What it signs others with.
    pub(super) fn own_pair(&self) -> Pair {
        Pair { chain: self.pem.clone(), key: self.key.clone() }
    }

    /// A certificate for these names and addresses, good from the beginning of one year to that of another.
    pub(super) fn pair_for_years(&self, names: &[&str], from: i32, to: i32) -> Pair {
        let params = params(names, from, to);
        let key = KeyPair::generate().unwrap();
        Pair { chain: params.signed_by(&key, &self.issuer).unwrap().pem(), key: key.serialize_pem() }
    }

    /// The same, good for long.
    pub(super) fn pair(&self, names: &[&str]) -> Pair {
        self.pair_for_years(names, 2000, 4000)
    }
}

fn params(hosts: &[&str], from: i32, to: i32) -> CertificateParams {
    let hosts: Vec<_> = hosts.iter().map(|&host| host.to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
    params
}

impl Pair {
    /// As `cert.pem` and `key.pem`.
    pub(super) fn write(&self, folder: &Path) {
        fs::write(folder.join("cert.pem"), &self.chain).unwrap();
        fs::write(folder.join("key.pem"), &self.key).unwrap();
    }
}
