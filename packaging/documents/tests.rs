use std::{collections::BTreeSet, process::Stdio};

use keyviz_fanout::config::{Config, KEYS, LocalNode, load};

use super::*;
use crate::{
    file::{capital, kind, written},
    samples::{EXAMPLE, PACKAGED, table},
};

/// A page as it reads, without its macros' marks.
fn plain(page: &str) -> String {
    let marks = [("\\fB", ""), ("\\fI", ""), ("\\fR", ""), ("\\-", "-"), ("\\ ", " "), ("\\*(Aq", "'"), ("\\.", ".")];
    marks.iter().fold(page.to_owned(), |text, (mark, is)| text.replace(mark, is))
}

/// Holds a file of the repository against what it has to say; `UPDATE_EXPECT=1` writes that.
fn holds(path: &str, expected: &str) {
    if env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(path, expected).unwrap();
    }
    let found = fs::read_to_string(path).unwrap();
    assert!(found == expected, "{path} is not what `UPDATE_EXPECT=1 cargo test --example documents` writes");
}

#[test]
fn the_readme_and_both_samples_say_of_every_key_what_the_program_does() {
    holds(EXAMPLE.path, &EXAMPLE.render());
    holds(PACKAGED.path, &PACKAGED.render());
    let readme = fs::read_to_string("README.md").unwrap();
    let (before, rest) = readme.split_once("| key | default |").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    holds("README.md", &format!("{before}{}\n{after}", table()));
}

#[test]
fn the_packaged_file_names_a_socket_and_a_node_and_is_the_default_else() {
    let mut expected = Config::default();
    expected.server.control_socket = Some("/run/keyviz-fanout/control.sock".into());
    let url = "http://127.0.0.1:8080".parse().unwrap();
    expected.local.node = Some(LocalNode { url, name: "127.0.0.1:8080".into() });
    assert_eq!(load(&PACKAGED.render(), None).unwrap().config, expected);
}

#[test]
fn a_key_of_the_packaged_file_takes_effect_by_removing_its_mark() {
    let packaged = PACKAGED.render();
    let uncommented: Vec<_> = packaged
        .lines()
        .map(|line| {
            line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase())).unwrap_or(line)
        })
        .collect();
    let uncommented = uncommented.join("\n");
    assert_eq!(load(&uncommented, None).unwrap().config, load(&packaged, None).unwrap().config);
    for key in KEYS {
        assert!(uncommented.contains(&format!("\n{} = ", key.parts().1)), "{}", key.name);
    }
}

#[test]
fn the_manual_has_every_command_option_and_exit_code() {
    let command = built();
    let page = plain(&command::page(&command));
    for sub in command::subcommands(&command) {
        assert!(page.contains(&format!("\n.TP\n{}\n", sub.get_name())), "{}", sub.get_name());
        for argument in command::own(sub) {
            let name = argument.get_long().map_or_else(|| "PATH".to_owned(), |long| format!("--{long}"));
            assert!(page.lines().any(|line| line.starts_with(&name)), "{} {name}", sub.get_name());
        }
    }
    for argument in command.get_arguments() {
        let long = argument.get_long().unwrap();
        assert!(page.lines().any(|line| line.contains(&format!("--{long}"))), "{long}");
    }
    let (_, codes) = page.split_once(".SH \"EXIT STATUS\"").unwrap();
    let codes: BTreeSet<_> = codes.lines().take_while(|line| !line.starts_with(".SH")).collect();
    for code in ["0", "1", "2", "78"] {
        assert!(codes.contains(code), "{code}: {codes:?}");
    }
    assert!(page.contains("keyviz-fanout query --format heatmap"), "the examples of the commands");
}

#[test]
fn the_manual_of_the_file_has_every_key_with_default_type_bounds_and_meaning() {
    let page = plain(&file::page()).replace('\n', " ");
    let ascii = |text: &str| text.replace('…', "...").replace('×', "x").replace('`', "");
    for key in KEYS {
        for said in [format!("{} = {}", key.name, written(key)), capital(&kind(key)), key.meaning.to_owned()] {
            assert!(page.contains(&ascii(&said)), "{}: {said}", key.name);
        }
    }
}

#[test]
fn the_pages_are_plain_text_for_any_terminal() {
    for page in [command::page(&built()), file::page()] {
        assert!(page.is_ascii(), "{:?}", page.lines().find(|line| !line.is_ascii()));
    }
}

#[test]
fn the_completions_know_every_command_and_option() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path()).unwrap();
    let command = built();
    for name in ["keyviz-fanout.bash", "_keyviz-fanout", "keyviz-fanout.fish"] {
        let script = fs::read_to_string(folder.path().join(name)).unwrap();
        for sub in command::subcommands(&command) {
            assert!(script.contains(sub.get_name()), "{name}: {}", sub.get_name());
            for long in command::own(sub).filter_map(clap::Arg::get_long) {
                assert!(script.contains(long), "{name}: {long}");
            }
        }
    }
}

/// What bash offers for the last word of a line.
fn offered(line: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path()).unwrap();
    // As the shell does it when the key is pressed: the function is called with the command, the word and the one before.
    let pressed = r#"
        # What else an offer is to look like can be said only while a key is pressed.
        compopt() { :; }
        source "$1"
        IFS=' ' read -ra COMP_WORDS <<<"$2"
        case $2 in *' ') COMP_WORDS+=('') ;; esac
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        completer=$(complete -p keyviz-fanout | sed 's/.* -F \([^ ]*\) .*/\1/')
        "$completer" keyviz-fanout "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" || exit
        [ ${#COMPREPLY[@]} = 0 ] || printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let script = folder.path().join("keyviz-fanout.bash");
    let mut bash = std::process::Command::new("bash");
    let output = bash.args(["-c", pressed, "bash"]).arg(script).arg(line).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{line}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_offers_commands_options_values_and_files() {
    let offers = |line: &str, word: &str| {
        let all = offered(line);
        assert!(all.iter().any(|offer| offer == word), "{line:?}: {word} is not in {all:?}");
    };
    let command = built();
    for sub in command::subcommands(&command) {
        let name = sub.get_name();
        offers("keyviz-fanout ", name);
        offers("keyviz-fanout help ", name);
        for long in command::own(sub).filter_map(clap::Arg::get_long) {
            offers(&format!("keyviz-fanout {name} --"), &format!("--{long}"));
        }
    }
    assert_eq!(offered("keyviz-fanout r"), ["run", "reload"]);
    assert_eq!(offered("keyviz-fanout query --format heat"), ["heatmap"]);
    for line in ["--config Cargo.t", "run --config Cargo.t", "reload --socket Cargo.t"] {
        offers(&format!("keyviz-fanout {line}"), "Cargo.toml");
    }
    assert!(offered("keyviz-fanout check Cargo.t").is_empty(), "bash then offers files itself");
}
