//! Which daemon `reload` and `status` ask, and asking it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use log::Level;
use serde_json::Value;

use super::{Ended, FAILED, USAGE, args::ControlArgs, environment, patience, say};
use crate::{
    config::{FoundBy, beside, control_socket_in, discover, read},
    control::{self, Command},
};

/// Where the package's daemon has its socket.
const PACKAGED: &str = "/run/keyviz-fanout/control.sock";

/// A daemon's control socket, and how it came to be the one to ask.
#[derive(Debug, PartialEq, Eq)]
struct Socket {
    path: PathBuf,
    found: Found,
}

#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// `--socket`.
    Flag,
    /// `server.control_socket` of this file, which was named or not.
    File { file: PathBuf, named: bool },
    /// The package's place. What is said of a file that was named and that does not lead to a socket.
    Packaged(Option<String>),
}

/// Asks the daemon that the arguments, the configuration file or the package's place lead to.
pub(super) fn ask(
    args: &ControlArgs,
    config: Option<&Path>,
    command: Command,
    within: Duration,
) -> Result<Value, Ended> {
    let found = find(args.socket.as_deref(), config, &environment, Path::new(PACKAGED));
    let socket = found.map_err(|message| Ended::new(USAGE, message))?;
    if let Found::Packaged(Some(why)) = &socket.found {
        say(Level::Info, &format!("{why}; asking the daemon at {PACKAGED}"));
    }
    let ask = |path: &Path| patience::wait_for("waiting for the daemon", control::ask(path, command, within));
    let packaged = Path::new(PACKAGED);
    let answer = ask(&socket.path).or_else(|error| match &socket.found {
        // The file may name another socket than it did when the package's daemon was started.
        Found::File { named: false, .. } if error.is_absent() && may_be_there(packaged) => ask(packaged),
        _ => Err(error),
    });
    answer.map_err(|error| {
        let hint = match &socket.found {
            Found::File { file, .. } if error.is_absent() => hint(file),
            _ => String::new(),
        };
        Ended::new(FAILED, format!("{error}{hint}"))
    })
}

fn hint(file: &Path) -> String {
    format!(
        "\n{} names that socket: either its daemon does not run, or it was started with another \
         server.control_socket, of which a change takes a restart",
        file.display()
    )
}

/// The socket to ask, or the sentence that says where one was looked for. `env` gives an environment variable.
fn find(
    flag: Option<&Path>,
    config: Option<&Path>,
    env: &impl Fn(&str) -> Option<OsString>,
    packaged: &Path,
) -> Result<Socket, String> {
    if let Some(path) = flag {
        return Ok(Socket { path: path.to_owned(), found: Found::Flag });
    }
    let (why, named) = match discover(config, env) {
        Ok(file) => {
            let named = matches!(file.found_by, FoundBy::Flag | FoundBy::Env);
            match read(&file.path).map(|bytes| control_socket_in(&String::from_utf8_lossy(&bytes))) {
                Ok(Some(path)) => {
                    let path = beside(&file.path, &path);
                    return Ok(Socket { path, found: Found::File { file: file.path, named } });
                }
                Ok(None) => (format!("{} sets no server.control_socket", file.path.display()), named),
                Err(error) => (error.to_string(), named),
            }
        }
        Err(error) => (error.to_string(), error.named_by.is_some()),
    };
    if may_be_there(packaged) {
        return Ok(Socket { path: packaged.to_owned(), found: Found::Packaged(named.then_some(why)) });
    }
    // Nobody else's daemon could bind where the package has made no folder.
    let key = match packaged.parent() {
        Some(folder) if folder.is_dir() => format!("server.control_socket = \"{}\"", packaged.display()),
        _ => "server.control_socket, in a folder that the daemon may write to,".to_owned(),
    };
    let packaged = packaged.display();
    Err(format!(
        "no control socket to ask: {why}\n\
         there is none at {packaged} either; name it with --socket, or set {key} and restart the daemon; \
         a running daemon takes an edit by itself"
    ))
}

/// A folder that may not be entered hides whether it is; asking tells, and says which right is missing.
fn may_be_there(socket: &Path) -> bool {
    socket.try_exists().unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What is found with `text` in a file that `--config` names, and with the package's socket there or not.
    fn found(text: &str, flag: Option<&Path>, has_package: bool) -> Result<Socket, String> {
        let folder = tempfile::tempdir().unwrap();
        let (file, packaged) = (folder.path().join("config.toml"), folder.path().join("packaged.sock"));
        fs::write(&file, text).unwrap();
        if has_package {
            fs::write(&packaged, "").unwrap();
        }
        find(flag, Some(&file), &|_| None, &packaged)
    }

    #[test]
    fn the_flag_wins_over_the_file_and_the_file_over_the_package() {
        let text = "server.control_socket = 'file.sock'\nserver.listen = 7\n";
        let flagged = found(text, Some(Path::new("flag.sock")), true).unwrap();
        assert_eq!(flagged, Socket { path: "flag.sock".into(), found: Found::Flag });
        let from_file = found(text, None, true).unwrap();
        let Found::File { file, named: true } = from_file.found else { panic!("the file's") };
        assert_eq!(from_file.path, file.with_file_name("file.sock"), "beside the file");
    }

    #[test]
    fn a_named_file_without_a_socket_is_told_before_the_package_is_asked() {
        let Found::Packaged(Some(why)) = found("", None, true).unwrap().found else { panic!("the package's") };
        assert!(why.ends_with("/config.toml sets no server.control_socket"), "{why}");
    }

    #[test]
    fn a_file_that_was_not_named_gives_way_to_the_package_in_silence() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("keyviz-fanout");
        fs::create_dir(&home).unwrap();
        fs::write(home.join("config.toml"), "").unwrap();
        let packaged = folder.path().join("packaged.sock");
        fs::write(&packaged, "").unwrap();
        let env = |name: &str| (name == "XDG_CONFIG_HOME").then(|| folder.path().into());
        let socket = find(None, None, &env, &packaged).unwrap();
        assert_eq!(socket, Socket { path: packaged, found: Found::Packaged(None) });
    }

    #[test]
    fn without_any_the_sentence_names_the_flag_the_key_and_the_file() {
        let told = found("fanout.peers = ['a:1']", None, false).unwrap_err();
        assert!(told.contains("/config.toml sets no server.control_socket\n"), "{told}");
        for part in
            ["--socket", "set server.control_socket = \"/", "/packaged.sock\" and restart", "takes an edit by itself"]
        {
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn where_the_package_has_no_folder_its_place_is_not_advised() {
        let told = find(None, Some(Path::new("/nonexistent/x.toml")), &|_| None, Path::new("/nonexistent/x.sock"));
        let told = told.unwrap_err();
        assert!(told.contains("no config file at /nonexistent/x.toml"), "{told}");
        assert!(told.contains("set server.control_socket, in a folder that the daemon may write to, and"), "{told}");
    }
}
