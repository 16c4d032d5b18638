//! What keys mean together. A rule speaks only when every key it looks at is what the operator meant.

use std::collections::BTreeSet;

use super::{
    AuthMode, KEYS,
    document::Parsed,
    keys::{Draft, LocalSource},
};

/// All keys of a configuration.
#[derive(Debug)]
pub(super) struct Whole<'a> {
    pub(super) draft: &'a Draft,
    /// Those that are in the file.
    pub(super) given: BTreeSet<&'static str>,
    /// Those whose value in `draft` is not what the operator meant.
    pub(super) doubtful: BTreeSet<&'static str>,
}

/// A rule that is broken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    /// The key to mend: the first of the rule's that is in the file.
    pub(super) key: &'static str,
    pub(super) message: String,
}

/// The rules of SPEC §5 that take more than one key.
pub(super) fn check(whole: &Whole<'_>) -> Vec<Misfit> {
    let rules = [
        connect_within_timeout,
        budget_holds_a_body,
        certificate_and_key,
        somebody_to_ask,
        node_has_url,
        node_is_used,
        beyond_loopback,
        mint_has_key,
        previous_key_has_key,
    ];
    rules.iter().filter_map(|rule| rule(whole)).collect()
}

/// Gives defaults that follow another key their value: a default never makes a file invalid.
pub(super) fn settle(parsed: &mut Parsed) {
    let fanout = &mut parsed.draft.fanout;
    if !parsed.given.contains_key("fanout.connect_timeout") {
        fanout.connect_timeout = fanout.connect_timeout.min(fanout.timeout);
    }
    if !parsed.given.contains_key("fanout.memory_budget") {
        fanout.memory_budget = fanout.memory_budget.max(fanout.body_cap);
    }
}

impl<'a> From<&'a Parsed> for Whole<'a> {
    fn from(parsed: &'a Parsed) -> Self {
        let given: BTreeSet<_> = parsed.given.keys().copied().collect();
        // Past a syntax error a key may only seem absent.
        let absent = KEYS.iter().map(|key| key.name).filter(|key| parsed.broken && !given.contains(key));
        let doubtful = parsed.doubtful.iter().copied().chain(absent).collect();
        Self { draft: &parsed.draft, given, doubtful }
    }
}

impl Whole<'_> {
    fn sound(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| !self.doubtful.contains(key))
    }

    /// The rule over `keys` is broken.
    fn misfit(&self, keys: &[&'static str], message: String) -> Option<Misfit> {
        let given = keys.iter().find(|key| self.given.contains(*key));
        given.or(keys.first()).map(|key| Misfit { key, message })
    }
}

fn connect_within_timeout(whole: &Whole<'_>) -> Option<Misfit> {
    let keys = ["fanout.connect_timeout", "fanout.timeout"];
    let (connect, timeout) = (whole.draft.fanout.connect_timeout, whole.draft.fanout.timeout);
    if !whole.given.contains(keys[0]) || !whole.sound(&keys) || connect <= timeout {
        return None;
    }
    let (connect, timeout) = (humantime::format_duration(connect), humantime::format_duration(timeout));
    whole.misfit(&keys, format!("{connect} is above fanout.timeout, {timeout}, within which it counts"))
}

fn budget_holds_a_body(whole: &Whole<'_>) -> Option<Misfit> {
    let keys = ["fanout.memory_budget", "fanout.body_cap"];
    let (budget, cap) = (whole.draft.fanout.memory_budget, whole.draft.fanout.body_cap);
    if !whole.given.contains(keys[0]) || !whole.sound(&keys) || budget >= cap {
        return None;
    }
    let (budget, cap) = (super::text::show_size(budget), super::text::show_size(cap));
    whole.misfit(&keys, format!("{budget} is below fanout.body_cap, {cap}; no answer of that size could be read"))
}

