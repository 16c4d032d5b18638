use std::sync::LazyLock;

use serde_json::Value as Json;
use toml::de::DeValue;
use url::Url;

use super::{Auth, Config, Fanout, IdleNode, Local, LocalNode, Log, Merge, Server, Tls, kind::Faults};

mod table;

pub use table::KEYS;

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
    /// What it means, in whole sentences, with code in backticks. The manual page, the README's table, both example files
    /// and the OpenAPI document say it in these words.
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
        let bounds = if bounds.is_empty() { bounds } else { format!(" Bounds: {bounds}.") };
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

    /// Its table and its name there, `fanout` and `timeout`.
    pub fn parts(&self) -> (&'static str, &'static str) {
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
        match local {
            LocalDraft { source: LocalSource::Http, url: Some(url), name } => {
                let name = if name.is_empty() { host_and_port(&url) } else { name };
                Self { node: Some(LocalNode { url, name }), idle: IdleNode::default() }
            }
            LocalDraft { url, name, .. } => Self { node: None, idle: IdleNode { url, name } },
        }
    }
}

fn host_and_port(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

impl From<Config> for Draft {
    fn from(config: Config) -> Self {
        let Config { server, local, fanout, merge, auth, tls, log } = config;
        let Local { node, idle: IdleNode { url, name } } = local;
        let local = match node {
            Some(LocalNode { url, name }) => LocalDraft { source: LocalSource::Http, url: Some(url), name },
            None => LocalDraft { source: LocalSource::None, url, name },
        };
        Self { server, local, fanout, merge, auth, tls, log }
    }
}
