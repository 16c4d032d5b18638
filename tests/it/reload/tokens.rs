//! A file that the configuration names is followed like the configuration itself.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use super::{
    keys::own_address,
    scene::Scene,
    ways::{SOON, replace, swap},
};
use crate::running::{get, keyviz};

/// Metrics are open on loopback, so the daemon listens beyond.
const HEAD: &str =
    "server.listen = '0.0.0.0:0'\nserver.allow_insecure = true\nserver.control_socket = 'control.sock'\n";

/// Edits the token at `path`, which `prepare` made: each opens the metrics, and the one before it no longer does.
#[track_caller]
fn live(path: &str, prepare: fn(&Path), edit: fn(&Path, &str, u64)) {
    let Some(beyond) = own_address() else {
        println!("skipped: this host has no address but loopback");
        return;
    };
    let configured = |root: &Path, text: &str| -> PathBuf {
        prepare(root);
        fs::write(root.join("config.toml"), text).unwrap();
        root.join("config.toml")
    };
    let head = format!("{HEAD}server.metrics_token_file = '{path}'\n");
    let mut scene = Scene::launch(head, configured, |file| keyviz(&["run", "--config", file.to_str().unwrap()]));
    let at = SocketAddr::new(beyond, scene.daemon.address.port());
    let status =
        |number: u64| get(at, "/metrics", &format!("Authorization: Bearer token-{number}\r\n")).unwrap().status;
    assert_eq!((status(1), status(2)), (200, 401));
    for number in 2..=4 {
        scene.edit_named(|root| edit(root, &format!("token-{number}\n"), number));
        assert_eq!((status(number - 1), status(number)), (401, 200));
    }
    scene.noticed("watch", SOON);
    scene.end();
}

fn plain(root: &Path) {
    fs::write(root.join("token"), "token-1\n").unwrap();
}

#[test]
fn a_token_written_in_place() {
    live("token", plain, |root, token, _| fs::write(root.join("token"), token).unwrap());
}

#[test]
fn a_token_renamed_over() {
    live("token", plain, |root, token, _| replace(&root.join("token"), token));
}

#[test]
fn a_token_behind_a_link_renamed_over() {
    let linked = |root: &Path| {
        fs::create_dir(root.join("secrets")).unwrap();
        fs::write(root.join("secrets/1"), "token-1\n").unwrap();
        symlink("secrets/1", root.join("token")).unwrap();
    };
    live("token", linked, |root, token, number| {
        fs::write(root.join(format!("secrets/{number}")), token).unwrap();
        symlink(format!("secrets/{number}"), root.join("new")).unwrap();
        fs::rename(root.join("new"), root.join("token")).unwrap();
    });
}

#[test]
fn a_token_in_a_kubernetes_volume() {
    let mounted = |root: &Path| {
        fs::create_dir(root.join("volume")).unwrap();
        swap(&root.join("volume"), "token", "token-1\n", 1);
    };
    live("volume/token", mounted, |root, token, number| swap(&root.join("volume"), "token", token, number));
}
