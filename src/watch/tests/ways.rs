//! The ways in which files are changed, each twice: the second time a watch may be on what was there before the first.

use std::{
    io::Write,
    os::unix::fs::{PermissionsExt, symlink},
};

use super::*;

/// Follows the file that `prepare` makes; after each edit, a hint must tell that the file is what `edit` makes of it.
#[track_caller]
fn noticed(prepare: impl FnOnce(&Path) -> PathBuf, edit: impl Fn(&Path, &str)) {
    let mut followed = Followed::new(prepare);
    for text in ["1", "2 and longer"] {
        edit(&followed.root, text);
        followed.becomes(text);
    }
}

/// Writes beside `file` and renames over it, as careful editors do.
fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}

/// A file in a folder in a folder.
fn nested(root: &Path) -> PathBuf {
    fs::create_dir_all(root.join("a/b")).unwrap();
    plain(&root.join("a/b"))
}

/// A link to a file in another folder.
fn linked(root: &Path) -> PathBuf {
    fs::create_dir_all(root.join("here")).unwrap();
    fs::create_dir_all(root.join("there")).unwrap();
    fs::write(root.join("there/real.toml"), "0").unwrap();
    symlink("../there/real.toml", root.join("here/config.toml")).unwrap();
    root.join("here/config.toml")
}

#[test]
fn a_write_in_place() {
    noticed(plain, |root, text| fs::write(root.join("config.toml"), text).unwrap());
}

#[test]
fn a_slow_write_in_pieces() {
    noticed(plain, |root, text| {
        let mut file = fs::File::create(root.join("config.toml")).unwrap();
        for byte in text.bytes() {
            file.write_all(&[byte]).unwrap();
            std::thread::sleep(Duration::from_millis(20));
        }
    });
}

#[test]
fn a_rename_over() {
    noticed(plain, |root, text| replace(&root.join("config.toml"), text));
}

#[test]
fn a_file_deleted_and_recreated() {
    noticed(plain, |root, text| {
        fs::remove_file(root.join("config.toml")).unwrap();
        fs::write(root.join("config.toml"), text).unwrap();
    });
}

#[test]
fn an_editor_that_keeps_the_old_file() {
    noticed(plain, |root, text| {
        let [file, probe, kept] = ["config.toml", "4913", "config.toml~"].map(|name| root.join(name));
        fs::write(&probe, "").unwrap();
        fs::remove_file(&probe).unwrap();
        fs::rename(&file, &kept).unwrap();
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::metadata(&kept).unwrap().permissions()).unwrap();
        fs::remove_file(&kept).unwrap();
    });
}

#[test]
fn a_write_through_another_hard_link() {
    let linked_twice = |root: &Path| {
        let file = plain(root);
        fs::create_dir(root.join("elsewhere")).unwrap();
        fs::hard_link(&file, root.join("elsewhere/name")).unwrap();
        file
    };
    noticed(linked_twice, |root, text| fs::write(root.join("elsewhere/name"), text).unwrap());
}

#[test]
fn a_link_given_another_target() {
    noticed(linked, |root, text| {
        let target = root.join(format!("there/{text}"));
        fs::write(&target, text).unwrap();
        fs::remove_file(root.join("here/config.toml")).unwrap();
        symlink(target, root.join("here/config.toml")).unwrap();
    });
}

#[test]
fn a_link_renamed_over() {
    noticed(linked, |root, text| {
        fs::write(root.join(format!("there/{text}")), text).unwrap();
        symlink(format!("../there/{text}"), root.join("here/new")).unwrap();
        fs::rename(root.join("here/new"), root.join("here/config.toml")).unwrap();
    });
}

#[test]
fn a_link_s_target_written_in_place() {
    noticed(linked, |root, text| fs::write(root.join("there/real.toml"), text).unwrap());
}

#[test]
fn a_link_s_target_renamed_over() {
    noticed(linked, |root, text| replace(&root.join("there/real.toml"), text));
}

#[test]
fn a_link_s_target_whose_folder_is_recreated() {
    noticed(linked, |root, text| {
        fs::remove_dir_all(root.join("there")).unwrap();
        fs::create_dir(root.join("there")).unwrap();
        fs::write(root.join("there/real.toml"), text).unwrap();
    });
}

