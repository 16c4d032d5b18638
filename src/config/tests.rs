use super::{rules::Whole, *};

mod discovery;
mod laws;
mod reload;

#[test]
fn an_empty_document_is_the_default_configuration() {
    let mut parsed = document::parse("");
    rules::settle(&mut parsed);
    assert!(parsed.findings.is_empty());
    assert_eq!(Config::from(parsed.draft), Config::default());
}

#[test]
fn every_default_lies_within_its_own_bounds() {
    for key in KEYS.iter().filter(|key| key.name != "local.url") {
        let value = effective::inline_toml(&key.default_value());
        let parsed = document::parse(&format!("{} = {value}", key.name));
        assert!(parsed.findings.is_empty(), "{}: {:?}", key.name, parsed.findings);
    }
}

#[test]
fn the_keys_are_grouped_by_table_and_unique() {
    let tables: Vec<_> = keys::tables().collect();
    assert_eq!(tables, ["server", "local", "fanout", "merge", "auth", "tls", "log"]);
    let names: std::collections::BTreeSet<_> = KEYS.iter().map(|key| key.name).collect();
    assert_eq!(names.len(), 28);
}

#[test]
fn keys_that_need_another_say_which() {
    for (text, key, message) in [
        ("server.tls_cert_file = 'c'", "server.tls_cert_file", "needs server.tls_key_file too"),
        ("server.tls_key_file = 'k'", "server.tls_key_file", "needs server.tls_cert_file too"),
        ("auth.mode = 'mint'", "auth.mode", "\"mint\" needs auth.signing_key_file"),
        ("auth.previous_key_file = 'k'", "auth.previous_key_file", "needs auth.signing_key_file too"),
    ] {
        let parsed = document::parse(&format!("fanout.peers = ['a:1']\n{text}"));
        let misfits = rules::check(&Whole::from(&parsed));
        let told: Vec<_> = misfits.iter().map(|misfit| (misfit.key, misfit.message.as_str())).collect();
        assert_eq!(told, [(key, message)], "{text}");
    }
}

#[test]
fn a_certificate_makes_listening_beyond_loopback_safe() {
    let text = "fanout.peers = ['a:1']\n[server]\nlisten = '0.0.0.0:1'\ntls_cert_file = 'c'\ntls_key_file = 'k'";
    assert!(rules::check(&Whole::from(&document::parse(text))).is_empty());
}

#[test]
fn sizes_read_back_as_the_same_number() {
    for (bytes, shown) in [(64 << 20, "64MiB"), (1536 << 20, "1536MiB"), (1234, "1234B"), (1 << 40, "1TiB"), (0, "0B")]
    {
        assert_eq!(text::show_size(bytes), shown);
        assert_eq!(text::parse_size(shown), Ok(bytes));
    }
}

#[test]
fn a_long_or_hostile_value_is_shortened_and_escaped_in_messages() {
    assert_eq!(text::quote("a\n\u{1b}"), "\"a\\n\\u{1b}\"");
    assert_eq!(text::quote("user:pass@w@host"), "\"[redacted]@host\"");
    assert_eq!(text::quote(&"é".repeat(81)).chars().count(), 83);
    for c in ('\0'..=char::MAX).filter(|&c| crate::text::is_unsafe(c)) {
        let piece = c.to_string();
        assert!(!text::quote(&piece).contains(c) && !text::printable(&piece).contains(c), "{piece:?}");
    }
}
