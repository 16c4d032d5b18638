//! Requests and their answers.

use async_std::io::{ReadExt, WriteExt};

use super::{BIG, assert_refused, body, get, header, on_a_server, read_all, read_one};

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
fn a_body_that_panics_costs_its_connection_alone() {
    on_a_server(|server| async move {
        assert!(!server.exchange(get("/panicking-body")).await.ends_with("0\r\n\r\n"));
        assert_eq!(body(&server.exchange(get("/hello")).await), "hello");
    });
}
