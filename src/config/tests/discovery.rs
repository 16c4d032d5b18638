use std::{ffi::OsString, path::PathBuf};

use crate::config::{Found, FoundBy, NotFound, discover};

struct Host {
    folder: tempfile::TempDir,
}

impl Host {
    fn new(files: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        Self { folder }
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Discovery with `variables` (values relative to the folder), and `etc.toml` in the place of `/etc`.
    fn discover(&self, flag: Option<&str>, variables: &[(&str, &str)]) -> Result<Found, NotFound> {
        let flag = flag.map(|flag| self.path(flag));
        let env = |name: &str| -> Option<OsString> {
            let (_, value) = variables.iter().find(|(variable, _)| *variable == name)?;
            Some(if value.is_empty() || value.starts_with('.') { value.into() } else { self.path(value).into() })
        };
        discover::discover_with(flag.as_deref(), &env, &self.path("etc.toml"))
    }
}

const XDG: &str = "xdg/keyviz-fanout/config.toml";
const HOME: &str = "home/.config/keyviz-fanout/config.toml";
const VARIABLE: (&str, &str) = ("KEYVIZ_FANOUT_CONFIG", "named.toml");

#[test]
fn the_first_place_that_has_a_file_wins() {
    let host = Host::new(&["flag.toml", "named.toml", XDG, HOME, "etc.toml"]);
    let (xdg, home) = (("XDG_CONFIG_HOME", "xdg"), ("HOME", "home"));
    for (flag, variables, path, found_by) in [
        (Some("flag.toml"), &[VARIABLE, xdg][..], "flag.toml", FoundBy::Flag),
        (None, &[VARIABLE, xdg], "named.toml", FoundBy::Env),
        (None, &[("KEYVIZ_FANOUT_CONFIG", ""), xdg, home], XDG, FoundBy::Xdg),
        (None, &[home], HOME, FoundBy::Xdg),
        (None, &[("XDG_CONFIG_HOME", ""), home], HOME, FoundBy::Xdg),
        (None, &[("XDG_CONFIG_HOME", "./relative"), home], HOME, FoundBy::Xdg),
        (None, &[], "etc.toml", FoundBy::Etc),
    ] {
        let found = host.discover(flag, variables).unwrap();
        assert_eq!((found.path, found.found_by), (host.path(path), found_by), "{variables:?}");
    }
}

#[test]
fn a_place_without_a_file_is_passed_and_listed() {
    let host = Host::new(&["etc.toml"]);
    let found = host.discover(None, &[("XDG_CONFIG_HOME", "xdg"), ("HOME", "home")]).unwrap();
    assert_eq!(found.found_by, FoundBy::Etc);
    assert_eq!(found.searched, [host.path(XDG), host.path("etc.toml")]);
}

#[test]
fn a_named_file_that_is_not_there_is_no_reason_to_take_another() {
    let host = Host::new(&["named.toml", "etc.toml"]);
    let error = host.discover(Some("typo.toml"), &[VARIABLE]).unwrap_err();
    assert_eq!((error.searched.clone(), error.named_by), (vec![host.path("typo.toml")], Some(FoundBy::Flag)));
    let error = host.discover(None, &[("KEYVIZ_FANOUT_CONFIG", "typo.toml")]).unwrap_err();
    assert_eq!(error.named_by, Some(FoundBy::Env));
    assert!(error.to_string().ends_with("typo.toml, named by $KEYVIZ_FANOUT_CONFIG"), "{error}");
}

#[test]
fn with_no_file_the_error_lists_every_place() {
    let host = Host::new(&[]);
    let error = host.discover(None, &[("HOME", "home")]).unwrap_err();
    assert_eq!(error.searched, [host.path(HOME), host.path("etc.toml")]);
    let message = error.to_string();
    assert!(error.searched.iter().all(|path| message.contains(path.to_str().unwrap())), "{message}");
}
