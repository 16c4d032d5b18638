//! `http::HyperClient`, through surf, against peers that behave and peers that don't.

mod bodies;

use std::{future::Future, io, time::Duration};

use async_std::{
    io::{ReadExt, WriteExt},
    net::{SocketAddr, TcpListener, TcpStream},
    task,
};
use keyviz_fanout::http::{ConnectTimeout, HyperClient, WireError, WireErrorKind};
use surf::{
    Response, StatusCode,
    http::{Request, Url},
};

/// One connection of a peer, as it goes on after the accept.
async fn peer<F>(serve: impl FnOnce(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    task::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        serve(stream).await;
    });
    address
}

/// A peer that reads a request, writes `answer` and closes.
async fn canned(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let answer = answer.into();
    peer(|mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(&answer).await.unwrap();
    })
    .await
}

async fn read_head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (String::new(), [0]);
    while !head.ends_with("\r\n\r\n") {
        stream.read_exact(&mut byte).await.unwrap();
        head.push(char::from(byte[0]));
    }
    head
}

fn get(url: impl AsRef<str>) -> Request {
    Request::get(Url::parse(url.as_ref()).unwrap())
}

async fn call(request: Request) -> surf::Result {
    surf::Client::with_http_client(HyperClient).send(request).await
}

async fn call_at(address: SocketAddr) -> surf::Result {
    call(get(format!("http://{address}/path?query"))).await
}

async fn body(response: &mut Response) -> io::Result<String> {
    let mut body = String::new();
    response.take_body().read_to_string(&mut body).await.map(|_| body)
}

fn assert_fails(answer: surf::Result, kind: WireErrorKind) -> String {
    let error = answer.expect_err("the call succeeds");
    let error = WireError::of_call(&error).expect("not a wire error");
    assert_eq!(error.kind, kind, "{error}");
    error.message.clone()
}

fn assert_read_fails(read: &io::Result<String>, kind: WireErrorKind) -> &str {
    let error = WireError::of_read(read.as_ref().expect_err("the body is whole")).expect("not a wire error");
    assert_eq!(error.kind, kind, "{error}");
    &error.message
}

fn run(test: impl Future<Output = ()>) {
    task::block_on(async { async_std::future::timeout(Duration::from_secs(30), test).await.expect("the test hangs") });
}

#[test]
fn the_request_names_its_host_and_asks_for_nothing_else() {
    run(async {
        let address = peer(|mut stream| async move {
            let head = read_head(&mut stream).await;
            let length = head.len();
            stream
                .write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{head}").as_bytes())
                .await
                .unwrap();
        })
        .await;
        let mut request = get(format!("http://{address}/a%20b?c=d#fragment"));
        request.insert_header("X-Admin-Fanout-Peer", "1");
        let mut response = call(request).await.unwrap();
        let head = body(&mut response).await.unwrap();
        let (line, fields) = head.trim_end().split_once("\r\n").unwrap();
        assert_eq!(line, "GET /a%20b?c=d HTTP/1.1");
        let mut fields: Vec<_> = fields.lines().collect();
        fields.sort_unstable();
        assert_eq!(fields, ["connection: close", &format!("host: {address}"), "x-admin-fanout-peer: 1"]);
    });
}

#[test]
fn a_request_body_is_sent() {
    run(async {
        let address = peer(|mut stream| async move {
            assert!(read_head(&mut stream).await.contains("\r\ncontent-length: 5\r\n"));
            let mut sent = [0; 5];
            stream.read_exact(&mut sent).await.unwrap();
            assert_eq!(&sent, b"hello");
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        })
        .await;
        let mut request = Request::post(Url::parse(&format!("http://{address}/")).unwrap());
        request.set_body("hello");
        assert_eq!(call(request).await.unwrap().status(), 204);
    });
}

#[test]
fn a_closed_port_is_refused() {
    run(async {
        let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let message = assert_fails(call_at(address).await, WireErrorKind::Refused);
        assert_eq!(message, format!("{address} refused the connection"));
    });
}

#[test]
fn an_unknown_name_is_a_lookup_failure() {
    run(async {
        let mut request = get("http://nonexistent.invalid/");
        request.ext_mut().insert(ConnectTimeout(Duration::from_secs(1)));
        let message = assert_fails(call(request).await, WireErrorKind::Dns);
        assert!(message.contains("nonexistent.invalid"), "{message}");
    });
}

