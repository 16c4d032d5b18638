use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde_json::Value as Json;
use toml::de::DeValue;
use url::Url;

use super::{About, Faults, Kind};
use crate::{
    config::{
        address::{HOST_MAX, parse_listen, parse_node_url},
        text::quote,
    },
    text::is_unsafe,
};

/// Most characters of `local.name`: its default, host and port, must be one too.
const NAME_MAX: usize = HOST_MAX + ":65535".len();

/// Most bytes of a socket's path, by the system; `sun_path` has one more for its end.
pub(crate) const SOCKET_PATH_MAX: usize = 107;

/// Implements a kind that is written as a string, from a function each way.
macro_rules! text_kind {
    ($(#[$doc:meta])* $kind:ident: $type:ty, $word:literal, $parse:expr, $show:expr) => {
        $(#[$doc])*
        pub(in crate::config) struct $kind;

        impl About for $kind {
            fn word(&self) -> String {
                $word.into()
            }
        }

        impl Kind<$type> for $kind {
            fn read(&self, value: &DeValue<'_>) -> Result<$type, Faults> {
                let text = value.as_str().ok_or_else(|| self.mistyped(value))?;
                let parse: fn(&str) -> Result<$type, String> = $parse;
                Ok(parse(text)?)
            }

            fn show(&self, value: &$type) -> Json {
                let show: fn(&$type) -> String = $show;
                show(value).into()
            }
        }
    };
}

text_kind!(
    /// An IP address with a port.
    Listen: SocketAddr, "an address", parse_listen, ToString::to_string
);
text_kind!(
    /// A path; empty is none.
    File: Option<PathBuf>, "a path", parse_path, |path| path.as_deref().map_or_else(String::new, show_path)
);
text_kind!(
    /// A path of a Unix socket; empty is none.
    Socket: Option<PathBuf>, "a path", parse_socket, |path| path.as_deref().map_or_else(String::new, show_path)
);
text_kind!(
    /// The base URL of a node; empty is none.
    NodeUrl: Option<Url>, "a URL",
    |text| if text.is_empty() { Ok(None) } else { parse_node_url(text).map(Some) },
    |url| url.as_ref().map_or_else(String::new, show_url)
);
text_kind!(
    /// A name for people; may be empty.
    Name: String, "a string", parse_name, String::clone
);
text_kind!(
    /// An `env_logger` filter.
    Filter: String, "a log filter", parse_filter, String::clone
);

fn parse_path(text: &str) -> Result<Option<PathBuf>, String> {
    if text.contains(is_unsafe) {
        return Err(format!("{} has control or invisible characters in it", quote(text)));
    }
    Ok(Some(PathBuf::from(text)).filter(|path| !path.as_os_str().is_empty()))
}

fn parse_socket(text: &str) -> Result<Option<PathBuf>, String> {
    if text.len() > SOCKET_PATH_MAX {
        return Err(format!("a path of {} bytes is too long for a socket, at most {SOCKET_PATH_MAX}", text.len()));
    }
    parse_path(text)
}

fn show_path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Without the slash that a URL has for a path: the file may not name one.
fn show_url(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

fn parse_name(text: &str) -> Result<String, String> {
    if text.contains(is_unsafe) {
        return Err(format!("{} has control or invisible characters in it", quote(text)));
    }
    let length = text.chars().count();
    if length > NAME_MAX {
        return Err(format!("a name of {length} characters is too long, at most {NAME_MAX}"));
    }
    Ok(text.to_owned())
}

/// Levels, for a word that `env_logger` would take for the name of a module and log everything of.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Checks a filter by `env_logger`'s own parser, and refuses what it takes without a word: nothing, and a word that was meant
/// for a level but would log a module of that name alone.
pub(crate) fn parse_filter(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("is empty; write a filter such as \"info\", or \"off\" to log nothing".into());
    }
    // The parser's own message repeats the value, which may hold a password.
    if env_filter::Builder::new().try_parse(text).is_err() {
        return Err(format!("{} is not a log filter, such as \"info\" or \"warn,keyviz_fanout=debug\"", quote(text)));
    }
    let mut directives = text.split('/').next().unwrap_or_default().split(',').map(str::trim);
    directives.find_map(not_a_level).map_or_else(|| Ok(text.to_owned()), Err)
}

/// What is wrong with a directive that is one word, and no level.
fn not_a_level(word: &str) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    let is_meant = word.is_empty() || word.contains('=') || word.starts_with("keyviz_fanout") || word.contains("::");
    if is_meant || LEVELS.contains(&lower.as_str()) {
        return None;
    }
    let near = LEVELS.into_iter().find(|level| strsim::jaro_winkler(&lower, level) > 0.85);
    let hint = near.map_or_else(
        || format!("write one of {}, or what a module is to log as in \"info,module=debug\"", LEVELS.join(", ")),
        |level| format!("did you mean \"{level}\"?"),
    );
    Some(format!("{} is not a level; {hint}", quote(word)))
}
