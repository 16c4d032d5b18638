//! More connections than there are places: who makes way, who is refused, and what is answered all the same.

use std::{sync::Arc, time::Duration};

use async_std::{channel::Sender, io::WriteExt, net::TcpStream, task};
use futures_util::future::join_all;
use keyviz_fanout::http::{ServeOptions, Tally};

use super::{BIG, Server, assert_refused, body, get, header, limits::waiting_app, options, read_all, read_one, run};
use crate::support::eventually;

/// As long as a connection is safe that waits for nothing, and a little more.
const NO_LONGER_YOUNG: Duration = Duration::from_millis(1200);

/// Room for so many.
fn room_for(max_connections: usize) -> (impl Fn() -> ServeOptions + Send + Sync + 'static, Arc<Tally>) {
    let tally = Arc::new(Tally::default());
    let shared = Arc::clone(&tally);
    let options = move || ServeOptions {
        max_connections,
        header_timeout: Duration::from_mins(10),
        always_answered: &["/hello"],
        tally: Arc::clone(&shared),
        ..options()
    };
    (options, tally)
}

impl Server {
    /// Connections that have sent `start` and go on to send nothing.
    async fn crowd(&self, size: usize, start: &str) -> Vec<TcpStream> {
        let one = async || {
            let mut stream = self.connect().await;
            stream.write_all(start.as_bytes()).await.unwrap();
            stream
        };
        join_all((0..size).map(|_| one())).await
    }

    /// A connection that was answered and stays.
    async fn idle(&self) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        assert_eq!(body(&read_one(&mut stream).await), "hello");
        stream
    }

    /// Whoever comes is answered by the app, if not at once.
    async fn assert_serves_all(&self, callers: usize) {
        for _ in 0..callers {
            let asked =
                async || Some(self.exchange(get("/url")).await).filter(|answer| answer.starts_with("HTTP/1.1 200"));
            eventually("an answer", asked).await;
        }
    }
}

#[test]
fn half_open_connections_and_heads_that_stop_keep_nobody_out() {
    run(async {
        let (options, tally) = room_for(20);
        let server = Server::start(options).await;
        let _silent = server.crowd(200, "").await;
        let _begun = server.crowd(200, "GET /hello HTTP/1.1\r\nHost: local").await;
        task::sleep(NO_LONGER_YOUNG).await;
        server.assert_serves_all(30).await;
        assert!(tally.evicted.get() > 0);
        assert!(tally.open.get() <= 20);
    });
}

#[test]
fn a_crowd_that_keeps_coming_keeps_nobody_out() {
    run(async {
        let (options, _) = room_for(50);
        let server = Server::start(options).await;
        let address = server.address;
        let crowd = task::spawn(async move {
            let mut held = Vec::new();
            loop {
                held.push(TcpStream::connect(address).await);
                task::sleep(Duration::from_millis(20)).await;
            }
        });
        task::sleep(NO_LONGER_YOUNG).await;
        server.assert_serves_all(100).await;
        crowd.cancel().await;
    });
}

#[test]
fn a_byte_now_and_then_makes_a_head_no_younger() {
    run(async {
        let (options, tally) = room_for(2);
        let server = Server::start(options).await;
        let trickle = async |mut stream: TcpStream| {
            while stream.write_all(b"x").await.is_ok() {
                task::sleep(Duration::from_millis(20)).await;
            }
        };
        let slow = join_all(server.crowd(2, "GET /hello HTTP/1.1\r\nX-Filler: ").await.into_iter().map(trickle));
        let callers = async {
            task::sleep(NO_LONGER_YOUNG).await;
            // One after the other takes the place of a slow one, and stays for longer than that.
            (server.idle().await, server.idle().await)
        };
        let (_, _idle) = futures_util::future::join(slow, callers).await;
        assert_eq!(tally.evicted.get(), 2);
    });
}

#[test]
fn idle_connections_make_way_and_busy_ones_never_do() {
    run(async {
        let (app, go, entered) = waiting_app();
        let (options, tally) = room_for(3);
        let server = Server::with_app(app, options).await;
        let mut busy = server.connect().await;
        busy.write_all(get("/wait").as_bytes()).await.unwrap();
        entered.recv().await.unwrap();
        let (mut longest, mut shorter) = (server.idle().await, server.idle().await);
        task::sleep(NO_LONGER_YOUNG).await;
        // Asked again, it waits for a request since now.
        longest.write_all(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        read_one(&mut longest).await;
        let _newcomer = server.idle().await;
        assert_eq!(read_all(&mut shorter).await, "", "this one waited longest");
        assert_eq!(tally.evicted.get(), 1);
        go.send(()).await.unwrap();
        assert_eq!(body(&read_all(&mut busy).await), "waited");
    });
}

#[test]
fn an_answer_that_is_being_read_is_cut_for_nobody() {
    run(async {
        let (options, tally) = room_for(1);
        let server = Server::start(options).await;
        let mut reader = server.connect().await;
        reader.write_all(get("/big").as_bytes()).await.unwrap();
        task::sleep(NO_LONGER_YOUNG).await;
        assert_refused(&server.exchange(get("/url")).await, 503, "internal");
        assert_eq!(body(&read_all(&mut reader).await).len(), BIG);
        server.assert_serves_all(1).await;
        assert_eq!((tally.stalled.get(), tally.refused.get() > 0), (0, true));
    });
}

/// A server whose only place is taken for as long as the last of these is held.
async fn full_server(max_refused: usize) -> (Server, Arc<Tally>, (TcpStream, Sender<()>)) {
    let (app, go, entered) = waiting_app();
    let (options, tally) = room_for(1);
    let server = Server::with_app(app, move || ServeOptions { max_refused, ..options() }).await;
    let mut busy = server.connect().await;
    busy.write_all(get("/wait").as_bytes()).await.unwrap();
    entered.recv().await.unwrap();
    (server, tally, (busy, go))
}

#[test]
fn what_is_always_answered_is_so_over_the_limit_once_a_connection() {
    run(async {
        let (server, tally, _busy) = full_server(64).await;
        let answer = server.exchange("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(2)).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello"), "{answer}");
        assert_eq!((answer.matches("hello").count(), header(&answer, "connection")), (1, Some("close")));
        let head = server.exchange(get("/hello").replace("GET", "HEAD")).await;
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        for other in [get("/url"), get("/hello/"), get("/hello").replace("GET", "POST")] {
            assert_refused(&server.exchange(other).await, 503, "internal");
        }
        assert_refused(&server.exchange("what is this\r\n\r\n").await, 400, "invalid_query");
        assert_eq!((tally.accepted.get(), tally.evicted.get()), (1, 0));
    });
}

#[test]
fn of_those_that_are_refused_the_oldest_makes_way() {
    run(async {
        let (server, tally, _busy) = full_server(2).await;
        for _ in 0..5 {
            let _silent = server.crowd(30, "").await;
            assert_eq!(body(&server.exchange(get("/hello")).await), "hello");
            assert_refused(&server.exchange(get("/url")).await, 503, "internal");
        }
        assert!(tally.crowded_out.get() > 0);
    });
}

#[test]
fn a_burst_within_the_limit_is_served_to_the_last() {
    run(async {
        let (options, tally) = room_for(100);
        let server = Server::start(options).await;
        let caller = async || server.exchange(get("/url")).await;
        let answers = join_all((0..100).map(|_| caller())).await;
        assert!(answers.iter().all(|answer| answer.starts_with("HTTP/1.1 200")));
        assert_eq!((tally.accepted.get(), tally.evicted.get(), tally.refused.get()), (100, 0, 0));
    });
}
