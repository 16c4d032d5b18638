use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::Path,
};

use async_std::{os::unix::net::UnixStream, task};

use super::{Command, ControlSocket, PATIENCE, ask, assert_lives, bind, leave_behind, place, serve};

async fn refusal(path: &Path) -> String {
    ControlSocket::bind(path).await.unwrap_err().to_string()
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

/// Only where permissions bind the user who runs the tests.
#[test]
fn permissions_that_are_missing_are_named() {
    task::block_on(async {
        let (folder, path) = place();
        let _socket = bind(&path).await;
        let closed = folder.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        if fs::write(closed.join("probe"), "").is_ok() {
            assert_eq!(fs::metadata(folder.path()).unwrap().uid(), 0, "nobody but root writes there");
            return;
        }
        let refused = refusal(&closed.join("control.sock")).await;
        assert!(refused.contains("let the daemon's user write in"), "{refused}");
        let denied = ask(&path, Command::Status, PATIENCE).await.unwrap_err().to_string();
        assert!(denied.contains("permission denied; only the socket's owner and group get in: use sudo"), "{denied}");
        assert_eq!(UnixStream::connect(&path).await.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    });
}
