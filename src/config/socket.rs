use std::path::PathBuf;

use super::document;

/// `server.control_socket` of a configuration file's text, even where the text has problems elsewhere: to ask the daemon
/// about those takes its socket. `None` when it is absent, empty or unreadable itself.
pub(crate) fn control_socket_in(text: &str) -> Option<PathBuf> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let socket = |text: &str| document::parse(text).draft.server.control_socket;
    // A syntax error may make the parser lose what comes after it, though each line by itself is plain.
    let alone = |line: &str| {
        let line = line.trim_start().trim_start_matches("server.");
        line.starts_with("control_socket").then(|| socket(&format!("server.{line}"))).flatten()
    };
    socket(text).or_else(|| text.lines().find_map(alone))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_socket_is_found_in_a_text_with_problems_elsewhere() {
        for text in [
            "server.control_socket = '/run/x.sock'\n",
            "\u{feff}[server]\ncontrol_socket = \"/run/x.sock\"\nlisten = 'nowhere'\n[fanout]\ntimeuot = 3\n",
            "[server]\ncontrol_socket = '/run/x.sock'\n[fanout]\npeers = ['a:1'\ntimeout = '2s'\n",
            "fanout.timeout = 2s\n[server]\ncontrol_socket = '/run/x.sock'\n",
            "this is no TOML\n[server]\n  control_socket = '/run/x.sock' # here\n",
            "[fanout\nserver.control_socket = '/run/x.sock'\n",
        ] {
            assert_eq!(control_socket_in(text).as_deref(), Some(Path::new("/run/x.sock")), "{text}");
        }
    }

    #[test]
    fn no_socket_is_made_up() {
        for text in ["", "server.control_socket = ''", "server.control_socket = 7", "server = 'control_socket'"] {
            assert_eq!(control_socket_in(text), None, "{text}");
        }
    }
}
