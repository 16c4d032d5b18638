use std::os::unix::{fs::symlink, net::UnixListener};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// An empty folder, and its physical path.
fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().canonicalize().unwrap();
    (folder, path)
}

/// The names on the way to `file` that are below `root`, relative to it.
fn names(root: &Path, file: &str) -> Vec<String> {
    let trail = Trail::of(&[root.join(file)]);
    let below = trail.0.keys().filter_map(|path| path.strip_prefix(root).ok());
    below.map(|path| path.display().to_string()).filter(|name| !name.is_empty()).collect()
}

#[test]
fn every_folder_up_to_the_root_counts() {
    let trail = Trail::of(&["/no such folder/b/config.toml".into(), "/".into()]);
    assert_eq!(trail.folders(), BTreeSet::from([Path::new("/")]));
    let (_held, root) = folder();
    fs::write(root.join("config.toml"), "").unwrap();
    let trail = Trail::of(&[root.join("config.toml")]);
    let all: BTreeSet<_> = root.ancestors().collect();
    assert_eq!(trail.folders(), all);
    assert!(all.iter().filter(|path| path.parent().is_some()).all(|path| trail.contains(path)));
}

#[test]
fn a_mounted_config_map_leads_over_two_links() {
    let (_held, root) = folder();
    fs::create_dir(root.join("..2024_x")).unwrap();
    fs::write(root.join("..2024_x/config.toml"), "").unwrap();
    symlink("..2024_x", root.join("..data")).unwrap();
    symlink("..data/config.toml", root.join("config.toml")).unwrap();
    assert_eq!(names(&root, "config.toml"), ["..2024_x", "..2024_x/config.toml", "..data", "config.toml"]);
    let trail = Trail::of(&[root.join("config.toml")]);
    let landmarks = ["..2024_x/config.toml", "..data", "config.toml"].map(|name| root.join(name));
    assert_eq!(trail.landmarks().collect::<Vec<_>>(), landmarks);
    assert_eq!(trail.files().collect::<Vec<_>>(), [root.join("..2024_x/config.toml")]);
}

#[test]
fn absolute_targets_and_steps_up_are_followed_from_where_the_link_is() {
    let (_held, root) = folder();
    fs::create_dir_all(root.join("a/deep")).unwrap();
    fs::create_dir(root.join("b")).unwrap();
    fs::write(root.join("b/config.toml"), "").unwrap();
    symlink(root.join("a/deep"), root.join("link")).unwrap();
    symlink("../b/config.toml", root.join("a/config.toml")).unwrap();
    // By name the step up would lead to the root's own config.toml.
    let expected = ["a", "a/config.toml", "a/deep", "b", "b/config.toml", "link"];
    assert_eq!(names(&root, "link/../config.toml"), expected);
}

#[test]
fn the_first_missing_name_ends_the_trail() {
    let (_held, root) = folder();
    fs::create_dir(root.join("a")).unwrap();
    fs::write(root.join("file"), "").unwrap();
    assert_eq!(names(&root, "a/b/c/config.toml"), ["a", "a/b"]);
    assert_eq!(names(&root, "a/b/../../file"), ["a", "a/b"]);
    assert_eq!(names(&root, "file/config.toml"), ["file"]);
}

#[test]
fn a_circle_of_links_ends() {
    let (_held, root) = folder();
    symlink("b", root.join("a")).unwrap();
    symlink("a", root.join("b")).unwrap();
    assert_eq!(names(&root, "a/config.toml"), ["a", "b"]);
}

#[test]
fn as_many_links_are_followed_as_the_kernel_follows() {
    let (_held, root) = folder();
    fs::write(root.join("0"), "").unwrap();
    (1..45).for_each(|i: u32| symlink((i - 1).to_string(), root.join(i.to_string())).unwrap());
    for i in 1..45 {
        let file = root.join(i.to_string());
        let trail = Trail::of(std::slice::from_ref(&file));
        assert_eq!(trail.files().count() == 1, fs::metadata(&file).is_ok(), "{i} links");
    }
}

#[test]
fn a_device_or_a_socket_is_followed_by_its_name_alone() {
    let (_held, root) = folder();
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    symlink("/dev/null", root.join("masked")).unwrap();
    let trail = Trail::of(&[root.join("socket"), root.join("masked")]);
    let null = Path::new("/dev/null");
    for (path, special) in [(root.join("socket"), true), (root.join("masked"), false), (null.into(), true)] {
        assert!(trail.contains(&path), "{}", path.display());
        assert_eq!(trail.is_special(&path), special, "{}", path.display());
    }
    assert_eq!(trail.files().count(), 0, "nor is any of them watched itself");
}

/// What is at a place of a random tree.
#[derive(Clone, Debug)]
enum Node {
    Folder,
    File,
    Symlink(String),
}

/// A path of a few components, mostly such as the tree has.
fn path() -> impl Strategy<Value = String> {
    let component = prop_oneof![6 => "[abc]", 1 => Just("..".to_owned()), 1 => Just(".".to_owned())];
    prop::collection::vec(component, 1..5).prop_map(|parts| parts.join("/"))
}

fn tree() -> impl Strategy<Value = Vec<(String, Node)>> {
    let target = prop_oneof![2 => path(), 1 => path().prop_map(|path| format!("/{path}"))];
    let node = prop_oneof![3 => Just(Node::Folder), 3 => Just(Node::File), 4 => target.prop_map(Node::Symlink)];
    prop::collection::vec(("[abc](/[abc]){0,2}", node), 1..24)
}

/// Makes what of the tree can be made; links to `/…` lead to the root of the tree. The physical paths made.
fn plant(root: &Path, tree: &[(String, Node)]) -> BTreeSet<PathBuf> {
    for (path, node) in tree {
        let path = root.join(path);
        // What is there already, or has no folder to be in, is left out.
        let _ = match node {
            Node::Folder => fs::create_dir(&path),
            Node::File if path.exists() => Ok(()),
            Node::File => fs::write(&path, path.as_os_str().as_encoded_bytes()),
            Node::Symlink(target) => match target.strip_prefix('/') {
                Some(inside) => symlink(root.join(inside), &path),
                None => symlink(target, &path),
            },
        };
    }
    let mut all = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            folders.extend(entry.file_type().unwrap().is_dir().then(|| entry.path()));
            all.insert(entry.path());
        }
    }
    all
}

/// Those without which the file can't be read any more: tried, one by one.
fn needed(all: &BTreeSet<PathBuf>, aside: &Path, file: &Path) -> BTreeSet<PathBuf> {
    let is_needed = |path: &&PathBuf| {
        fs::rename(path, aside).unwrap();
        let lost = fs::read(file).is_err();
        fs::rename(aside, path).unwrap();
        lost
    };
    all.iter().filter(is_needed).cloned().collect()
}

proptest! {
    #[test]
    fn the_trail_leads_where_the_kernel_goes_over_what_it_needs(tree in tree(), path in path()) {
        let (_held, base) = folder();
        // Room for steps up out of the tree.
        let root = base.join("d/d/d/d/d/d/root");
        fs::create_dir_all(&root).unwrap();
        let all = plant(&root, &tree);
        let file = root.join(path);
        let trail = Trail::of(std::slice::from_ref(&file));
        let end = file.canonicalize().ok().filter(|end| end.is_file());
        if end.is_some() {
            prop_assert_eq!(trail.files().next(), end.as_deref());
            let on_trail: BTreeSet<_> = trail.0.keys().filter(|path| all.contains(*path)).cloned().collect();
            prop_assert_eq!(on_trail, needed(&all, &base.join("aside"), &file));
        }
    }
}
