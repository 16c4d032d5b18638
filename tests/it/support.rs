//! What tests of several areas share.

use std::time::{Duration, Instant};

use async_std::task;

/// Far beyond what anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Tries until `attempt` gives something.
pub(crate) async fn eventually<T>(what: &str, mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = attempt().await {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "{what} did not come to pass within {PATIENCE:?}");
        task::sleep(Duration::from_millis(20)).await;
    }
}