#[test]
fn a_connection_not_made_in_time_says_so() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut request = get(format!("http://{address}/"));
        request.ext_mut().insert(ConnectTimeout(Duration::ZERO));
        let message = assert_fails(call(request).await, WireErrorKind::Connect);
        assert_eq!(message, format!("no connection to {address} within 0s"));
    });
}

#[test]
fn another_scheme_is_refused() {
    run(async {
        let message = assert_fails(call(get("ws://127.0.0.1:1/")).await, WireErrorKind::Connect);
        assert_eq!(message, "scheme \"ws\" is neither http nor https");
    });
}

#[test]
fn a_name_and_an_ipv6_literal_are_reached() {
    run(async {
        let address = canned("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(call(get(format!("http://localhost:{}/", address.port()))).await.unwrap().status(), 200);
        // Not every machine has IPv6.
        let Ok(listener) = TcpListener::bind("[::1]:0").await else { return };
        let address = listener.local_addr().unwrap();
        let accepted = task::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let head = read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            head
        });
        assert_eq!(call_at(address).await.unwrap().status(), 200);
        assert!(accepted.await.contains(&format!("\r\nhost: {address}\r\n")));
    });
}

#[test]
fn an_answer_that_is_not_http_is_malformed() {
    run(async {
        for answer in ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc\r\n\r\n"] {
            let message = assert_fails(call_at(canned(answer).await).await, WireErrorKind::Malformed);
            assert!(message.starts_with("the answer is not HTTP: "), "{message}");
        }
        let half = canned("HTTP/1.1 200 OK\r\nContent-Le").await;
        let message = assert_fails(call_at(half).await, WireErrorKind::Malformed);
        assert_eq!(message, "the connection closed within the head of the answer");
        let endless = format!("HTTP/1.1 200 OK\r\nX-Pad: {}\r\n\r\n", "a".repeat(1 << 20));
        let address = peer(|mut stream| async move {
            read_head(&mut stream).await;
            // The caller gives up before all of it is written.
            let _ = stream.write_all(endless.as_bytes()).await;
        });
        assert_fails(call_at(address.await).await, WireErrorKind::Malformed);
    });
}

#[test]
fn a_banner_sent_before_the_request_is_malformed() {
    run(async {
        let address = peer(|mut stream| async move {
            stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
            read_head(&mut stream).await;
        });
        assert_fails(call_at(address.await).await, WireErrorKind::Malformed);
    });
}

#[test]
fn a_connection_closed_or_reset_before_an_answer_is_io() {
    run(async {
        assert_fails(call_at(canned("").await).await, WireErrorKind::Io);
        // Closing with the rest of the request unread resets the connection.
        let address = peer(|mut stream| async move { stream.read_exact(&mut [0]).await.unwrap() });
        assert_fails(call_at(address.await).await, WireErrorKind::Io);
    });
}

#[test]
fn a_redirect_is_an_answer() {
    run(async {
        let address = canned("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
        let response = call_at(address.await).await.unwrap();
        assert_eq!(response.status(), StatusCode::Found);
        assert_eq!(response.header("location").unwrap().as_str(), "http://127.0.0.1:1/");
    });
}

#[test]
fn headers_beyond_ascii_and_unknown_statuses_are_taken() {
    run(async {
        let address = canned(b"HTTP/1.1 520 \xff\r\nX-Name: caf\xe9\r\nContent-Length: 0\r\n\r\n");
        let response = call_at(address.await).await.unwrap();
        assert_eq!(response.status(), StatusCode::InternalServerError);
        assert_eq!(response.header("x-name").unwrap().as_str(), "caf%E9");
    });
}

/// A peer that writes `answer` and then says when the caller closes.
async fn watching(answer: &'static str) -> (SocketAddr, async_std::channel::Receiver<()>) {
    let (saw, seen) = async_std::channel::bounded(1);
    let address = peer(move |mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
        saw.send(()).await.unwrap();
    });
    (address.await, seen)
}

#[test]
fn a_dropped_call_closes_its_connection() {
    run(async {
        let (address, closed) = watching("").await;
        let given_up = async_std::future::timeout(Duration::from_millis(50), call_at(address)).await;
        assert!(given_up.is_err());
        closed.recv().await.unwrap();
    });
}

#[test]
fn a_dropped_response_closes_its_connection() {
    run(async {
        let (address, closed) = watching("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort").await;
        let response = call_at(address).await.unwrap();
        assert!(closed.is_empty());
        drop(response);
        closed.recv().await.unwrap();
    });
}
