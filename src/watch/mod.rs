//! Stub.
use serde::Serialize;
use std::path::PathBuf;
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    Inotify,
    Poll,
}
pub(crate) struct Watch;
pub(crate) struct Hints;
impl Watch {
    pub(crate) fn start() -> (Self, Hints) {
        (Self, Hints)
    }
    pub(crate) fn follow(&mut self, _files: &[PathBuf]) {}
    pub(crate) fn mode(&self) -> Mode {
        Mode::Poll
    }
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}
impl Hints {
    pub(crate) async fn settled(&mut self) {
        std::future::pending().await
    }
}
