use super::*;

fn service() -> Reader {
    Reader { uid: 997, user: "daemon".into(), gid: 995, group: "daemons".into(), groups: vec![44] }
}

fn id((number, name): (u32, &str)) -> Id {
    Id { number, name: Some(name.into()) }
}

const ROOT: (u32, &str) = (0, "root");
const HIDDEN: Id = Id { number: 65534, name: None };

fn file(owner: (u32, &str), group: (u32, &str), mode: u32) -> Inode {
    Inode { path: "/etc/x.toml".into(), owner: id(owner), group: id(group), mode, is_folder: false }
}

fn folder(group: (u32, &str), mode: u32) -> Inode {
    Inode { path: "/srv/cm".into(), is_folder: true, ..file(ROOT, group, mode) }
}

#[test]
fn a_service_is_told_who_it_is_whose_the_file_is_and_what_mends_that() {
    assert_eq!(
        file(ROOT, ROOT, 0o600).told(&service()),
        "this runs as daemon, and the file is root:root with mode 0600; \
         let daemon read it with `chgrp daemons /etc/x.toml && chmod 0640 /etc/x.toml`"
    );
    assert_eq!(
        folder(ROOT, 0o700).told(&service()),
        "this runs as daemon, and the folder /srv/cm is root:root with mode 0700; \
         let daemon in with `setfacl -m u:daemon:x /srv/cm`"
    );
    let home = folder(ROOT, 0).told(&service());
    assert!(home.contains("ProtectHome=") && !home.contains("setfacl"), "{home}");
}

#[test]
fn what_grants_it_takes_it_from_nobody() {
    let chgrp = "chgrp daemons /etc/x.toml && chmod 0640 /etc/x.toml";
    let acl = "setfacl -m u:daemon:r /etc/x.toml";
    for (inode, command) in [
        (file((1001, "deploy"), (1001, "deploy"), 0o600), chgrp),
        (file((1001, "deploy"), (1002, "staff"), 0o640), acl),
        (file(ROOT, (110, "ssl-cert"), 0o640), acl),
        (file(ROOT, (44, "one of its groups"), 0o600), acl),
        (file(ROOT, (995, "daemons"), 0o600), "chmod g+r /etc/x.toml"),
        (file((997, "daemon"), ROOT, 0o040), "chmod u+r /etc/x.toml"),
        (folder((110, "ssl-cert"), 0o710), "setfacl -m u:daemon:x /srv/cm"),
        (folder((995, "daemons"), 0o700), "chmod g+x /srv/cm"),
    ] {
        assert_eq!(inode.granting(&service()), command);
        let told = inode.told(&service());
        assert!(told.ends_with(&format!("with `{command}`")), "{told}");
    }
}

#[test]
fn an_owner_whom_the_namespace_hides_is_not_named() {
    let shown = file(ROOT, ROOT, 0o640);
    for hidden in [Inode { group: HIDDEN, ..shown.clone() }, Inode { owner: HIDDEN, group: HIDDEN, ..shown.clone() }] {
        let told = hidden.told(&Reader { groups: vec![65534], ..service() });
        let known = "and the file has mode 0640; let daemon read it with `setfacl -m u:daemon:r /etc/x.toml`";
        assert!(told.ends_with(known), "{told}");
    }
}

#[test]
fn where_the_mode_grants_it_something_else_denies() {
    let root = Reader { uid: 0, user: "root".into(), ..service() };
    for (inode, reader) in [
        (file(ROOT, (995, "daemons"), 0o640), &service()),
        (file(ROOT, (44, "one of its groups"), 0o640), &service()),
        (file((997, "daemon"), ROOT, 0o400), &service()),
        (file(ROOT, ROOT, 0o604), &service()),
        (folder(ROOT, 0o701), &service()),
        (file((1001, "deploy"), (1001, "deploy"), 0), &root),
    ] {
        let told = inode.told(reader);
        assert!(
            told.contains("would let ")
                && told.contains("look at AppArmor, SELinux, ACLs and the mount")
                && !told.contains('`'),
            "{told}"
        );
    }
}

#[test]
fn people_are_not_told_to_take_the_file_from_the_service() {
    let alice = Reader { uid: 1000, user: "alice".into(), gid: 1000, group: "alice".into(), groups: Vec::new() };
    let told = file(ROOT, ROOT, 0o640).told(&alice);
    assert!(told.contains("this runs as alice") && told.contains("use sudo") && !told.contains("chgrp"), "{told}");
}

#[test]
fn what_denies_is_found_behind_links_and_above_what_is_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let found = |name: &str| reached(&at(name), LINKS_MAX).map(|inode| (inode.path, inode.is_folder)).unwrap();
    for name in ["a", "b"] {
        fs::create_dir(at(name)).unwrap();
    }
    fs::write(at("b/real"), "").unwrap();
    for (target, link) in [("b/real", "link"), ("../b/hidden", "a/link"), ("loop", "loop")] {
        std::os::unix::fs::symlink(target, at(link)).unwrap();
    }
    fs::set_permissions(at("b/real"), fs::Permissions::from_mode(0o604)).unwrap();
    assert_eq!(found("link"), (at("link"), false));
    assert_eq!(reached(&at("link"), LINKS_MAX).unwrap().mode, 0o604, "of what it leads to");
    assert_eq!(found("a/hidden/config.toml"), (at("a"), true));
    assert_eq!(found("a/link/config.toml"), (at("a/../b"), true));
    assert_eq!(found("loop"), (folder.path().to_owned(), true));
}

#[test]
fn other_errors_stay_as_they_are() {
    let path = Path::new("/nonexistent");
    let gone = explained(io::Error::from_raw_os_error(2), path);
    assert_eq!(gone.raw_os_error(), Some(2));
    let ours = explained(io::Error::new(io::ErrorKind::PermissionDenied, "its mode is 0644"), path);
    assert_eq!(ours.to_string(), "its mode is 0644");
    let denied = explained(io::Error::from_raw_os_error(13), path).to_string();
    assert!(denied.starts_with("permission denied: this runs as "), "{denied}");
    assert!(
        denied.contains("the folder / ") && !denied.contains("setfacl"),
        "what holds already is no advice: {denied}"
    );
}
