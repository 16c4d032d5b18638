use std::path::PathBuf;

use super::document;

/// `server.control_socket` of a configuration file's text, even where the text has problems elsewhere: to ask the daemon
/// about those takes its socket. `None` when it is absent, empty or unreadable itself.
pub(crate) fn control_socket_in(text: &str) -> Option<PathBuf> {
    document::parse(text.strip_prefix('\u{feff}').unwrap_or(text)).draft.server.control_socket
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
