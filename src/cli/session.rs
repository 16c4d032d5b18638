use std::{fs, io};

use super::args::SessionArgs;
use crate::fanout::Credentials;

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

/// The session to show, if one was given: `--session @FILE`, else the variable. A leading `admin_session=` is taken off,
/// as it comes along when the cookie is copied.
pub(super) fn credentials(args: &SessionArgs) -> Result<Credentials, SessionError> {
    let (from, text) = match &args.session {
        Some(named) => {
            let path = named.strip_prefix('@').ok_or(SessionError::NotAFile)?;
            let read = fs::read_to_string(path);
            (path.to_owned(), read.map_err(|cause| SessionError::Unreadable { path: path.into(), cause })?)
        }
        None => match std::env::var(VARIABLE) {
            Ok(text) if !text.trim().is_empty() => (format!("${VARIABLE}"), text),
            _ => return Ok(Credentials::default()),
        },
    };
    let value = text.trim();
    let value = value.strip_prefix("admin_session=").unwrap_or(value);
    let valid = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte));
    valid.then(|| Credentials::session(value)).ok_or(SessionError::Malformed(from))
}
