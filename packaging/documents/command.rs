//! `keyviz-fanout(1)`: the commands as `--help` has them, and what surrounds them.

use clap::{Arg, Command};

use crate::page::Page;

const DESCRIPTION: [&str; 3] = [
    "`keyviz-fanout` runs beside a node of an elastickv cluster. It asks all nodes at once for their key visualizer \
     matrix, key range by time, merges the answers strictly, says which nodes are missing and why, and serves the \
     cluster's matrix under the path of a node's own, `/admin/api/v1/keyviz/matrix`, and a page for browsers under \
     `/admin/keyviz/`.",
    "It is configured by one file, `keyviz-fanout.toml`(5). An edit is live within two seconds, and one with a mistake \
     changes nothing: the log, `status`, `/admin/api/v1/keyviz/config`, the metrics and `systemctl status` say what is \
     wrong with it.",
    "`query` and `peers` take a session from `--session` or `$KEYVIZ_SESSION`, never from the command line itself; \
     whoever may read the file of `auth.signing_key_file` needs none.",
];

const FILES: [(&str, &str); 5] = [
    ("`$XDG_CONFIG_HOME/keyviz-fanout/config.toml`", "The configuration of a user, where no file is named."),
    ("`~/.config/keyviz-fanout/config.toml`", "The same, where `$XDG_CONFIG_HOME` is not set."),
    ("`/etc/keyviz-fanout/config.toml`", "The configuration of the host; see `keyviz-fanout.toml`(5)."),
    (
        "`/run/keyviz-fanout/control.sock`",
        "The control socket of the packaged daemon. Its group, keyviz-fanout, may use it.",
    ),
    ("`/usr/lib/systemd/system/keyviz-fanout.service`", "The unit of the packaged daemon."),
];

const ENVIRONMENT: [(&str, &str); 7] = [
    ("`KEYVIZ_FANOUT_CONFIG`", "The configuration file, which has to exist. `--config` wins over it."),
    ("`XDG_CONFIG_HOME`, `HOME`", "Where a user's configuration file is looked for."),
    ("`KEYVIZ_SESSION`", "The value of the admin_session cookie, for `query` and `peers`. `--session` wins over it."),
    ("`RUST_LOG`", "What is logged, such as `debug` or `warn,keyviz_fanout=debug`. It wins over `log.level`."),
    ("`NO_COLOR`, `COLORTERM`, `TERM`", "Whether, and in how many colours, `query` paints."),
    ("`SSL_CERT_FILE`, `SSL_CERT_DIR`", "Roots for https:// nodes instead of the system's."),
    (
        "`NOTIFY_SOCKET`, `WATCHDOG_USEC`",
        "Where systemd is told of readiness, reloads and the state; see `sd_notify`(3).",
    ),
];

const SIGNALS: [(&str, &str); 2] = [
    (
        "`SIGTERM`, `SIGINT`",
        "No more requests are taken, and those in flight finish, for `server.shutdown_grace` at most; then it exits with 0. \
         A second signal ends it at once.",
    ),
    ("`SIGHUP`", "Read the configuration file now, without waiting for the verdict; `reload` waits."),
];

/// Before the examples that the commands give themselves.
const EXAMPLES: &str = "\
keyviz-fanout check new.toml
sudo cp new.toml /etc/keyviz-fanout/config.toml
sudo keyviz-fanout reload
sudo keyviz-fanout status
sudo keyviz-fanout peers --session @session.txt
keyviz-fanout demo --nodes 5 --listen 127.0.0.1:0";

const SEE_ALSO: &str = "`keyviz-fanout.toml`(5), `systemctl`(1), `journalctl`(1)";

