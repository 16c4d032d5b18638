use std::{fs, io};

use jiff::Timestamp;

use super::args::SessionArgs;
use crate::{
    config::{Opened, beside, read_secret},
    fanout::Credentials,
    session::{Keys, SigningKey},
};

/// Most bytes of a key's file.
const KEY_FILE_MAX: u64 = 4096;

/// Where a session's value may come from, except the command line, which every user of the host can read.
pub(super) const VARIABLE: &str = "KEYVIZ_SESSION";

#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("--session takes @FILE: the cookie's value itself would show in the list of processes")]
    NotAFile,
    #[error("read the session from {path}: {cause}")]
    Unreadable { path: String, cause: io::Error },
    #[error(
        "the session from {0} is not the value of a cookie: one line of visible ASCII without spaces, \" , ; or \\"
    )]
    Malformed(String),
}

/// The session to show: the one that was given, else one made here where the cluster's key may be read, else none.
/// `opened` is the configuration, where it could be read.
pub(super) fn credentials(args: &SessionArgs, opened: Option<&Opened>) -> Result<Credentials, SessionError> {
    Ok(given(args)?.or_else(|| minted(opened?)).unwrap_or_default())
}

/// `--session @FILE`, else the variable. A leading `admin_session=` is taken off, as it comes along when the cookie is
/// copied.
fn given(args: &SessionArgs) -> Result<Option<Credentials>, SessionError> {
    let (from, text) = match &args.session {
        Some(named) => {
            let path = named.strip_prefix('@').ok_or(SessionError::NotAFile)?;
            let read = fs::read_to_string(path);
            (path.to_owned(), read.map_err(|cause| SessionError::Unreadable { path: path.into(), cause })?)
        }
        None => match std::env::var(VARIABLE) {
            Ok(text) if !text.trim().is_empty() => (format!("${VARIABLE}"), text),
            _ => return Ok(None),
        },
    };
    let value = text.trim();
    let value = value.strip_prefix("admin_session=").unwrap_or(value);
    let valid = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte));
    valid.then(|| Some(Credentials::session(value))).ok_or(SessionError::Malformed(from))
}

/// By `auth.signing_key_file`. Whoever may not read it has to bring a session, and is told so by who asks for one.
fn minted(Opened { loaded, source, .. }: &Opened) -> Option<Credentials> {
    let path = beside(&source.path, loaded.config.auth.signing_key_file.as_deref()?);
    let key = SigningKey::parse(&read_secret(&path, KEY_FILE_MAX).ok()?).ok()?;
    let (session, _) = Keys::new(key, None).mint(Timestamp::now().as_second());
    Some(Credentials::session(session))
}
