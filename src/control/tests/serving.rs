use std::{
    net::Shutdown,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_std::{channel, io::prelude::*, os::unix::net::UnixStream, task};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Command, PATIENCE, ask, assert_lives, bind, place, serve};

/// What comes back for `sent`, up to the end of the connection.
async fn said(path: &Path, sent: &[u8]) -> Value {
    let mut client = UnixStream::connect(path).await.unwrap();
    client.write_all(sent).await.unwrap();
    answer(client).await
}

async fn answer(mut client: UnixStream) -> Value {
    let mut answer = Vec::new();
    // A server that closes with some of the request unread resets the connection behind its answer.
    let _ = client.read_to_end(&mut answer).await;
    serde_json::from_slice(&answer).unwrap()
}

#[test]
fn garbage_is_answered_with_an_error_and_survived() {
    task::block_on(async {
        let (_folder, path) = place();
        serve(bind(&path).await);
        for garbage in [
            &b"\n"[..],
            b"status\n",
            b"{\"command\":\"stop\"}\n",
            b"{\"command\":7}\n",
            b"{}\n",
            b"{\"command\":\"status\"} {}\n",
            b"\xff\xfe\0\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ] {
            let refused = said(&path, garbage).await;
            let error = refused["error"].as_str().unwrap_or_default();
            assert!(error.starts_with("not a request such as {\"command\":\"status\"}: "), "{refused}");
        }
        assert_lives(&path).await;
    });
}

#[test]
fn a_line_is_taken_up_to_256_bytes() {
    task::block_on(async {
        let (_folder, path) = place();
        serve(bind(&path).await);
        let line = |length: usize| format!("{:<width$}\n", "{\"command\":\"status\"}", width = length - 1).into_bytes();
        assert_eq!(said(&path, &line(256)).await, json!({"asked": "status"}));
        let refused = said(&path, &line(257)).await;
        assert_eq!(refused, json!({"error": "the request line is longer than 256 bytes"}));

        let mut endless = UnixStream::connect(&path).await.unwrap();
        while endless.write_all(&[b'x'; 4096]).await.is_ok() {}
        assert_eq!(answer(endless).await, refused);
        assert_lives(&path).await;
    });
}

#[test]
fn the_end_of_the_input_ends_a_line_too() {
    task::block_on(async {
        let (_folder, path) = place();
        serve(bind(&path).await);
        let mut client = UnixStream::connect(&path).await.unwrap();
        client.write_all(b"{\"command\":\"reload\"}").await.unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(answer(client).await, json!({"asked": "reload"}));
    });
}

#[test]
fn silent_clients_are_cut_off_and_make_room() {
    task::block_on(async {
        let (_folder, path) = place();
        let mut socket = bind(&path).await;
        socket.patience.reading = Duration::from_millis(50);
        serve(socket);
        let mut silent = Vec::new();
        for _ in 0..40 {
            silent.push(UnixStream::connect(&path).await.unwrap());
        }
        assert_lives(&path).await;
        for client in silent {
            assert_eq!(answer(client).await, json!({"error": "no request line in 50ms"}));
        }
    });
}

#[test]
fn clients_that_do_not_read_are_cut_off_and_make_room() {
    task::block_on(async {
        let (_folder, path) = place();
        let mut socket = bind(&path).await;
        socket.patience.writing = Duration::from_millis(50);
        // More than a socket holds unread.
        let long = "x".repeat(4 << 20);
        task::spawn(socket.serve(move |command| {
            let answer = if command == Command::Reload { json!({ "long": long }) } else { json!({"asked": "status"}) };
            async { answer }
        }));
        let mut unreading = Vec::new();
        for _ in 0..40 {
            let mut client = UnixStream::connect(&path).await.unwrap();
            client.write_all(b"{\"command\":\"reload\"}\n").await.unwrap();
            unreading.push(client);
        }
        assert_lives(&path).await;
    });
}

#[test]
fn a_hundred_clients_are_answered_sixteen_at_once() {
    task::block_on(async {
        let (_folder, path) = place();
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counting = {
            let most = Arc::clone(&most);
            move |_| {
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                async move {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    task::sleep(Duration::from_millis(5)).await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    json!({"asked": "status"})
                }
            }
        };
        task::spawn(bind(&path).await.serve(counting));
        join_all((0..100).map(|_| assert_lives(&path))).await;
        let most = most.load(Ordering::SeqCst);
        assert!((2..=16).contains(&most), "{most} at once");
    });
}

#[test]
fn a_client_that_goes_away_cancels_nothing() {
    task::block_on(async {
        let (_folder, path) = place();
        let (begun, has_begun) = channel::bounded(1);
        let (go_on, may_go_on) = channel::bounded::<()>(1);
        let (done, is_done) = channel::bounded(1);
        let slow = move |_| {
            let (begun, may_go_on, done) = (begun.clone(), may_go_on.clone(), done.clone());
            async move {
                begun.send(()).await.unwrap();
                may_go_on.recv().await.unwrap();
                done.send(()).await.unwrap();
                Value::Null
            }
        };
        let serving = task::spawn(bind(&path).await.serve(slow));
        for end_of_serving in [false, true] {
            let mut client = UnixStream::connect(&path).await.unwrap();
            client.write_all(b"{\"command\":\"reload\"}\n").await.unwrap();
            has_begun.recv().await.unwrap();
            drop(client);
            if end_of_serving {
                break;
            }
            go_on.send(()).await.unwrap();
            is_done.recv().await.unwrap();
        }
        serving.cancel().await;
        go_on.send(()).await.unwrap();
        is_done.recv().await.unwrap();
    });
}

#[test]
fn a_handler_that_panics_is_answered_as_an_error() {
    task::block_on(async {
        let (_folder, path) = place();
        task::spawn(bind(&path).await.serve(|command| async move {
            assert!(command == Command::Status, "a bug");
            json!({"asked": "status"})
        }));
        let refused = ask(&path, Command::Reload, PATIENCE).await.unwrap_err().to_string();
        assert!(refused.ends_with(": it refuses: the daemon failed at this command; its log says where"), "{refused}");
        assert_lives(&path).await;
    });
}
