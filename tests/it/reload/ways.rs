//! However an edit is made, it is live, and nobody who asks meanwhile notices more than that (SPEC §5, "Reload").

use std::{
    fs,
    io::Write,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::scene::Scene;

/// A machine that is busy takes some seconds for what takes a fraction of one; it is the trigger that tells a hint from the
/// slow poll.
pub(super) const SOON: Duration = Duration::from_secs(8);
const FILE: &str = "config.toml";

/// Edits what `prepare` made, some times: the second time a watch may be on what was there before the first.
#[track_caller]
fn live(prepare: fn(&Path, &str) -> PathBuf, edit: fn(&Path, &str, u64)) {
    let mut scene = Scene::start(prepare);
    for _ in 0..3 {
        scene.edit(edit);
    }
    scene.noticed("watch", SOON);
    scene.end();
}

/// A plain file.
fn plain(root: &Path, text: &str) -> PathBuf {
    let file = root.join(FILE);
    fs::write(&file, text).unwrap();
    file
}

/// A plain file in a folder in a folder.
fn nested(root: &Path, text: &str) -> PathBuf {
    fs::create_dir_all(root.join("a/b")).unwrap();
    plain(&root.join("a/b"), text)
}

/// A symlink to a file in another folder.
fn linked(root: &Path, text: &str) -> PathBuf {
    let [here, there] = ["here", "there"].map(|name| root.join(name));
    fs::create_dir(&here).unwrap();
    fs::create_dir(&there).unwrap();
    fs::write(there.join("real.toml"), text).unwrap();
    symlink("../there/real.toml", here.join(FILE)).unwrap();
    here.join(FILE)
}

/// Writes beside `file` and renames over it.
pub(super) fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}

/// What Kubernetes does to mount another version of a volume with this one file: a folder of its own, which the `..data` of
/// `volume` then leads to; the folder before is removed.
pub(super) fn swap(volume: &Path, name: &str, text: &str, number: u64) {
    let folder = format!("..2026_{number}");
    fs::create_dir(volume.join(&folder)).unwrap();
    fs::write(volume.join(&folder).join(name), text).unwrap();
    let before = fs::read_link(volume.join("..data"));
    symlink(&folder, volume.join("..data_tmp")).unwrap();
    fs::rename(volume.join("..data_tmp"), volume.join("..data")).unwrap();
    match before {
        Ok(before) => fs::remove_dir_all(volume.join(before)).unwrap(),
        Err(_) => symlink(Path::new("..data").join(name), volume.join(name)).unwrap(),
    }
}

#[test]
fn a_write_in_place() {
    live(plain, |root, text, _| fs::write(root.join(FILE), text).unwrap());
}

#[test]
fn a_slow_write_never_runs_before_it_is_whole() {
    written_slowly("watch", || Scene::start(plain), |scene| (0..2).all(|_| write_slowly(scene, 5)));
}

#[test]
fn a_slow_write_that_the_slow_poll_falls_into_never_runs_before_it_is_whole() {
    let edit = |scene: &mut Scene| {
        thread::sleep(Duration::from_millis(4800));
        write_slowly(scene, 8)
    };
    written_slowly("watch", || Scene::start(plain), edit);
}

/// Checks that nothing runs but whole texts, in a scene where `edit` succeeds in writing in time: who pauses longer than he
/// means to can't be told from one who has ended.
#[track_caller]
pub(super) fn written_slowly(trigger: &str, start: impl Fn() -> Scene, edit: fn(&mut Scene) -> bool) {
    for _ in 0..4 {
        let mut scene = start();
        if edit(&mut scene) {
            scene.noticed(trigger, SOON);
            return scene.end();
        }
    }
    println!("skipped: this machine is too busy for a write in pieces");
}

/// Edits the file in so many pieces; without the last or the last two the text is valid too, but another configuration.
/// False when it took too long.
pub(super) fn write_slowly(scene: &mut Scene, pieces: usize) -> bool {
    const PAUSE: Duration = Duration::from_millis(150);
    const LATE: Duration = Duration::from_millis(40);
    let mut in_time = true;
    let path = scene.daemon.file.clone();
    scene.edit(|_, text, _| {
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        let (valid, rest) = lines.split_at(lines.len() - 2);
        let valid = valid.concat();
        let (half, other) = valid.split_at(valid.len() / 2);
        let pieces = [half, other].into_iter().chain(vec!["# more to come\n"; pieces - 4]).chain(rest.iter().copied());
        let mut file = fs::File::create(&path).unwrap();
        let begun = Instant::now();
        for (piece, due) in pieces.zip((0..).map(|piece| PAUSE * piece)) {
            thread::sleep(due.saturating_sub(begun.elapsed()));
            file.write_all(piece.as_bytes()).unwrap();
            in_time &= begun.elapsed() < due + LATE;
        }
    });
    in_time
}

