use std::{io::IsTerminal, time::Duration};

use async_std::{future::timeout, task};
use indicatif::{ProgressBar, ProgressStyle};

/// Waits for `work`; on a terminal, shows what is waited for once that takes longer than a second.
pub(super) fn wait_for<T>(what: &str, work: impl Future<Output = T>) -> T {
    task::block_on(async {
        let mut work = std::pin::pin!(work);
        if !std::io::stderr().is_terminal() {
            return work.await;
        }
        if let Ok(done) = timeout(Duration::from_secs(1), &mut work).await {
            return done;
        }
        let spinner = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            spinner.set_style(style);
        }
        spinner.set_message(what.to_owned());
        spinner.enable_steady_tick(Duration::from_millis(100));
        let done = work.await;
        spinner.finish_and_clear();
        done
    })
}
