use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use async_std::{future::timeout, io::prelude::*, os::unix::net::UnixStream};
use serde_json::Value;

use super::{Command, Request};

/// Why a daemon gave no answer.
#[derive(Debug, thiserror::Error)]
#[error("ask the daemon at {}: {cause}", path.display())]
pub(crate) struct AskError {
    path: PathBuf,
    cause: Cause,
}

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("there is no such socket")]
    NotThere,
    #[error("nobody listens there; the daemon that made it has ended")]
    Ended,
    #[error(
        "permission denied; only the socket's owner and group get in: use sudo, or have yourself added to that group"
    )]
    Denied,
    #[error("no answer in {}", humantime::format_duration(*.0))]
    Late(Duration),
    #[error("it closed the connection without an answer")]
    Silent,
    #[error("its answer is not one JSON document: {0}")]
    NotJson(serde_json::Error),
    #[error("it refuses: {0}")]
    Refused(String),
    #[error(transparent)]
    Other(io::Error),
}

impl AskError {
    /// Nobody is there, as far as this path goes.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self.cause, Cause::NotThere | Cause::Ended)
    }
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NotThere,
            io::ErrorKind::ConnectionRefused => Self::Ended,
            io::ErrorKind::PermissionDenied => Self::Denied,
            _ => Self::Other(error),
        }
    }
}

/// Sends `command` to the daemon whose control socket is at `path` and waits for its answer.
pub(crate) async fn ask(path: &Path, command: Command, within: Duration) -> Result<Value, AskError> {
    let answer = timeout(within, exchange(path, command)).await.unwrap_or(Err(Cause::Late(within)));
    answer.map_err(|cause| AskError { path: path.to_owned(), cause })
}

async fn exchange(path: &Path, command: Command) -> Result<Value, Cause> {
    let mut daemon = UnixStream::connect(path).await?;
    let request = serde_json::to_string(&Request { command }).map_err(io::Error::from)?;
    daemon.write_all(format!("{request}\n").as_bytes()).await?;
    let mut answer = Vec::new();
    daemon.read_to_end(&mut answer).await?;
    if answer.is_empty() {
        return Err(Cause::Silent);
    }
    let answer: Value = serde_json::from_slice(&answer).map_err(Cause::NotJson)?;
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => Err(Cause::Refused(error.to_owned())),
        None => Ok(answer),
    }
}
