//! Limits, slow clients, clients that leave, shutdown.

use std::{
    io::{Read, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_std::{
    channel::{Receiver, Sender, bounded},
    io::WriteExt as _,
    net::TcpStream,
    task,
};
use futures_util::FutureExt;
use keyviz_fanout::http::{
    ServeOptions, Tally,
    rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned},
};

use super::{BIG, Server, app, assert_refused, body, get, header, options, read_all, read_one, run};
use crate::support::eventually;

#[test]
fn a_slow_head_is_cut() {
    run(async {
        let quick = || ServeOptions { header_timeout: Duration::from_millis(100), ..options() };
        let server = Server::start(quick).await;
        let mut stream = server.connect().await;
        stream.write_all(b"GET /hello HTTP/1.1\r\n").await.unwrap();
        assert_eq!(read_all(&mut stream).await, "");
    });
}

#[test]
fn a_connection_over_the_limit_is_refused_until_one_closes() {
    run(async {
        let (app, _go, entered) = waiting_app();
        let server = Server::with_app(app, || ServeOptions { max_connections: 1, ..options() }).await;
        let mut first = server.connect().await;
        first.write_all(get("/wait").as_bytes()).await.unwrap();
        entered.recv().await.unwrap();
        // Not even a request is needed for the answer.
        assert_refused(&read_all(&mut server.connect().await).await, 503, "internal");
        assert_refused(&server.exchange(get("/hello")).await, 503, "internal");
        drop(first);
        while !server.exchange(get("/hello")).await.starts_with("HTTP/1.1 200") {
            task::sleep(Duration::from_millis(5)).await;
        }
    });
}

#[test]
fn the_limit_changes_while_serving() {
    run(async {
        let limit = Arc::new(AtomicUsize::new(0));
        let live = Arc::clone(&limit);
        let server =
            Server::start(move || ServeOptions { max_connections: live.load(Ordering::SeqCst), ..options() }).await;
        assert_refused(&server.exchange(get("/hello")).await, 503, "internal");
        limit.store(1, Ordering::SeqCst);
        assert_eq!(body(&server.exchange(get("/hello")).await), "hello");
    });
}

#[test]
fn a_client_that_does_not_read_is_dropped() {
    run(async {
        let server = Server::start(|| ServeOptions { write_timeout: Duration::from_millis(200), ..options() }).await;
        let mut stream = server.connect().await;
        stream.write_all(get("/big").as_bytes()).await.unwrap();
        task::sleep(Duration::from_millis(600)).await;
        assert!(read_all(&mut stream).await.len() < BIG);
    });
}

#[test]
fn a_client_that_does_not_read_is_dropped_in_tls_too() {
    run(async {
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (pair.cert.der().clone(), pair.signing_key.serialize_der());
        let tls = ServerConfig::builder().with_no_client_auth();
        let tls = Arc::new(tls.with_single_cert(vec![certificate.clone()], key.try_into().unwrap()).unwrap());
        let tally = Arc::new(Tally::default());
        let counted = Arc::clone(&tally);
        let options = move || ServeOptions {
            tls: Some(Arc::clone(&tls)),
            write_timeout: Duration::from_millis(300),
            tally: Arc::clone(&counted),
            ..options()
        };
        let server = Server::start(options).await;
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        let socket = std::net::TcpStream::connect(server.address).unwrap();
        let mut client = StreamOwned::new(client, socket);
        client.write_all(get("/big").as_bytes()).unwrap();
        eventually("an end of patience", async || (tally.stalled.get() == 1).then_some(())).await;
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer);
        assert!(answer.len() < BIG);
    });
}

/// `/wait` answers once the returned sender has sent; the receiver tells that its handler began.
pub(super) fn waiting_app() -> (tide::Server<()>, Sender<()>, Receiver<()>) {
    let (go, gone) = bounded(1);
    let (enter, entered) = bounded(1);
    let mut app = app();
    app.at("/wait").get(move |_| {
        let (gone, enter) = (gone.clone(), enter.clone());
        async move {
            enter.send(()).await.unwrap();
            let _: Result<(), _> = gone.recv().await;
            Ok("waited")
        }
    });
    (app, go, entered)
}

#[test]
fn a_request_in_flight_finishes_on_shutdown_while_newcomers_get_one_answer() {
    run(async {
        let (app, go, entered) = waiting_app();
        let server = Server::with_app(app, options).await;
        let (address, mut idle, mut busy) = (server.address, server.connect().await, server.connect().await);
        idle.write_all(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        read_one(&mut idle).await;
        busy.write_all(b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        entered.recv().await.unwrap();
        let mut drained = Box::pin(server.shut_down());
        assert_eq!((&mut drained).now_or_never(), None);
        assert_eq!(read_all(&mut idle).await, "");
        let mut late = TcpStream::connect(address).await.unwrap();
        late.write_all(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        assert_eq!(header(&read_all(&mut late).await, "connection"), Some("close"));
        go.send(()).await.unwrap();
        let answer = read_all(&mut busy).await;
        assert_eq!((header(&answer, "connection"), body(&answer)), (Some("close"), "waited"));
        assert!(drained.await);
        assert!(TcpStream::connect(address).await.is_err());
    });
}

#[test]
fn what_does_not_finish_within_the_grace_is_dropped() {
    run(async {
        let (app, _go, entered) = waiting_app();
        let server = Server::with_app(app, || ServeOptions { grace: Duration::from_millis(100), ..options() }).await;
        let mut stream = server.connect().await;
        stream.write_all(get("/wait").as_bytes()).await.unwrap();
        entered.recv().await.unwrap();
        assert!(!server.shut_down().await);
        assert_eq!(read_all(&mut stream).await, "");
    });
}

#[test]
fn a_client_that_goes_away_takes_its_handler_with_it() {
    run(async {
        let (app, go, entered) = waiting_app();
        let server = Server::with_app(app, options).await;
        let mut stream = server.connect().await;
        stream.write_all(get("/wait").as_bytes()).await.unwrap();
        entered.recv().await.unwrap();
        drop(stream);
        // The app keeps one receiver; the handler's clone goes away with the handler.
        while go.receiver_count() > 1 {
            task::sleep(Duration::from_millis(5)).await;
        }
    });
}
