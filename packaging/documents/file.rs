//! `keyviz-fanout.toml(5)`: the keys as the program knows them, and how the file is found and followed.

use keyviz_fanout::config::{KEYS, Key, Reload};

use crate::page::Page;

const DESCRIPTION: [&str; 5] = [
    "`keyviz-fanout`(1) reads the first of: the file that `--config` names, `$KEYVIZ_FANOUT_CONFIG`, \
     `$XDG_CONFIG_HOME/keyviz-fanout/config.toml` (or `~/.config/...`), `/etc/keyviz-fanout/config.toml`. A file that is named \
     has to exist.",
    "It is a TOML file. Unknown keys are mistakes, and `keyviz-fanout check` prints every mistake with its line and column, \
     as far as whoever runs it may read. \
     Durations and sizes need a unit (`\"500ms\"`, `\"64MiB\"`). A relative path starts at the folder of the file. No secret \
     stands in it: keys, certificates and tokens are in files of their own, which it names.",
    "The file, and every file that it names, is watched. A change is live within two seconds (ten where no event tells of it), \
     however it was made: in place, by renaming over it, through a symlink. `keyviz-fanout reload` does not wait for that, but \
     waits for the verdict.",
    "A bad edit changes nothing: what runs goes on, and the log, `keyviz-fanout status` and `systemctl status` say what is wrong \
     and where. Keys that say `Restart` take effect when the daemon is restarted; until then they are listed as pending, and \
     the others hold already.",
    "A minimal file names the node on this host, or other nodes, or both.",
];

const EXAMPLE: &str = r#"
[server]
control_socket = "/run/keyviz-fanout/control.sock"

[local]
source = "http"
url = "http://127.0.0.1:8080"

[fanout]
peers = ["n1.example:8080", "n2.example:8080", "n3.example:8080"]
timeout = "2s""#;

const FILES: [(&str, &str); 2] = [
    ("`/etc/keyviz-fanout/config.toml`", "The host's file."),
    (
        "`/usr/share/doc/keyviz-fanout/examples/config.toml.example`",
        "Every key with its default and what it means; the package brings it.",
    ),
];

/// The page of the configuration file.
pub(crate) fn page() -> String {
    let mut page = Page::new("keyviz-fanout.toml", "5", "File Formats", "configuration file of keyviz-fanout");
    page.section("DESCRIPTION");
    for text in DESCRIPTION {
        page.paragraph(text);
    }
    page.section("KEYS");
    page.paragraph(
        "Each with its default, its type and its bounds. `server.listen` is the key `listen` of the table `[server]`.",
    );
    for keys in tables(KEYS) {
        page.subsection(&format!("[{}]", keys[0].parts().0));
        for key in keys {
            page.item(&format!("`{}` = {}", key.name, written(key)), &capital(&format!("{}.", kind(key))));
            page.line(&meaning(key, "`Restart`."));
        }
    }
    page.section("EXAMPLES");
    page.paragraph("The same list of peers fits every host: the entry that is this node is recognized.");
    page.verbatim(EXAMPLE.trim_start());
    page.section("FILES");
    for (tag, text) in FILES {
        page.item(tag, text);
    }
    page.section("SEE ALSO");
    page.paragraph("`keyviz-fanout`(1)");
    page.render()
}

/// The keys table by table, in their order.
pub(crate) fn tables(keys: &'static [Key]) -> impl Iterator<Item = &'static [Key]> {
    keys.chunk_by(|a, b| a.parts().0 == b.parts().0)
}

/// The default as the file would have it.
pub(crate) fn written(key: &Key) -> String {
    key.default_value().to_string()
}

/// `a duration, 10ms…5m`.
pub(crate) fn kind(key: &Key) -> String {
    let parts = [key.kind(), key.bounds()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// What the key means, and `restart` where a change takes one.
pub(crate) fn meaning(key: &Key, restart: &str) -> String {
    match key.reload {
        Reload::Live => key.meaning.to_owned(),
        Reload::Restart => format!("{} {restart}", key.meaning),
    }
}

/// With a capital letter at its start.
pub(crate) fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().into_iter().flat_map(char::to_uppercase).chain(rest).collect()
}
