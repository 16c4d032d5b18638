//! Everything of a configuration that can fail to be built is built before it is applied.

use std::{fmt, sync::Arc};

use sha2::{Digest, Sha256};

use crate::{
    config::{Config, Loaded, NamedFiles, OpenError, Opened, Problem, Source},
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
}

impl Materials {
    fn build(loaded: &Loaded, files: &NamedFiles) -> Result<Self, Vec<Problem>> {
        let (mut problems, metrics_token) = (Vec::new(), metrics_token(loaded, files));
        let (signing, previous) =
            (key("auth.signing_key_file", loaded, files), key("auth.previous_key_file", loaded, files));
        let mut take = |problem| problems.push(problem);
        let metrics_token = metrics_token.map_err(&mut take);
        let (signing, previous) = (signing.map_err(&mut take), previous.map_err(&mut take));
        match (metrics_token, signing, previous) {
            (Ok(metrics_token), Ok(signing), Ok(previous)) => {
                let sessions = signing.map(|signing| Arc::new(Sessions::new(Keys::new(signing, previous))));
                Ok(Self { metrics_token, sessions })
            }
            _ => Err(problems),
        }
    }
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
            Ok(materials) => Ok(Self { loaded, source: Some(source), files, materials }),
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