/// What turns the configuration in a file into `text`, for sed and for vim.
fn substitutions(text: &str) -> impl Iterator<Item = String> {
    let marked = text.lines().skip_while(|line| !line.starts_with("fanout.peers"));
    marked.filter_map(|line| Some(format!("s/^{} .*/{line}/", line.split(' ').next()?)))
}

#[test]
fn sed() {
    live(plain, |root, text, _| {
        let mut sed = Command::new("sed");
        sed.arg("-i").args(substitutions(text).flat_map(|command| ["-e".to_owned(), command]));
        assert!(sed.arg(root.join(FILE)).status().unwrap().success());
        assert_eq!(fs::read_to_string(root.join(FILE)).unwrap(), text);
    });
}

#[test]
fn vim() {
    if Command::new("vim").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("skipped: there is no vim");
        return;
    }
    live(plain, |root, text, number| {
        // The old file is renamed away, or copied and then written to.
        let copy = if number.is_multiple_of(2) { "no" } else { "yes" };
        let mut vim = Command::new("vim");
        vim.args(["-es", "-N", "-u", "NONE", "-i", "NONE", "-c", &format!("set backupcopy={copy}")]);
        vim.args(substitutions(text).flat_map(|command| ["-c".to_owned(), format!("%{command}")]));
        let status = vim.args(["-c", "wq"]).arg(root.join(FILE)).stdin(Stdio::null()).status();
        assert!(status.unwrap().success());
        assert_eq!(fs::read_to_string(root.join(FILE)).unwrap(), text);
    });
}

#[test]
fn an_editor_that_keeps_the_old_file_until_the_new_one_is_there() {
    live(plain, |root, text, number| {
        let [file, probe, kept] = [FILE, "4913", "config.toml~"].map(|name| root.join(name));
        fs::write(&probe, "").unwrap();
        fs::remove_file(&probe).unwrap();
        if number.is_multiple_of(2) {
            fs::copy(&file, &kept).unwrap();
            replace(&file, text);
        } else {
            fs::rename(&file, &kept).unwrap();
            fs::write(&file, text).unwrap();
        }
        fs::remove_file(&kept).unwrap();
    });
}

#[test]
fn a_rename_over() {
    live(plain, |root, text, _| replace(&root.join(FILE), text));
}

#[test]
fn a_file_deleted_and_recreated() {
    live(plain, |root, text, _| {
        fs::remove_file(root.join(FILE)).unwrap();
        thread::sleep(Duration::from_millis(300));
        fs::write(root.join(FILE), text).unwrap();
    });
}

#[test]
fn a_link_renamed_over() {
    live(linked, |root, text, number| {
        fs::write(root.join(format!("there/{number}.toml")), text).unwrap();
        symlink(format!("../there/{number}.toml"), root.join("here/new")).unwrap();
        fs::rename(root.join("here/new"), root.join("here").join(FILE)).unwrap();
    });
}

#[test]
fn a_link_removed_and_made_again() {
    live(linked, |root, text, number| {
        fs::write(root.join(format!("there/{number}.toml")), text).unwrap();
        fs::remove_file(root.join("here").join(FILE)).unwrap();
        symlink(format!("../there/{number}.toml"), root.join("here").join(FILE)).unwrap();
    });
}

#[test]
fn a_links_target_written_in_place() {
    live(linked, |root, text, _| fs::write(root.join("there/real.toml"), text).unwrap());
}

#[test]
fn a_links_target_renamed_over() {
    live(linked, |root, text, _| replace(&root.join("there/real.toml"), text));
}

#[test]
fn a_kubernetes_volume_swapped() {
    let mounted = |root: &Path, text: &str| {
        swap(root, FILE, text, 1);
        root.join(FILE)
    };
    live(mounted, |root, text, number| swap(root, FILE, text, number));
}

#[test]
fn a_folder_removed_and_recreated() {
    live(nested, |root, text, _| {
        fs::remove_dir_all(root.join("a/b")).unwrap();
        nested(root, text);
    });
}

#[test]
fn a_folder_gone_for_a_while_with_the_one_around_it() {
    live(nested, |root, text, _| {
        fs::remove_dir_all(root.join("a")).unwrap();
        thread::sleep(Duration::from_millis(300));
        nested(root, text);
    });
}
