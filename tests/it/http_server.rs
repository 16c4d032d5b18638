//! `http::serve` as a client on a socket sees it.

mod crowds;
mod limits;
mod requests;

use std::{future::Future, io, task::Poll, time::Duration};

use async_std::{
    channel::{Receiver, Sender, bounded},
    io::{ReadExt, WriteExt},
    net::{SocketAddr, TcpListener, TcpStream},
    task::{self, JoinHandle},
};
use futures_util::{TryStreamExt, stream::poll_fn};
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
    app.at("/panicking-body").get(|_| async {
        let chunks = poll_fn(|_| -> Poll<Option<io::Result<Vec<u8>>>> { panic!("boom, as planned") });
        Ok(Body::from_reader(chunks.into_async_read(), None))
    });
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

fn run(test: impl Future<Output = ()>) {
    task::block_on(async { async_std::future::timeout(Duration::from_secs(30), test).await.expect("the test hangs") });
}

fn on_a_server<F: Future<Output = ()>>(test: impl FnOnce(Server) -> F) {
    run(async { test(Server::start(options).await).await });
}

/// `GET path` that closes.
fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}
