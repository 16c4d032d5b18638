//! Over real sockets in a folder that goes away with the test.

use std::{
    fs,
    future::pending,
    io,
    net::Shutdown,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_std::{
    channel,
    io::prelude::*,
    os::unix::net::{UnixListener, UnixStream},
    task::{self, JoinHandle},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Command, ControlSocket, ask};

/// Far beyond what anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder and a path in it; the path is good for as long as the folder.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    (folder, path)
}

async fn bind(path: &Path) -> ControlSocket {
    ControlSocket::bind(path).await.unwrap()
}

async fn refusal(path: &Path) -> String {
    ControlSocket::bind(path).await.unwrap_err().to_string()
}

/// Serves answers that name the command.
fn serve(socket: ControlSocket) -> JoinHandle<()> {
    task::spawn(socket.serve(|command| async move { json!({ "asked": command }) }))
}

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

async fn assert_lives(path: &Path) {
    assert_eq!(ask(path, Command::Status, PATIENCE).await.unwrap(), json!({"asked": "status"}));
}

/// A socket that is there, though its daemon is gone.
fn leave_behind(path: &Path) {
    drop(std::os::unix::net::UnixListener::bind(path).unwrap());
    assert!(path.exists());
}

#[test]
fn each_command_gets_its_answer() {
    task::block_on(async {
        let (_folder, path) = place();
        serve(bind(&path).await);
        for (command, word) in [(Command::Reload, "reload"), (Command::Status, "status")] {
            assert_eq!(ask(&path, command, PATIENCE).await.unwrap(), json!({ "asked": word }));
        }
    });
}

#[test]
fn owner_and_group_get_in_and_nobody_else() {
    task::block_on(async {
        let (_folder, path) = place();
        let _socket = bind(&path).await;
        let found = fs::symlink_metadata(&path).unwrap();
        assert!(found.file_type().is_socket());
        assert_eq!(format!("{:o}", found.permissions().mode() & 0o7777), "660");
    });
}

#[test]
fn a_socket_left_behind_is_replaced() {
    task::block_on(async {
        let (_folder, path) = place();
        leave_behind(&path);
        serve(bind(&path).await);
        assert_lives(&path).await;
    });
}

#[test]
fn a_socket_that_answers_is_in_use_and_stays() {
    task::block_on(async {
        let (_folder, path) = place();
        serve(bind(&path).await);
        let refused = refusal(&path).await;
        assert!(refused.contains("in use: another daemon answers there"), "{refused}");
        assert_lives(&path).await;
    });
}

#[test]
fn what_is_no_socket_is_never_removed() {
    task::block_on(async {
        let (folder, path) = place();
        fs::write(&path, "precious").unwrap();
        assert!(refusal(&path).await.contains("is no socket and stays"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");

        let link = folder.path().join("link.sock");
        let stale = folder.path().join("stale.sock");
        leave_behind(&stale);
        std::os::unix::fs::symlink(&stale, &link).unwrap();
        assert!(refusal(&link).await.contains("is no socket and stays"));
        assert!(link.is_symlink() && stale.exists());

        assert!(refusal(folder.path()).await.contains("is no socket and stays"));
    });
}

#[test]
fn an_impossible_path_is_named_with_its_key_and_the_mend() {
    task::block_on(async {
        let (folder, _) = place();
        let long = folder.path().join("x".repeat(120));
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for (path, mend) in [
            (folder.path().join("missing/control.sock"), "there is no folder"),
            (file.join("control.sock"), "there is no folder"),
            (long.clone(), "at most 107; name a shorter one"),
            ("/proc/control.sock".into(), "or name another path"),
        ] {
            let refused = refusal(&path).await;
            assert!(refused.contains(mend), "{refused}");
            let named = format!("{} (server.control_socket): ", path.display());
            assert!(refused.contains(&named), "{refused}");
        }
    });
}

#[test]
fn dropping_it_removes_its_own_file_alone() {
    task::block_on(async {
        let (_folder, path) = place();
        drop(bind(&path).await);
        assert!(!path.exists());

        let first = bind(&path).await;
        fs::remove_file(&path).unwrap();
        let second = bind(&path).await;
        drop(first);
        assert!(path.exists(), "the second one's");
        drop(second);
        assert!(!path.exists());

        let replaced = bind(&path).await;
        fs::remove_file(&path).unwrap();
        fs::write(&path, "precious").unwrap();
        drop(replaced);
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    });
}

#[test]
fn ending_to_serve_removes_the_file() {
    task::block_on(async {
        let (_folder, path) = place();
        let serving = serve(bind(&path).await);
        assert_lives(&path).await;
        serving.cancel().await;
        assert!(!path.exists());
    });
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

#[test]
fn a_client_hears_why_there_is_no_answer() {
    task::block_on(async {
        let (folder, path) = place();
        let failure = async |path: &Path| ask(path, Command::Status, PATIENCE).await.unwrap_err();
        let missing = failure(&path).await;
        assert!(missing.is_absent());
        assert_eq!(missing.to_string(), format!("ask the daemon at {}: there is no such socket", path.display()));

        leave_behind(&path);
        let ended = failure(&path).await;
        assert!(ended.is_absent());
        assert!(ended.to_string().ends_with("nobody listens there; the daemon that made it has ended"), "{ended}");

        let other = folder.path().join("other.sock");
        let listener = UnixListener::bind(&other).await.unwrap();
        for (answer, told) in [("", "without an answer"), ("hello\n", "is not one JSON document")] {
            let hearing = async {
                let (mut client, _) = listener.accept().await.unwrap();
                client.read(&mut [0; 256]).await.unwrap();
                client.write_all(answer.as_bytes()).await.unwrap();
            };
            let ((), failure) = futures_util::future::join(hearing, failure(&other)).await;
            assert!(!failure.is_absent() && failure.to_string().contains(told), "{failure}");
        }
    });
}

#[test]
fn a_client_waits_no_longer_than_it_was_told() {
    task::block_on(async {
        let (_folder, path) = place();
        task::spawn(bind(&path).await.serve(|_| pending()));
        let late = ask(&path, Command::Reload, Duration::from_millis(20)).await.unwrap_err();
        assert!(late.to_string().ends_with(": no answer in 20ms"), "{late}");
    });
}

/// Only where permissions bind the user who runs the tests.
#[test]
fn rights_that_are_missing_are_named() {
    task::block_on(async {
        let (folder, path) = place();
        let _socket = bind(&path).await;
        let closed = folder.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0)).unwrap();
        if fs::write(closed.join("probe"), "").is_ok() {
            assert_eq!(fs::metadata(folder.path()).unwrap().uid(), 0, "nobody but root writes there");
            return;
        }
        let refused = refusal(&closed.join("control.sock")).await;
        assert!(refused.contains("let the daemon's user write in"), "{refused}");
        let denied = ask(&path, Command::Status, PATIENCE).await.unwrap_err().to_string();
        assert!(denied.ends_with("permission denied; only the socket's owner and group get in"), "{denied}");
        assert_eq!(UnixStream::connect(&path).await.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    });
}
