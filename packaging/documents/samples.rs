//! What the repository shows of the configuration: the README's table of keys, the example, the package's file.

use keyviz_fanout::config::{KEYS, Key};

use crate::file::{capital, kind, meaning, tables, written};

/// Most characters of a line of a sample.
const WIDTH: usize = 120;

/// A configuration file that explains itself.
pub(crate) struct Sample {
    /// Where it is in the repository.
    pub(crate) path: &'static str,
    head: &'static str,
    /// Keys with another value than their default, or that are to be edited first, as the file would have them.
    set: &'static [(&'static str, &'static str)],
    /// Whether the other keys stand there as comments.
    is_sparse: bool,
}

pub(crate) const EXAMPLE: Sample = Sample {
    path: "config.toml.example",
    head: r#"# keyviz-fanout: every key, with its default unless a comment says otherwise. An edit is live within two seconds, but for
# the keys that say "Restart". A file with a mistake changes nothing: the log, `keyviz-fanout status` and introspection say
# what is wrong with it, and `keyviz-fanout check FILE` does before it is put in place.
#
# A relative path starts at the folder of this file. Durations need a unit ("500ms", "2s", "1m 30s"), and so do sizes
# ("64MiB", "1500kB").
"#,
    set: &[("local.source", "\"http\""), ("local.url", "\"http://127.0.0.1:8080\"")],
    is_sparse: false,
};

pub(crate) const PACKAGED: Sample = Sample {
    path: "packaging/deb/config.toml",
    head: r#"# keyviz-fanout: what to do next is to name the cluster's nodes in fanout.peers below, the same list on every host, and
# `systemctl reload keyviz-fanout`, which waits and says what came of it.
#
# Keys that stand as a comment have the value shown. An edit is live within two seconds, but for the keys that say
# "Restart". A file with a mistake changes nothing: the journal, `systemctl status keyviz-fanout` and `keyviz-fanout status`
# say what is wrong with it, and `keyviz-fanout check FILE` does before it is put in place.
#
# A relative path starts at the folder of this file. Durations need a unit ("500ms", "2s", "1m 30s"), and so do sizes
# ("64MiB", "1500kB"). More in keyviz-fanout.toml(5).
"#,
    set: &[
        ("server.control_socket", "\"/run/keyviz-fanout/control.sock\""),
        ("local.source", "\"http\""),
        ("local.url", "\"http://127.0.0.1:8080\""),
        ("fanout.peers", "[]"),
    ],
    is_sparse: true,
};

impl Sample {
    /// The file's text.
    pub(crate) fn render(&self) -> String {
        let tables = tables(KEYS).map(|keys| {
            let entries: String = keys.iter().map(|key| self.entry(key)).collect();
            format!("\n[{}]\n{entries}", keys[0].parts().0)
        });
        [self.head.to_owned()].into_iter().chain(tables).collect()
    }

    fn entry(&self, key: &Key) -> String {
        let default = written(key);
        let set = self.set.iter().find(|(name, _)| *name == key.name).map(|(_, value)| *value);
        let value = set.unwrap_or(&default);
        let bounds = key.bounds();
        let bounds = if bounds.is_empty() { bounds } else { format!(" {}.", capital(&bounds)) };
        let other = if value == default { String::new() } else { format!(" Default: {default}.") };
        let comment = format!("{}{bounds}{other}", meaning(key, "Restart."));
        let hidden = if set.is_none() && self.is_sparse { "#" } else { "" };
        format!("{}{hidden}{} = {value}\n", wrapped(&comment), key.parts().1)
    }
}

/// The README's table, a line per key.
pub(crate) fn table() -> String {
    let rows = KEYS.iter().map(|key| {
        format!("| `{}` | `{}` | {} | {} |\n", key.name, written(key), kind(key), meaning(key, "*Restart.*"))
    });
    ["| key | default | type, bounds | meaning |\n|---|---|---|---|\n".to_owned()].into_iter().chain(rows).collect()
}

/// The text as comments of lines that fit the width.
fn wrapped(text: &str) -> String {
    let mut lines = vec!["#".to_owned()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("# {word}")),
        }
    }
    lines.join("\n") + "\n"
}