fn certificate_and_key(whole: &Whole<'_>) -> Option<Misfit> {
    let [cert, key] = ["server.tls_cert_file", "server.tls_key_file"];
    if !whole.sound(&[cert, key]) {
        return None;
    }
    match (&whole.draft.server.tls_cert_file, &whole.draft.server.tls_key_file) {
        (Some(_), None) => whole.misfit(&[cert], format!("needs {key} too")),
        (None, Some(_)) => whole.misfit(&[key], format!("needs {cert} too")),
        _ => None,
    }
}

fn somebody_to_ask(whole: &Whole<'_>) -> Option<Misfit> {
    let keys = ["fanout.peers", "local.source"];
    let nobody = whole.draft.local.source == LocalSource::None && whole.draft.fanout.peers.is_empty();
    // With `local.url` given, the operator has a node and forgot the source: that is said there.
    if !nobody || whole.draft.local.url.is_some() || !whole.sound(&keys) || !whole.sound(&["local.url"]) {
        return None;
    }
    let mend = "name peers in fanout.peers, or set local.source = \"http\" and local.url for a node on this host";
    whole.misfit(&keys, format!("nobody to ask: {mend}"))
}

fn node_has_url(whole: &Whole<'_>) -> Option<Misfit> {
    let local = &whole.draft.local;
    let lacking = local.source == LocalSource::Http && local.url.is_none();
    let message = "\"http\" needs local.url, the node's admin address, such as \"http://127.0.0.1:8080\"";
    if lacking && whole.sound(&["local.source", "local.url"]) {
        return whole.misfit(&["local.source"], message.into());
    }
    None
}

fn node_is_used(whole: &Whole<'_>) -> Option<Misfit> {
    let local = &whole.draft.local;
    // Who says that there is none may keep the address for when there is one again; who says nothing has forgotten it.
    if whole.given.contains("local.source") || !whole.sound(&["local.source"]) {
        return None;
    }
    let unused = [("local.url", local.url.is_some()), ("local.name", !local.name.is_empty())];
    let (key, _) = unused.into_iter().find(|(_, given)| *given)?;
    let message =
        "is of no use while local.source is not given and so \"none\"; set local.source = \"http\" or remove it";
    whole.misfit(&[key], message.into())
}

fn beyond_loopback(whole: &Whole<'_>) -> Option<Misfit> {
    let [listen, mode, insecure] = ["server.listen", "auth.mode", "server.allow_insecure"];
    let server = &whole.draft.server;
    let needed = [listen, mode, insecure, "server.tls_cert_file", "server.tls_key_file"];
    if server.allow_insecure || server.listen.ip().to_canonical().is_loopback() || !whole.sound(&needed) {
        return None;
    }
    let address = server.listen;
    if whole.draft.auth.mode == AuthMode::None {
        let message = format!(
            "with \"none\" anyone who reaches {address} can read; listen on 127.0.0.1, choose another auth.mode, or set \
             {insecure} = true"
        );
        return whole.misfit(&[mode], message);
    }
    if server.tls_cert_file.is_some() {
        return None;
    }
    let message = format!(
        "{address} is beyond loopback in plain HTTP: session cookies would travel in the clear; name a certificate in \
         server.tls_cert_file, listen on 127.0.0.1 behind a TLS proxy, or set {insecure} = true"
    );
    whole.misfit(&[listen], message)
}

fn mint_has_key(whole: &Whole<'_>) -> Option<Misfit> {
    let keys = ["auth.mode", "auth.signing_key_file"];
    let auth = &whole.draft.auth;
    let lacking = auth.mode == AuthMode::Mint && auth.signing_key_file.is_none();
    if lacking && whole.sound(&keys) { whole.misfit(&keys, format!("\"mint\" needs {}", keys[1])) } else { None }
}

fn previous_key_has_key(whole: &Whole<'_>) -> Option<Misfit> {
    let keys = ["auth.previous_key_file", "auth.signing_key_file"];
    let auth = &whole.draft.auth;
    let lacking = auth.previous_key_file.is_some() && auth.signing_key_file.is_none();
    if lacking && whole.sound(&keys) { whole.misfit(&keys, format!("needs {} too", keys[1])) } else { None }
}
