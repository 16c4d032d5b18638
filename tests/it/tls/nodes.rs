//! `https://` nodes: who is believed, and what is said of the others.

use std::{fs, net::SocketAddr, sync::Arc};

use async_std::{net::TcpListener, task};
use keyviz_fanout::{
    api::{Candidate, Service},
    config::open,
    fanout::{CLUSTER_PATH, MATRIX_PATH},
    http::{Identity, ServeOptions, serve},
    matrix,
};
use tide::{Response, StatusCode};

use super::authority::{Authority, Pair};
use crate::daemon::{Daemon, sample};

/// A node with the sample of this number, over TLS with a pair, in the clear without. It serves until the end of the tests.
fn node(number: u8, pair: Option<&Pair>) -> SocketAddr {
    let identity = pair.map(|pair| Identity::from_pem(pair.chain.as_bytes(), pair.key.as_bytes()).unwrap().config);
    let mut app = tide::new();
    app.at(MATRIX_PATH).get(move |_| async move { Ok(json(matrix::encode(&sample(number)))) });
    app.at(CLUSTER_PATH).get(move |_| async move { Ok(json(format!(r#"{{"node_id":"n{number}","groups":[]}}"#))) });
    let listener = task::block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let options = move || ServeOptions { tls: identity.as_ref().map(Arc::clone), ..ServeOptions::default() };
    task::spawn(serve(listener, app, options, std::future::pending()));
    address
}

fn json(body: impl Into<tide::Body>) -> Response {
    Response::builder(StatusCode::Ok).body(body).content_type("application/json").build()
}

/// A daemon that believes `authority`, over these entries.
fn daemon(authority: &Authority, peers: &[String], more: &str) -> Daemon {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(folder.path().join("roots.pem"), &authority.pem).unwrap();
    fs::write(&file, format!("tls.ca_file = 'roots.pem'\nfanout.peers = {peers:?}\n{more}")).unwrap();
    let candidate = Candidate::build(open(Some(&file), &|_| None).unwrap()).unwrap();
    Daemon { service: Service::builder(candidate).build() }
}

/// Longer than the slowest test machine takes for a handshake.
const LONG: &str = "fanout.timeout = '1m'\nfanout.connect_timeout = '20s'\n";

#[test]
fn a_node_is_believed_by_its_name_and_by_its_address() {
    let authority = Authority::new("roots");
    let (named, addressed) = (authority.pair(&["localhost"]), authority.pair(&["127.0.0.1"]));
    let (named, addressed) = (node(1, Some(&named)), node(2, Some(&addressed)));
    let peers = [format!("https://localhost:{}", named.port()), format!("https://{addressed}")];
    let answer = daemon(&authority, &peers, LONG).matrix("");
    answer.assert_merge_of(&[&sample(1), &sample(2)]);
    answer.assert_responded(2, 2);
}

#[test]
fn a_node_that_is_not_believed_fails_with_the_cause_and_its_breaker_counts_it() {
    let (authority, stranger) = (Authority::new("roots"), Authority::new("a stranger's roots"));
    let here = "127.0.0.1";
    for (pair, cause) in [
        (Some(authority.pair_for_years(&[here], 2000, 2001)), "the certificate expired at 2001-01-01T00:00:00Z"),
        (
            Some(authority.pair_for_years(&[here], 3000, 4000)),
            "the certificate is not valid before 3000-01-01T00:00:00Z",
        ),
        (Some(authority.pair(&["a.example", "10.0.0.1"])), "the certificate is for a.example, 10.0.0.1, not 127.0.0.1"),
        (Some(stranger.pair(&[here])), "the certificate is issued by none of the roots that are trusted"),
        (
            Some(Authority::of_hosts("another", &[here], 2000, 4000).own_pair()),
            "the certificate is an authority's own (CA:TRUE), not one that it has signed for a host; tls.ca_file may name it \
             to have it believed all the same",
        ),
        (Some(authority.own_pair()), "the certificate is for no host at all, not 127.0.0.1"),
        (None, "the answer is not TLS; the port may speak plain HTTP"),
    ] {
        let address = node(1, pair.as_ref());
        let entry = format!("https://{address}");
        let daemon = daemon(&authority, std::slice::from_ref(&entry), &format!("{LONG}fanout.breaker_failures = 1\n"));
        let (reason, error) = daemon.matrix("").failure(&entry);
        assert_eq!((reason.as_str(), error), ("tls", format!("no TLS with {address}: {cause}")));
        let (reason, error) = daemon.matrix("").failure(&entry);
        assert!(reason == "breaker_open" && error.contains(cause), "{reason}: {error}");
    }
}

/// As `openssl req -x509` makes it.
#[test]
fn a_node_that_shows_the_certificate_of_the_file_itself_is_believed_by_its_name_within_its_time() {
    let own = |hosts: &[&str], to: i32| Authority::of_hosts("one for all", hosts, 2000, to);
    for (authority, cause) in [
        (own(&["127.0.0.1"], 4000), None),
        (own(&["a.example"], 4000), Some("the certificate is for a.example, not 127.0.0.1")),
        (own(&["127.0.0.1"], 2001), Some("the certificate expired at 2001-01-01T00:00:00Z")),
    ] {
        let address = node(1, Some(&authority.own_pair()));
        let entry = format!("https://{address}");
        let answer = daemon(&authority, std::slice::from_ref(&entry), LONG).matrix("");
        match cause {
            None => answer.assert_merge_of(&[&sample(1)]),
            Some(cause) => assert_eq!(answer.failure(&entry).1, format!("no TLS with {address}: {cause}")),
        }
    }
}

#[test]
fn another_authoritys_own_certificate_of_the_same_names_is_not_believed() {
    let authority = Authority::of_hosts("one for all", &["127.0.0.1"], 2000, 4000);
    let another = Authority::of_hosts("one for all", &["127.0.0.1"], 2000, 4000);
    let address = node(1, Some(&another.own_pair()));
    let entry = format!("https://{address}");
    let (reason, error) = daemon(&authority, std::slice::from_ref(&entry), LONG).matrix("").failure(&entry);
    assert!(reason == "tls" && error.contains("an authority's own (CA:TRUE)"), "{reason}: {error}");
}

#[test]
fn a_node_that_never_ends_its_handshake_costs_the_connect_timeout() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let entry = format!("https://{}", silent.local_addr().unwrap());
    let limits = "fanout.timeout = '1m'\nfanout.connect_timeout = '100ms'\n";
    let answer = daemon(&Authority::new("roots"), std::slice::from_ref(&entry), limits).matrix("");
    let (reason, error) = answer.failure(&entry);
    assert!(reason == "tls" && error.ends_with("the handshake was not over within 100ms"), "{reason}: {error}");
}
