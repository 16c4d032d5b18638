use std::{sync::Weak, time::Duration};

use async_std::task;

use super::wire::Wire;
use crate::peers::Peer;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// With the jitter, 30 s.
const LONGEST_PAUSE: Duration = Duration::from_secs(24);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Probes a peer whose breaker is open, after growing, jittered pauses, until any HTTP answer closes it (SPEC §3).
///
/// Ends as well when nobody holds the peer any more, as a reload has dropped or changed its entry, and when an answer to
/// a call that was still in flight has closed the breaker: should it open again, that is another probe's.
pub(crate) async fn until_it_answers(peer: Weak<Peer>, wire: Wire) {
    let Some(opening) = peer.upgrade().map(|peer| peer.state.get().breaker.openings()) else { return };
    let mut pause = FIRST_PAUSE;
    loop {
        task::sleep(jittered(pause)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        let Some(peer) = peer.upgrade() else { return };
        if !peer.state.update(|memory| memory.breaker.start_probe(opening)) {
            return;
        }
        let answered = wire.probe(&peer.entry.url, PROBE_TIMEOUT).await;
        peer.state.update(|memory| if answered { memory.answered() } else { memory.breaker.probe_failed() });
        if answered {
            log::info!("{}: breaker closed, it answers again", peer.entry.entry);
            return;
        }
    }
}

/// Up to a quarter more than the pause, so that many daemons don't probe in step.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(1.0 + 0.25 * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_stay_between_one_second_and_thirty() {
        for _ in 0..1000 {
            assert!(jittered(FIRST_PAUSE) >= Duration::from_secs(1));
            assert!(jittered(LONGEST_PAUSE) <= Duration::from_secs(30));
        }
    }
}
