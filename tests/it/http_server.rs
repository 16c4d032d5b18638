//! `http::serve` as a client on a socket sees it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_std::channel::{Receiver, Sender, bounded};
use async_std::io::{ReadExt as _, WriteExt as _};
use async_std::net::{SocketAddr, TcpListener, TcpStream};
use async_std::task::{self, JoinHandle};
use futures_util::FutureExt as _;
use keyviz_fanout::http::{ServeOptions, serve};
use tide::Body;

const BIG: usize = 32 << 20;

/// A server under test; `stop` begins its shutdown and says whether it drained.
struct Server {
    address: SocketAddr,
    stop: Sender<()>,
    serving: JoinHandle<bool>,
}

impl Server {
    async fn start(options: impl Fn() -> ServeOptions + Send + Sync + 'static) -> Self {
        Self::with_app(app(), options).await
    }

    async fn with_app<S>(app: tide::Server<S>, options: impl Fn() -> ServeOptions + Send + Sync + 'static) -> Self
    where
        S: Clone + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped): (_, Receiver<()>) = bounded(1);
        let shutdown = async move { stopped.recv().await.unwrap_or(()) };
        Self { address, stop, serving: task::spawn(serve(listener, app, options, shutdown)) }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// What comes back for `sent` until the server closes.
    async fn exchange(&self, sent: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(sent.as_ref()).await.unwrap();
        read_all(&mut stream).await
    }

    async fn shut_down(self) -> bool {
        self.stop.send(()).await.unwrap();
        self.serving.await
    }
}

fn app() -> tide::Server<()> {
    let mut app = tide::new();
    app.at("/hello").get(|_| async { Ok("hello") });
    app.at("/hello").post(|mut request: tide::Request<()>| async move {
        Ok(format!("got {} bytes", request.body_bytes().await?.len()))
    });
    app.at("/url").get(|request: tide::Request<()>| async move { Ok(request.url().to_string()) });
    app.at("/cookie")
        .get(|request: tide::Request<()>| async move { Ok(request.header("cookie").unwrap().as_str().to_owned()) });
    app.at("/panic").get(|_| async { if true { panic!("boom, as planned") } else { Ok("") } });
    app.at("/big").get(|_| async { Ok(Body::from(vec![b'x'; BIG])) });
    app.at("/unsized").get(|_| async { Ok(Body::from_reader(async_std::io::Cursor::new("streamed"), None)) });
    app.at("/short").get(|_| async { Ok(Body::from_reader(async_std::io::Cursor::new("short"), Some(10))) });
    app.at("/addresses").get(|request: tide::Request<()>| async move {
        Ok(format!("{} {}", request.peer_addr().unwrap(), request.local_addr().unwrap()))
    });
    app
}

