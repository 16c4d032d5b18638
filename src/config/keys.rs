use std::sync::LazyLock;

use serde_json::Value as Json;
use toml::de::DeValue;
use url::Url;

use super::{
    Auth, AuthMode, Config, Dedupe, Fanout, Local, LocalNode, Log, Merge, Server, Tls,
    kind::{
        About, Choice, Faults, File, Filter, Flag, Hosts, Int, Kind, Listen, Name, NodeUrl, Peers, Size, Socket, Span,
        StepKind,
    },
};

const SECOND_MS: u64 = 1000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const KIB: u64 = 1 << 10;
const GIB: u64 = 1 << 30;

/// What a change of a key needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// Nothing: it holds from the next request on.
    Live,
    /// A restart.
    Restart,
}

/// A key of the file: all that is known of it, stated once. See [`KEYS`].
#[derive(Debug)]
pub struct Key {
    /// Table and key, `fanout.timeout`.
    pub name: &'static str,
    /// What a change needs.
    pub reload: Reload,
    /// What it means, in a line.
    pub meaning: &'static str,
    about: fn() -> (String, String),
    schema: fn() -> Json,
    read: fn(&mut Draft, &DeValue<'_>) -> Result<(), Faults>,
    show: fn(&Draft) -> Json,
    copy: fn(&mut Draft, &Draft),
}

impl Key {
    /// Its type in a word or two: `duration`, `"window" or "slot"`.
    pub fn kind(&self) -> String {
        (self.about)().0
    }

    /// What a value of this type must also hold to, `10ms…5m`; may be empty.
    pub fn bounds(&self) -> String {
        (self.about)().1
    }

    /// The JSON Schema of its value as the file would have it, with its meaning, bounds and default.
    pub(super) fn schema(&self) -> Json {
        let bounds = self.bounds();
        let bounds = if bounds.is_empty() { bounds } else { format!("; {bounds}") };
        let mut schema = (self.schema)();
        schema["description"] = format!("{}{bounds}", self.meaning).into();
        schema["default"] = self.default_value();
        schema
    }

    /// The default, as the file would have it.
    pub fn default_value(&self) -> Json {
        self.show(&DEFAULTS)
    }

    /// Reads the key's value into the draft.
    pub(super) fn read(&self, draft: &mut Draft, value: &DeValue<'_>) -> Result<(), Faults> {
        (self.read)(draft, value)
    }

    /// The value as the file would have it.
    pub(super) fn show(&self, draft: &Draft) -> Json {
        (self.show)(draft)
    }

    /// Gives the key the value it has in `from`.
    pub(super) fn copy(&self, draft: &mut Draft, from: &Draft) {
        (self.copy)(draft, from);
    }

    /// `fanout` and `timeout`.
    pub(super) fn parts(&self) -> (&'static str, &'static str) {
        self.name.split_once('.').unwrap_or(("", self.name))
    }
}

static DEFAULTS: LazyLock<Draft> = LazyLock::new(Draft::default);

/// The key of that name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The tables, in the order of [`KEYS`].
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    KEYS.chunk_by(|a, b| a.parts().0 == b.parts().0).map(|keys| keys[0].parts().0)
}

/// The configuration key by key, each checked alone; `rules` checks them together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) server: Server,
    pub(super) local: LocalDraft,
    pub(super) fanout: Fanout,
    pub(super) merge: Merge,
    pub(super) auth: Auth,
    pub(super) tls: Tls,
    pub(super) log: Log,
}

/// `[local]` as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LocalDraft {
    pub(super) source: LocalSource,
    pub(super) url: Option<Url>,
    pub(super) name: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LocalSource {
    #[default]
    None,
    Http,
}

impl From<Draft> for Config {
    fn from(draft: Draft) -> Self {
        let Draft { server, local, fanout, merge, auth, tls, log } = draft;
        Self { server, local: local.into(), fanout, merge, auth, tls, log }
    }
}

impl From<LocalDraft> for Local {
    fn from(local: LocalDraft) -> Self {
        let url = local.url.filter(|_| local.source == LocalSource::Http);
        let named = |url: Url| {
            let name = if local.name.is_empty() { host_and_port(&url) } else { local.name };
            LocalNode { url, name }
        };
        Self { node: url.map(named) }
    }
}

fn host_and_port(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

impl From<Config> for Draft {
    fn from(config: Config) -> Self {
        let Config { server, local, fanout, merge, auth, tls, log } = config;
        let local = local.node.map_or_else(LocalDraft::default, |node| LocalDraft {
            source: LocalSource::Http,
            url: Some(node.url),
            name: node.name,
        });
        Self { server, local, fanout, merge, auth, tls, log }
    }
}

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
    server.listen: Listen, Restart, "address to listen on; port 0 takes a free one";
    server.control_socket: Socket, Restart, "Unix socket for `reload` and `status`";
    server.tls_cert_file: File, Live, "PEM certificate chain; with the key, serve HTTPS";
    server.tls_key_file: File, Live, "PEM private key";
    server.allow_insecure: Flag, Live, "allow plain HTTP, or no authorization, beyond loopback";
    server.metrics_token_file: File, Live, "a bearer token that opens /metrics";
    server.allowed_hosts: Hosts, Live, "Host headers answered besides this host's own";
    server.max_connections: Int(1, 65_535), Live, "most connections open at once";
    server.shutdown_grace: Span(0, 24 * HOUR_MS), Live, "time to drain on SIGTERM";
    local.source: Choice(&[("http", LocalSource::Http), ("none", LocalSource::None)]), Live, "is there a node on this host?";
    local.url: NodeUrl, Live, "that node's admin address";
    local.name: Name, Live, "its name in the answer; host:port of the URL when empty";
    fanout.peers: Peers, Live, "the nodes to ask";
    fanout.timeout: Span(10, 5 * MINUTE_MS), Live, "one deadline over everything for a peer";
    fanout.connect_timeout: Span(1, 5 * MINUTE_MS), Live, "bound on name lookup and connect within it";
    fanout.body_cap: Size(KIB, 4 * GIB), Live, "most bytes read of one answer";
    fanout.memory_budget: Size(KIB, 1024 * GIB), Live, "most bytes of answers in flight together";
    fanout.max_cells: Int(1024, 1 << 31), Live, "most merged rows × columns";
    fanout.max_concurrent: Int(1, 1024), Live, "most calls in flight in one request";
    fanout.row_limit: Int(1, 65_536), Live, "rows asked of every node";
    fanout.breaker_failures: Int(0, 0xffff_ffff), Live, "failures in a row that open a peer's breaker; 0 never does";
    merge.step: StepKind, Live, "width of a merged column";
    merge.dedupe: Choice(&[("window", Dedupe::Window), ("slot", Dedupe::Slot)]), Live, "what makes two nodes' windows the same";
    auth.mode: Choice(&[("forward", AuthMode::Forward), ("mint", AuthMode::Mint), ("none", AuthMode::None)]), Live, "who may read";
    auth.signing_key_file: File, Live, "the cluster's session key";
    auth.previous_key_file: File, Live, "a session key that still verifies";
    tls.ca_file: File, Live, "extra roots for https:// peers";
    log.level: Filter, Live, "env_logger filter; RUST_LOG wins";
}
