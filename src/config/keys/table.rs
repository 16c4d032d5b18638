//! All keys of the file.

use super::{Key, LocalSource, Reload};
use crate::config::{
    AuthMode, Dedupe,
    kind::{
        About, Choice, File, Filter, Flag, Hosts, Int, Kind, Listen, Name, NodeUrl, Peers, Size, Socket, Span, StepKind,
    },
};

const SECOND_MS: u64 = 1000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const KIB: u64 = 1 << 10;
const GIB: u64 = 1 << 30;

/// A key's name is the path of its field in [`Draft`], so the two can't part.
macro_rules! keys {
    ($($table:ident.$key:ident: $kind:expr, $reload:ident, $meaning:literal;)*) => {
        /// Every key of SPEC §5, in its order. Reading, unknown-key suggestions, introspection and the documentation's
        /// tests are driven from here.
        pub static KEYS: &[Key] = &[$(Key {
            name: concat!(stringify!($table), ".", stringify!($key)),
            reload: Reload::$reload,
            meaning: $meaning,
            about: || ($kind.word(), $kind.bounds()),
            schema: || $kind.schema(),
            read: |draft, value| {
                draft.$table.$key = $kind.read(value)?;
                Ok(())
            },
            show: |draft| $kind.show(&draft.$table.$key),
            copy: |draft, from| draft.$table.$key.clone_from(&from.$table.$key),
        }),*];
    };
}

keys! {
    server.listen: Listen, Restart,
        "Where the page and the API are served. Loopback alone, because session cookies travel in plain HTTP: name a \
         certificate to reach it from elsewhere. Port 0 takes a free port.";
    server.control_socket: Socket, Restart,
        "A Unix socket for `keyviz-fanout reload`, which waits for an edit to be taken, and `keyviz-fanout status`. \
         Only the daemon's user and group get in. Empty: none. `systemctl reload` of the package takes \
         `/run/keyviz-fanout/control.sock`.";
    server.tls_cert_file: File, Live,
        "PEM certificate chain, its own first; with `server.tls_key_file`, HTTPS alone is served. Renewed files are \
         taken as an edit is, connections that are open go on, and a certificate that has expired is used with a \
         warning.";
    server.tls_key_file: File, Live,
        "The private key of the certificate as PEM, unencrypted: PKCS#8, PKCS#1 or SEC1.";
    server.allow_insecure: Flag, Live,
        "Needed to listen beyond loopback in plain HTTP, where session cookies can be read on their way, and there \
         for `auth.mode = \"none\"`.";
    server.metrics_token_file: File, Live,
        "A file with a bearer token that opens `/metrics` beyond loopback to a scraper without a session. A new \
         token is taken as an edit is.";
    server.allowed_hosts: Hosts, Live,
        "Names in the `Host` header that are answered besides this host's own, such as that of a proxy in front; \
         others get 421, so that a page of another site can't reach the API through a name of its own (DNS \
         rebinding).";
    server.max_connections: Int(1, 65_535), Live,
        "Connections open at once. At the limit the one that has waited longest for a request, a second at least, \
         makes way for a newcomer, who else gets 503, or the answer if it asks for health. Fewer are taken, with a \
         warning, where the process may open too few files (`LimitNOFILE=`, `ulimit -n`).";
    server.shutdown_grace: Span(0, 24 * HOUR_MS), Live,
        "Time for requests in flight to finish on SIGTERM.";
    local.source: Choice(&[("http", LocalSource::Http), ("none", LocalSource::None)]), Live,
        "`\"http\"`: there is a node on this host, at `local.url`; `\"none\"`: ask the peers alone. A file that \
         names neither a node nor a peer is refused, for there would be nobody to ask.";
    local.url: NodeUrl, Live,
        "That node's admin address, `http://host:port` or `https://…`.";
    local.name: Name, Live,
        "Its name in the answer; empty takes host:port of the URL.";
    fanout.peers: Peers, Live,
        "All nodes of the cluster, this one too: the same list fits every host, and the entry that is this node is \
         recognized. `host:port`, `[v6]:port`, `http://…` or `https://…`; no path, query or user name.";
    fanout.timeout: Span(10, 5 * MINUTE_MS), Live,
        "One deadline for everything about a peer, from name lookup to the last byte. It bounds how long a dead peer \
         can delay an answer.";
    fanout.connect_timeout: Span(1, 5 * MINUTE_MS), Live,
        "How much of it lookup and connecting may take, at most `fanout.timeout`. When not set, the smaller of 500ms \
         and `fanout.timeout`.";
    fanout.body_cap: Size(KIB, 4 * GIB), Live,
        "Bytes read of one answer; a peer that sends more is left out.";
    fanout.memory_budget: Size(KIB, 1024 * GIB), Live,
        "Bytes of nodes' answers in memory together, of what they are decoded to, and of answers that clients have \
         still to read, each, at least `fanout.body_cap`. Peers over it wait their turn, and one request at a time \
         goes on. The process takes three times as much at most, 512 MiB of buffers that are used again or freed \
         within seconds, and what one request alone needs on top.";
    fanout.max_cells: Int(1024, 1 << 31), Live,
        "Merged rows × columns of one answer.";
    fanout.max_concurrent: Int(1, 1024), Live,
        "Calls at once for one request.";
    fanout.row_limit: Int(1, 65_536), Live,
        "Rows asked of every node; a node of elastickv sends 1,024 at most. More than the page shows, because a row \
         that is hot in the cluster may not be among the hottest of each node.";
    fanout.breaker_failures: Int(0, 0xffff_ffff), Live,
        "Failures in a row to reach a peer after which it is no longer waited for, until a probe finds it back; 0: \
         never.";
    merge.step: StepKind, Live,
        "Width of a column: `\"auto\"` takes the nodes' own step, `\"off\"` makes each timestamp a column, or a \
         duration.";
    merge.dedupe: Choice(&[("window", Dedupe::Window), ("slot", Dedupe::Slot)]), Live,
        "Which windows of two nodes count the same writes: those with the same timestamp (`\"window\"`), or with the \
         same place on each node's own grid (`\"slot\"`), which undercounts writes that several nodes dispatched.";
    auth.mode: Choice(&[("forward", AuthMode::Forward), ("mint", AuthMode::Mint), ("none", AuthMode::None)]), Live,
        "`\"forward\"`: the caller's session goes to the nodes, and they decide; `\"mint\"`: the session is checked \
         here, and nodes are shown one of the daemon's own, read-only and good for a minute, so that no user's cookie \
         leaves this host; `\"none\"`: whoever reaches the port may read.";
    auth.signing_key_file: File, Live,
        "The cluster's session signing key, base64 of 64 bytes; mode 0640 at most. Needed for `\"mint\"`; with \
         `\"none\"`, nodes are shown a session then. A new key is taken as an edit is.";
    auth.previous_key_file: File, Live,
        "A key that still verifies sessions, while keys are changed.";
    tls.ca_file: File, Live,
        "PEM file with roots that `https://` nodes are believed under besides those of the system, or with a node's \
         certificate that is signed by itself; TLS 1.2 or later, and the certificate has to be for the host as it is \
         written.";
    log.level: Filter, Live,
        "A level (`off`, `error`, `warn`, `info`, `debug`, `trace`), or a filter such as \
         `\"warn,keyviz_fanout=debug\"`; `RUST_LOG` wins over it.";
}