/// The page of `command` and all its commands.
pub(crate) fn page(command: &Command) -> String {
    let about = "cluster-wide key visualizer for elastickv";
    let mut page = Page::new(command.get_name(), "1", "User Commands", about);
    page.section("SYNOPSIS");
    subcommands(command).for_each(|sub| synopsis(&mut page, command, sub));
    page.section("DESCRIPTION");
    for text in DESCRIPTION {
        page.paragraph(text);
    }
    page.section("COMMANDS");
    for sub in subcommands(command) {
        let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
        page.item(&format!("`{}`", sub.get_name()), &sentence(&about));
        page.nested(|page| own(sub).for_each(|argument| item(page, argument)));
    }
    page.section("OPTIONS");
    command.get_arguments().for_each(|argument| item(&mut page, argument));
    page.section("EXIT STATUS");
    for (code, meaning) in exit_codes(command) {
        page.item(&format!("`{code}`"), &sentence(&meaning));
    }
    let lists: [(_, &[_]); 3] = [("SIGNALS", &SIGNALS), ("FILES", &FILES), ("ENVIRONMENT", &ENVIRONMENT)];
    for (title, items) in lists {
        page.section(title);
        for (tag, text) in items {
            page.item(tag, text);
        }
    }
    page.section("EXAMPLES");
    page.verbatim(EXAMPLES);
    subcommands(command).filter_map(examples).for_each(|lines| page.verbatim(&lines));
    page.section("SEE ALSO");
    page.paragraph(SEE_ALSO);
    page.render()
}

/// The commands but `help`, which says no more than this page.
pub(crate) fn subcommands(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| sub.get_name() != "help")
}

/// A command's own arguments, without those that all have.
pub(crate) fn own(sub: &Command) -> impl Iterator<Item = &Arg> {
    sub.get_arguments().filter(|argument| !argument.is_global_set() && argument.get_id() != "help")
}

/// The codes that the program's help lists, each with its meaning.
pub(crate) fn exit_codes(command: &Command) -> Vec<(String, String)> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut codes: Vec<(String, String)> = Vec::new();
    for line in help.lines().skip(1).map(str::trim) {
        match (line.split_once(' '), codes.last_mut()) {
            (Some((code, meaning)), _) if code.parse::<u8>().is_ok() => {
                codes.push((code.to_owned(), meaning.trim().to_owned()));
            }
            (_, Some((_, meaning))) => *meaning = format!("{meaning} {line}"),
            _ => {}
        }
    }
    codes
}

fn synopsis(page: &mut Page, command: &Command, sub: &Command) {
    let (program, name) = (command.get_name(), sub.get_name());
    let globals = command.get_arguments().filter(|argument| argument.is_global_set() && name != "demo");
    let words: Vec<_> = own(sub).chain(globals).map(|argument| format!("[{}]", usage(argument))).collect();
    let name = if name == "run" { "[run]" } else { name };
    page.synopsis(&format!("{program} {name}"), &words);
}

fn item(page: &mut Page, argument: &Arg) {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let takes_one = argument.get_action().takes_values() && !defaults.is_empty();
    let default = if takes_one { format!(" [default: {}]", defaults.join(" ")) } else { String::new() };
    page.item(&usage(argument), &sentence(&format!("{help}{default}")));
}

/// `--rows N`, `-h, --help`, `PATH`. Words that belong together are not parted at the end of a line.
fn usage(argument: &Arg) -> String {
    let short = argument.get_short().map(|short| format!("`-{short}`"));
    let long = argument.get_long().map(|long| format!("`--{long}`"));
    let names: Vec<_> = short.into_iter().chain(long).collect();
    let values = argument.get_value_names().unwrap_or_default().iter().map(ToString::to_string);
    let values = values.filter(|_| argument.get_action().takes_values());
    let words: Vec<_> = [names.join(", ")].into_iter().chain(values).filter(|word| !word.is_empty()).collect();
    words.join("\u{a0}")
}

fn sentence(text: &str) -> String {
    if text.ends_with(['.', ']']) { text.to_owned() } else { format!("{text}.") }
}

fn examples(sub: &Command) -> Option<String> {
    let help = sub.get_after_help()?.to_string();
    Some(help.strip_prefix("Examples:\n")?.lines().map(str::trim).collect::<Vec<_>>().join("\n"))
}
