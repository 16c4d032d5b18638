//! Over real sockets in a folder that goes away with the test.

mod binding;
mod serving;

use std::{
    future::pending,
    path::{Path, PathBuf},
    time::Duration,
};

use async_std::{
    io::prelude::*,
    os::unix::net::UnixListener,
    task::{self, JoinHandle},
};
use serde_json::json;
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

/// Serves answers that name the command.
fn serve(socket: ControlSocket) -> JoinHandle<()> {
    task::spawn(socket.serve(|command| async move { json!({ "asked": command }) }))
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
