//! Name lookup. The system's resolver blocks a thread, can't be cancelled, and may take half a minute: a name is looked up
//! once at a time, whoever asks for it, and all lookups together leave most of those threads to other work.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    sync::{Arc, LazyLock},
};

use async_lock::Semaphore;
use async_std::task;

use crate::flights::Flights;

/// Lookups under way at once, of async-std's 500 threads for what blocks. Answers are decoded on those too.
const AT_ONCE: usize = 128;

type Found = Result<Arc<[SocketAddr]>, Arc<io::Error>>;

static TURNS: Semaphore = Semaphore::new(AT_ONCE);
static UNDER_WAY: LazyLock<Arc<Flights<(String, u16), Found>>> = LazyLock::new(Arc::default);

/// The addresses of `name`, each with `port`, in the system's order. Takes as long as the resolver does: the caller sets
/// the bound, and a lookup that outlives it serves those who ask next.
pub(crate) async fn look_up(name: &str, port: u16) -> Found {
    share(&UNDER_WAY, name, port, |name, port| Ok((name, port).to_socket_addrs()?.collect())).await
}

async fn share(
    under_way: &Arc<Flights<(String, u16), Found>>,
    name: &str,
    port: u16,
    resolve: impl FnOnce(&str, u16) -> io::Result<Arc<[SocketAddr]>> + Send + 'static,
) -> Found {
    let name = name.to_owned();
    let key = (name.clone(), port);
    let work = || async move {
        let _turn = TURNS.acquire().await;
        task::spawn_blocking(move || resolve(&name, port).map_err(Arc::new)).await
    };
    under_way.join(key, work).await
}

#[cfg(test)]
mod tests {
    use std::sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    };

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_name_that_hangs_takes_one_thread_however_often_it_is_asked_for() {
        let under_way = Arc::default();
        let threads = Arc::new(AtomicUsize::new(0));
        let (resolver, hung) = mpsc::channel::<()>();
        let hung = Arc::new(std::sync::Mutex::new(hung));
        let ask = |name| {
            let (threads, hung) = (Arc::clone(&threads), Arc::clone(&hung));
            share(&under_way, name, 80, move |_, port| {
                threads.fetch_add(1, Ordering::SeqCst);
                let _ = hung.lock().unwrap().recv();
                Ok(Arc::new([SocketAddr::from(([192, 0, 2, 1], port))]))
            })
        };
        for _ in 0..1000 {
            assert!(ask("hangs").now_or_never().is_none());
        }
        let mut waiting = Box::pin(ask("hangs"));
        assert!((&mut waiting).now_or_never().is_none());
        drop(resolver);
        assert_eq!(task::block_on(waiting).unwrap()[..], [SocketAddr::from(([192, 0, 2, 1], 80))]);
        assert_eq!(threads.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn an_address_and_a_name_that_is_none() {
        let found = task::block_on(look_up("127.0.0.1", 80)).unwrap();
        assert_eq!(found[..], [SocketAddr::from(([127, 0, 0, 1], 80))]);
        assert!(task::block_on(look_up("no such name", 80)).is_err());
    }
}
