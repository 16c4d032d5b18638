//! Everything of a configuration that can fail to be built is built before it is applied.

use std::{fmt, sync::Arc};

use sha2::{Digest, Sha256};

use crate::{
    config::{Config, Loaded, NamedFiles, OpenError, Opened, Problem, Source, beside, is_open_to_others},
    http::{Identity, IdentityError, Trust},
    session::{Keys, Sessions, SigningKey},
};

/// Most characters of a bearer token.
const TOKEN_MAX: usize = 4096;

/// A checked configuration that is ready to be applied.
#[derive(Debug)]
pub struct Candidate {
    pub(crate) loaded: Loaded,
    /// The file; none where the configuration was made in the process.
    pub(crate) source: Option<Source>,
    pub(super) files: NamedFiles,
    pub(super) materials: Materials,
}

/// What is built from the files that a configuration names.
#[derive(Clone, Debug, Default)]
pub(super) struct Materials {
    pub(super) metrics_token: Option<Token>,
    /// With a signing key: callers' sessions are verified with it, and nodes are shown one of this daemon's own.
    pub(super) sessions: Option<Arc<Sessions>>,
    /// Whose certificates are believed of nodes.
    pub(super) trust: Trust,
    /// What callers are shown over TLS.
    pub(super) identity: Option<Identity>,
    /// What works, and is not as it should be; told in the log when it is applied.
    pub(super) warnings: Vec<String>,
}

impl Materials {
    fn build(loaded: &Loaded, files: &NamedFiles) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut take = |problem| problems.push(problem);
        let metrics_token = metrics_token(loaded, files).map_err(&mut take);
        let signing = key("auth.signing_key_file", loaded, files).map_err(&mut take);
        let previous = key("auth.previous_key_file", loaded, files).map_err(&mut take);
        let trust = trust(loaded, files).map_err(&mut take);
        let identity = identity(loaded, files).map_err(&mut take);
        match (metrics_token, signing, previous, trust, identity) {
            (Ok(metrics_token), Ok(signing), Ok(previous), Ok(trust), Ok(identity)) => {
                let sessions = signing.map(|signing| Arc::new(Sessions::new(Keys::new(signing, previous))));
                let doubt = identity.as_ref().and_then(|identity| identity.doubt.as_deref());
                let warnings = doubt.map(|doubt| format!("{CERTIFICATE}: {doubt}; callers will refuse it"));
                let warnings = warnings.into_iter().collect();
                Ok(Self { metrics_token, sessions, trust, identity, warnings })
            }
            _ => Err(problems),
        }
    }
}

const CERTIFICATE: &str = "server.tls_cert_file";
const PRIVATE_KEY: &str = "server.tls_key_file";

fn trust(loaded: &Loaded, files: &NamedFiles) -> Result<Trust, Problem> {
    const KEY: &str = "tls.ca_file";
    let Some(pem) = files.get(KEY) else { return Ok(Trust::default()) };
    Trust::with_roots(pem).map_err(|error| loaded.problem(KEY, error.to_string()))
}

fn identity(loaded: &Loaded, files: &NamedFiles) -> Result<Option<Identity>, Problem> {
    let (Some(chain), Some(key)) = (files.get(CERTIFICATE), files.get(PRIVATE_KEY)) else { return Ok(None) };
    Identity::from_pem(chain, key).map(Some).map_err(|error| match error {
        IdentityError::Certificate(told) => loaded.problem(CERTIFICATE, told),
        IdentityError::Key(told) => loaded.problem(PRIVATE_KEY, told),
    })
}

/// A key that others may read is used all the same: how it is kept is the host's matter.
fn warning_of_an_open_key(config: &Config, source: &Source) -> Option<String> {
    let path = beside(&source.path, config.server.tls_key_file.as_deref()?);
    let told = || format!("{PRIVATE_KEY}: everybody on this host may read {}", path.display());
    is_open_to_others(&path).then(told)
}

fn key(name: &'static str, loaded: &Loaded, files: &NamedFiles) -> Result<Option<SigningKey>, Problem> {
    let read = |bytes| SigningKey::parse(bytes).map_err(|error| loaded.problem(name, error.to_string()));
    files.get(name).map(read).transpose()
}

impl Candidate {
    /// Builds what the files hold that the configuration names.
    pub fn build(opened: Opened) -> Result<Self, OpenError> {
        let Opened { loaded, source, files } = opened;
        match Materials::build(&loaded, &files) {
            Ok(mut materials) => {
                materials.warnings.extend(warning_of_an_open_key(&loaded.config, &source));
                Ok(Self { loaded, source: Some(source), files, materials })
            }
            Err(problems) => Err(OpenError::Invalid { origin: source, problems }),
        }
    }
}

/// Without the files that it names: those are read by [`config::open`](crate::config::open) alone.
impl From<Loaded> for Candidate {
    fn from(loaded: Loaded) -> Self {
        Self { loaded, source: None, files: NamedFiles::default(), materials: Materials::default() }
    }
}

impl From<Config> for Candidate {
    fn from(config: Config) -> Self {
        Loaded::from(config).into()
    }
}

fn metrics_token(loaded: &Loaded, files: &NamedFiles) -> Result<Option<Token>, Problem> {
    const KEY: &str = "server.metrics_token_file";
    let Some(bytes) = files.get(KEY) else { return Ok(None) };
    let token = bytes.trim_ascii();
    let valid = (1..=TOKEN_MAX).contains(&token.len()) && token.iter().all(u8::is_ascii_graphic);
    let message = "the file has to hold the token alone: one line of visible ASCII characters without spaces";
    if valid { Ok(Some(Token::new(token))) } else { Err(loaded.problem(KEY, message)) }
}

/// A bearer token, kept as its hash: it can't be shown, and comparing takes the same time wherever it differs.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token([u8; 32]);

impl Token {
    pub(super) fn new(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}
