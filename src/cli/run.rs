use std::path::Path;

use async_std::task;

use super::{
    CONFIG, Ended, USAGE,
    daemon::{Daemon, File, take_signals},
    environment, logging,
};
use crate::{
    api::Candidate,
    config::{OpenError, Pipes, discover, open_found},
};

/// `keyviz-fanout run`: serves until it is told to end.
pub(super) fn run(config: Option<&Path>) -> Result<u8, Ended> {
    // First of all: a SIGHUP that comes before would end the process as if that had been meant.
    let signals = take_signals()?;
    let mut found = discover(config, &environment).map_err(|error| Ended::new(USAGE, error))?;
    // What is watched and shown must not depend on the folder that the daemon was started in.
    for path in found.searched.iter_mut().chain([&mut found.path]) {
        *path = std::path::absolute(&*path).unwrap_or_else(|_| path.clone());
    }
    let candidate = open_found(found.clone(), &environment, Pipes::Refuse).and_then(Candidate::build)?;
    let level = logging::start(&candidate.loaded.config.log.level);
    logging::warn_of_an_ignored_variable();
    task::block_on(async {
        let path = found.path.display().to_string();
        let daemon = Daemon::bind(candidate, signals, Some(File { found, level })).await?;
        let peers = daemon.service.snapshot().peers.len();
        let scheme = if daemon.service.tls().is_some() { "https" } else { "http" };
        log::info!("listening on {scheme}://{}, fanout.peers: {peers}, configuration: {path}", daemon.address);
        Ok(daemon.serve().await)
    })
}

/// Every problem of a configuration that can't be used.
impl From<OpenError> for Ended {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Invalid { origin, problems } => {
                let lines: Vec<_> = problems.iter().map(|problem| problem.in_file(&origin.path).to_string()).collect();
                let path = origin.path.display();
                Self::new(CONFIG, format!("{path} is not valid\n{}", lines.join("\n")))
            }
            OpenError::NotFound(_) | OpenError::Unreadable(_) => Self::new(USAGE, error),
        }
    }
}
