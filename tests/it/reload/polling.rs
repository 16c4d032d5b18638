//! Where the kernel has no inotify left, files are read from time to time, until it has some again (SPEC §5, "Reload").

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::{
    scene::Scene,
    ways::{SOON, write_slowly, written_slowly},
};
use crate::running::whole;

/// Sets a limit of the user namespace that it runs in, and goes on as the rest of its arguments.
const SET: &str = r#"echo "$1" > "/proc/sys/user/$0" && shift && exec "$@""#;

/// As long as `limit` is `few`; none where that can't be had.
fn limited(limit: &str, few: &str) -> Option<impl Fn() -> Scene> {
    let (limit, few) = (limit.to_owned(), few.to_owned());
    let command = move |program: &str| {
        let mut command = Command::new("unshare");
        command.args(["-Ur", "sh", "-c", SET, &limit, &few, program]).stdin(Stdio::null());
        command.env_remove("RUST_LOG").env_remove("KEYVIZ_FANOUT_CONFIG");
        command
    };
    if !command("true").output().is_ok_and(|output| output.status.success()) {
        println!("skipped: no user namespace to be had, so no limit can be lowered");
        return None;
    }
    Some(move || {
        let scene = Scene::launch(whole(""), written, |file| {
            let mut command = command(env!("CARGO_BIN_EXE_keyviz-fanout"));
            command.args(["run", "--config"]).arg(file);
            command
        });
        scene.config_when("polling", |config| config["watch"]["mode"] == "poll");
        scene
    })
}

/// Edits a file while `limit` is `few`, too few to watch it, and again when there are enough.
#[track_caller]
fn polled_while(limit: &str, few: &str) {
    let Some(start) = limited(limit, few) else { return };
    let mut scene = start();
    let edit = |root: &Path, text: &str, _: u64| drop(written(root, text));
    assert!(scene.daemon.log().contains("can't watch all files"), "{}", scene.daemon.log());
    for _ in 0..2 {
        scene.edit(edit);
    }
    scene.noticed("poll", Duration::from_secs(10));
    let status = scene.daemon.command(&["status"]);
    let status = String::from_utf8(status.stdout).unwrap();
    assert!(status.contains("poll"), "{status}");

    raise(&scene, limit);
    scene.config_when("watches", |config| config["watch"]["mode"] == "inotify");
    assert!(scene.daemon.log().contains("all files are watched again"), "{}", scene.daemon.log());
    for _ in 0..3 {
        scene.edit(edit);
    }
    scene.noticed("watch", SOON);
    scene.end();
}

fn raise(scene: &Scene, limit: &str) {
    let mut command = Command::new("nsenter");
    command.args(["--preserve-credentials", "-U", "-t", &scene.daemon.child.id().to_string()]);
    let output = command.args(["sh", "-c", SET, limit, "1000", "true"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn written(root: &Path, text: &str) -> PathBuf {
    let file = root.join("config.toml");
    fs::write(&file, text).unwrap();
    file
}

#[test]
fn without_an_inotify_instance_until_there_is_one() {
    polled_while("max_inotify_instances", "0");
}

/// Enough for the outer folders alone.
#[test]
fn without_enough_inotify_watches_until_there_are() {
    polled_while("max_inotify_watches", "2");
}

#[test]
fn a_slow_write_that_a_poll_falls_into_never_runs_before_it_is_whole() {
    let Some(start) = limited("max_inotify_instances", "0") else { return };
    written_slowly("poll", start, |scene| {
        // After the first edit it is known when it polls next.
        scene.edit(|root, text, _| drop(written(root, text)));
        thread::sleep(Duration::from_millis(1700));
        write_slowly(scene, 8)
    });
}