fn options() -> ServeOptions {
    ServeOptions {
        header_timeout: Duration::from_secs(5),
        grace: Duration::from_secs(5),
        refusal_headers: vec![("x-test-instance", "here".to_owned())],
        ..ServeOptions::default()
    }
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // What came before a reset counts too.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

/// Reads one answer with a Content-Length, leaving the connection open.
async fn read_one(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    let mut byte = [0];
    while !answer.ends_with("\r\n\r\n") {
        stream.read_exact(&mut byte).await.unwrap();
        answer.push(char::from(byte[0]));
    }
    let length = header(&answer, "content-length").unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    answer + std::str::from_utf8(&body).unwrap()
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = answer.split_once("\r\n\r\n")?;
    head.lines().filter_map(|line| line.split_once(": ")).find(|(found, _)| *found == name).map(|(_, value)| value)
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

fn assert_refused(answer: &str, status: u16, code: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert_eq!(header(answer, "content-type"), Some("application/json; charset=utf-8"), "{answer}");
    assert_eq!(header(answer, "cache-control"), Some("no-store"), "{answer}");
    assert_eq!(header(answer, "x-content-type-options"), Some("nosniff"), "{answer}");
    assert_eq!(header(answer, "x-test-instance"), Some("here"), "{answer}");
    let json: serde_json::Value = serde_json::from_str(body(answer)).expect(answer);
    assert_eq!(json["error"], code, "{answer}");
    assert!(json["message"].is_string(), "{answer}");
}

fn on_a_server<F: Future<Output = ()>>(test: impl FnOnce(Server) -> F) {
    task::block_on(async {
        let server = Server::start(options).await;
        async_std::future::timeout(Duration::from_secs(30), test(server)).await.expect("the test hangs");
    });
}

/// `GET path` that closes.
fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

#[test]
fn an_answer_carries_its_length_and_the_connection_stays() {
    on_a_server(|server| async move {
        let mut stream = server.connect().await;
        for _ in 0..3 {
            stream.write_all(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
            let answer = read_one(&mut stream).await;
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            assert_eq!(body(&answer), "hello");
        }
    });
}

#[test]
fn two_pipelined_requests_get_two_answers_in_order() {
    on_a_server(|server| async move {
        let answer =
            server.exchange(format!("GET /url?first HTTP/1.1\r\nHost: localhost\r\n\r\n{}", get("/url?second"))).await;
        let (first, second) = (answer.find("/url?first").unwrap(), answer.find("/url?second").unwrap());
        assert!(first < second, "{answer}");
    });
}

#[test]
fn a_slow_head_is_cut() {
    task::block_on(async {
        let quick = || ServeOptions { header_timeout: Duration::from_millis(100), ..options() };
        let server = Server::start(quick).await;
        let mut stream = server.connect().await;
        stream.write_all(b"GET /hello HTTP/1.1\r\n").await.unwrap();
        assert_eq!(read_all(&mut stream).await, "");
    });
}

#[test]
fn garbage_is_a_bad_request_in_our_own_form() {
    on_a_server(|server| async move {
        for garbage in ["\x16\x03\x01\x02\0\x01\0\x01\u{7f}\r\n\r\n", "what is this\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"]
        {
            assert_refused(&server.exchange(garbage).await, 400, "invalid_query");
        }
    });
}

#[test]
fn garbage_after_a_good_request_does_not_spoil_its_answer() {
    on_a_server(|server| async move {
        let answer = server.exchange("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\nnot a request\r\n\r\n").await;
        let second = answer.find("helloHTTP/1.1 400").expect(&answer) + "hello".len();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert_refused(&answer[second..], 400, "invalid_query");
    });
}

#[test]
fn an_unknown_method_is_not_allowed_and_told_what_is() {
    on_a_server(|server| async move {
        for method in ["BREW", "get", "CONNECT"] {
            let answer = server.exchange(get("/hello").replacen("GET", method, 1)).await;
            assert_refused(&answer, 405, "method_not_allowed");
            assert_eq!(header(&answer, "allow"), Some("GET, HEAD"));
        }
    });
}

#[test]
fn a_head_of_20_kib_is_served_and_one_of_100_kib_is_too_large() {
    on_a_server(|server| async move {
        let padded = |bytes: usize| get("/hello").replacen("\r\n", &format!("\r\nX-Pad: {}\r\n", "a".repeat(bytes)), 1);
        assert_eq!(body(&server.exchange(padded(20 << 10)).await), "hello");
        assert_refused(&server.exchange(padded(100 << 10)).await, 431, "invalid_query");
    });
}

#[test]
fn http_1_0_needs_no_host_and_is_closed_after_its_answer() {
    on_a_server(|server| async move {
        let answer = server.exchange("GET /url HTTP/1.0\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
        assert_eq!(body(&answer), format!("http://{}/url", server.address));
    });
}

#[test]
fn http_1_1_needs_one_valid_host() {
    on_a_server(|server| async move {
        for host in ["", "Host:\r\n", "Host: a b\r\n", "Host: u@h\r\n", "Host: h:99999\r\n", "Host: a\r\nHost: b\r\n"] {
            let answer = server.exchange(format!("GET /hello HTTP/1.1\r\n{host}Connection: close\r\n\r\n")).await;
            assert_refused(&answer, 400, "invalid_query");
        }
    });
}

#[test]
fn a_cookie_beyond_ascii_keeps_its_ascii_part() {
    on_a_server(|server| async move {
        let mut request = get("/cookie").into_bytes();
        request.truncate(request.len() - 2);
        request.extend(b"Cookie: other=\xff; admin_session=s\r\n\r\n");
        assert_eq!(body(&server.exchange(request).await), "other=%FF; admin_session=s");
    });
}

#[test]
fn a_target_in_absolute_form_names_the_host() {
    on_a_server(|server| async move {
        assert_eq!(body(&server.exchange(get("http://other:81/url?q")).await), "http://other:81/url?q");
        assert_eq!(body(&server.exchange(get("//url")).await), "");
    });
}

#[test]
fn head_keeps_the_length_without_a_body() {
    on_a_server(|server| async move {
        let answer = server.exchange(get("/big").replacen("GET", "HEAD", 1)).await;
        assert_eq!(header(&answer, "content-length"), Some(BIG.to_string().as_str()));
        assert_eq!(body(&answer), "");
    });
}

#[test]
fn a_request_body_reaches_the_app_and_expectations_are_met() {
    on_a_server(|server| async move {
        let mut stream = server.connect().await;
        let head = "POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n";
        stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).await.unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(b"12345").await.unwrap();
        assert_eq!(body(&read_all(&mut stream).await), "got 5 bytes");
    });
}

#[test]
fn a_body_of_unknown_length_is_chunked() {
    on_a_server(|server| async move {
        let answer = server.exchange(get("/unsized")).await;
        assert_eq!(header(&answer, "transfer-encoding"), Some("chunked"));
        assert_eq!(body(&answer), "8\r\nstreamed\r\n0\r\n\r\n");
    });
}

#[test]
fn a_body_short_of_its_length_breaks_the_connection_off() {
    on_a_server(|server| async move {
        let answer = server.exchange(get("/short").replace("Connection: close\r\n", "")).await;
        assert!(body(&answer).len() < 10, "{answer}");
    });
}

#[test]
fn the_app_sees_both_addresses() {
    on_a_server(|server| async move {
        let mut stream = server.connect().await;
        stream.write_all(get("/addresses").as_bytes()).await.unwrap();
        let seen = read_all(&mut stream).await;
        assert_eq!(body(&seen), format!("{} {}", stream.local_addr().unwrap(), server.address));
    });
}

#[test]
fn a_panic_is_an_internal_error_and_the_connection_survives_it() {
    on_a_server(|server| async move {
        let mut stream = server.connect().await;
        stream.write_all(b"GET /panic HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let answer = read_one(&mut stream).await;
        assert_refused(&answer, 500, "internal");
        assert!(!answer.contains("boom"), "{answer}");
        stream.write_all(get("/hello").as_bytes()).await.unwrap();
        assert_eq!(body(&read_all(&mut stream).await), "hello");
    });
}

#[test]
fn a_connection_over_the_limit_is_refused_until_one_closes() {
    task::block_on(async {
        let server = Server::start(|| ServeOptions { max_connections: 1, ..options() }).await;
        let mut first = server.connect().await;
        first.write_all(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        read_one(&mut first).await;
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
    task::block_on(async {
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
    task::block_on(async {
        let server = Server::start(|| ServeOptions { write_timeout: Duration::from_millis(200), ..options() }).await;
        let mut stream = server.connect().await;
        stream.write_all(get("/big").as_bytes()).await.unwrap();
        task::sleep(Duration::from_millis(600)).await;
        assert!(read_all(&mut stream).await.len() < BIG);
    });
}

/// `/wait` answers once the returned sender has sent; the receiver tells that its handler began.
fn waiting_app() -> (tide::Server<()>, Sender<()>, Receiver<()>) {
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
fn a_request_in_flight_finishes_on_shutdown_while_new_connections_are_refused() {
    task::block_on(async {
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
        assert!(TcpStream::connect(address).await.is_err());
        go.send(()).await.unwrap();
        let answer = read_all(&mut busy).await;
        assert_eq!((header(&answer, "connection"), body(&answer)), (Some("close"), "waited"));
        assert!(drained.await);
    });
}

#[test]
fn what_does_not_finish_within_the_grace_is_dropped() {
    task::block_on(async {
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
    task::block_on(async {
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
