//! Bodies: whole, cut short, broken off.

use std::time::Duration;

use async_std::{
    io::{ReadExt, WriteExt},
    task,
};
use keyviz_fanout::http::WireErrorKind;

use super::{assert_read_fails, body, call_at, canned, peer, read_head, run};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n";

#[test]
fn a_truncated_body_is_malformed() {
    run(async {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n0\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsho",
        ] {
            let mut response = call_at(canned(answer).await).await.unwrap();
            let read = body(&mut response).await;
            assert_eq!(assert_read_fails(&read, WireErrorKind::Malformed), "the body ended early");
        }
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\nshort\r\n0\r\n\r\n";
        let mut response = call_at(canned(answer).await).await.unwrap();
        assert_read_fails(&body(&mut response).await, WireErrorKind::Malformed);
    });
}

#[test]
fn a_body_cut_by_a_reset_is_io() {
    run(async {
        let (close, closing) = async_std::channel::bounded::<()>(1);
        let address = peer(|mut stream| async move {
            // Closing with the rest of the request unread resets the connection.
            stream.read_exact(&mut [0]).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort").await.unwrap();
            closing.recv().await.unwrap();
        });
        let mut response = call_at(address.await).await.unwrap();
        close.send(()).await.unwrap();
        assert_read_fails(&body(&mut response).await, WireErrorKind::Io);
    });
}

#[test]
fn a_body_that_ends_with_the_connection_is_whole() {
    run(async {
        for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n"] {
            let mut response = call_at(canned(format!("{head}to the end")).await).await.unwrap();
            assert_eq!(body(&mut response).await.unwrap(), "to the end");
        }
    });
}

#[test]
fn a_declared_length_is_the_bodys() {
    run(async {
        let address = canned("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello and more");
        let mut response = call_at(address.await).await.unwrap();
        assert_eq!(response.len(), Some(5));
        assert_eq!(response.content_type(), None);
        assert_eq!(body(&mut response).await.unwrap(), "hello");
    });
}

#[test]
fn chunks_split_anywhere_are_whole() {
    run(async {
        for split in 1..CHUNKED.len() {
            let address = peer(move |mut stream| async move {
                read_head(&mut stream).await;
                stream.write_all(&CHUNKED.as_bytes()[..split]).await.unwrap();
                task::sleep(Duration::from_millis(1)).await;
                stream.write_all(&CHUNKED.as_bytes()[split..]).await.unwrap();
                // Not the end of the connection, but the last chunk ends the body.
                stream.read_to_end(&mut Vec::new()).await.unwrap();
            });
            let mut response = call_at(address.await).await.unwrap();
            assert_eq!(body(&mut response).await.unwrap(), "abcdefg", "split at {split}");
        }
    });
}

#[test]
fn interim_answers_are_passed_over() {
    run(async {
        let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
        let mut response = call_at(canned(format!("{interim}{CHUNKED}")).await).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(body(&mut response).await.unwrap(), "abcdefg");
    });
}

#[test]
fn an_encoded_body_is_passed_through_as_it_is() {
    run(async {
        let address = canned("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nzzzzz");
        let mut response = call_at(address.await).await.unwrap();
        assert_eq!(response.header("content-encoding").unwrap().as_str(), "gzip");
        assert_eq!(body(&mut response).await.unwrap(), "zzzzz");
    });
}

#[test]
fn a_large_body_arrives_byte_for_byte() {
    run(async {
        let sent: Vec<u8> = (0..10_000_000_u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
        let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", sent.len()).into_bytes();
        answer.extend(&sent);
        let mut response = call_at(canned(answer).await).await.unwrap();
        assert!(response.body_bytes().await.unwrap() == sent);
    });
}