/// Publishes `text` as Kubernetes does: a new folder, and one rename that makes `..data` point to it.
fn publish(root: &Path, text: &str) {
    let folder = format!("..2024_{text}");
    fs::create_dir(root.join(&folder)).unwrap();
    fs::write(root.join(&folder).join("config.toml"), text).unwrap();
    let old = fs::read_link(root.join("..data")).ok();
    symlink(folder, root.join("..data_tmp")).unwrap();
    fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
    if let Some(old) = old {
        fs::remove_dir_all(root.join(old)).unwrap();
    }
}

#[test]
fn a_config_map_published_anew() {
    let mounted = |root: &Path| {
        publish(root, "0");
        symlink("..data/config.toml", root.join("config.toml")).unwrap();
        root.join("config.toml")
    };
    noticed(mounted, publish);
}

#[test]
fn a_folder_on_the_way_that_is_a_link_given_another_target() {
    let released = |root: &Path| {
        fs::create_dir(root.join("0")).unwrap();
        plain(&root.join("0"));
        symlink("0", root.join("current")).unwrap();
        root.join("current/config.toml")
    };
    noticed(released, |root, text| {
        fs::create_dir(root.join(text)).unwrap();
        fs::write(root.join(text).join("config.toml"), text).unwrap();
        fs::remove_file(root.join("current")).unwrap();
        symlink(text, root.join("current")).unwrap();
    });
}

#[test]
fn the_folder_removed_and_recreated() {
    noticed(nested, |root, text| {
        fs::remove_dir_all(root.join("a/b")).unwrap();
        fs::create_dir(root.join("a/b")).unwrap();
        fs::write(root.join("a/b/config.toml"), text).unwrap();
    });
}

#[test]
fn an_ancestor_removed_and_recreated_several_times() {
    noticed(nested, |root, text| {
        for round in ["once", "twice", text] {
            fs::remove_dir_all(root.join("a")).unwrap();
            fs::create_dir_all(root.join("a/b")).unwrap();
            fs::write(root.join("a/b/config.toml"), round).unwrap();
        }
    });
}

#[test]
fn a_folder_that_did_not_exist() {
    noticed(
        |root| root.join("a/b/config.toml"),
        |root, text| {
            let _ = fs::remove_dir_all(root.join("a"));
            fs::create_dir_all(root.join("a/b")).unwrap();
            fs::write(root.join("a/b/config.toml"), text).unwrap();
        },
    );
}

#[test]
fn a_folder_renamed_over() {
    noticed(nested, |root, text| {
        fs::create_dir_all(root.join("new/b")).unwrap();
        fs::write(root.join("new/b/config.toml"), text).unwrap();
        fs::rename(root.join("a"), root.join(format!("before {text}"))).unwrap();
        fs::rename(root.join("new"), root.join("a")).unwrap();
    });
}

#[test]
fn a_write_after_the_folder_was_recreated_and_followed() {
    let mut followed = Followed::new(nested);
    let folder = followed.root.join("a/b");
    for text in ["1", "2"] {
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(&followed.file, "meanwhile").unwrap();
        followed.becomes("meanwhile");
        followed.rest();
        fs::write(&followed.file, text).unwrap();
        followed.becomes(text);
    }
}

#[test]
fn a_write_after_an_ancestor_was_moved_away_and_back() {
    let mut followed = Followed::new(nested);
    let [ancestor, away] = ["a", "away"].map(|name| followed.root.join(name));
    for text in ["1", "2"] {
        fs::rename(&ancestor, &away).unwrap();
        assert!(followed.hinted_within(PATIENCE));
        fs::rename(&away, &ancestor).unwrap();
        followed.rest();
        fs::write(&followed.file, text).unwrap();
        followed.becomes(text);
    }
}

#[test]
fn another_mode() {
    let mut followed = Followed::new(plain);
    for mode in [0o000, 0o644] {
        fs::set_permissions(&followed.file, fs::Permissions::from_mode(mode)).unwrap();
        assert!(followed.hinted_within(PATIENCE), "{mode:o}");
    }
}

/// Nobody writes a configuration to a pipe twice, but somebody may put a file in its place.
#[test]
fn a_file_in_place_of_a_pipe() {
    let mut followed = Followed::new(plain);
    for text in ["1", "2"] {
        fs::remove_file(&followed.file).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&followed.file).status().unwrap().success());
        assert!(followed.hinted_within(PATIENCE), "the pipe");
        followed.rest();
        fs::remove_file(&followed.file).unwrap();
        fs::write(&followed.file, text).unwrap();
        followed.becomes(text);
    }
}
