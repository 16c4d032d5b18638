//! What keys mean together. A rule speaks only when every key it looks at is what the operator meant.

use super::{
    AuthMode,
    document::{Given, Parsed},
    keys::LocalSource,
    problem::Finding,
};

/// The rules of SPEC §5 that take more than one key.
pub(super) fn check(parsed: &Parsed) -> Vec<Finding> {
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
    rules.iter().filter_map(|rule| rule(parsed)).collect()
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

impl Parsed {
    /// The keys' values are what the operator meant.
    fn sound(&self, keys: &[&str]) -> bool {
        let known = |key: &&str| !self.doubtful.contains(*key) && (!self.broken || self.given.contains_key(*key));
        keys.iter().all(known)
    }

    /// A finding at the first of `keys` that is in the file; with none, at its start.
    fn finding(&self, keys: &[&str], message: String) -> Option<Finding> {
        let given = keys.iter().find_map(|key| Some((*key, self.given.get(*key)?)));
        let place = given.map(|(key, Given { value, .. })| (key, value.start));
        let (key, offset) = place.or_else(|| keys.first().map(|key| (*key, 0)))?;
        Some(Finding::new(offset, key, message))
    }
}

fn connect_within_timeout(parsed: &Parsed) -> Option<Finding> {
    let keys = ["fanout.connect_timeout", "fanout.timeout"];
    let (connect, timeout) = (parsed.draft.fanout.connect_timeout, parsed.draft.fanout.timeout);
    if !parsed.given.contains_key(keys[0]) || !parsed.sound(&keys) || connect <= timeout {
        return None;
    }
    let (connect, timeout) = (humantime::format_duration(connect), humantime::format_duration(timeout));
    parsed.finding(&keys, format!("{connect} is above fanout.timeout, {timeout}, within which it counts"))
}

fn budget_holds_a_body(parsed: &Parsed) -> Option<Finding> {
    let keys = ["fanout.memory_budget", "fanout.body_cap"];
    let (budget, cap) = (parsed.draft.fanout.memory_budget, parsed.draft.fanout.body_cap);
    if !parsed.given.contains_key(keys[0]) || !parsed.sound(&keys) || budget >= cap {
        return None;
    }
    let (budget, cap) = (super::text::show_size(budget), super::text::show_size(cap));
    parsed.finding(&keys, format!("{budget} is below fanout.body_cap, {cap}; no answer of that size could be read"))
}

fn certificate_and_key(parsed: &Parsed) -> Option<Finding> {
    let [cert, key] = ["server.tls_cert_file", "server.tls_key_file"];
    if !parsed.sound(&[cert, key]) {
        return None;
    }
    match (&parsed.draft.server.tls_cert_file, &parsed.draft.server.tls_key_file) {
        (Some(_), None) => parsed.finding(&[cert], format!("needs {key} too")),
        (None, Some(_)) => parsed.finding(&[key], format!("needs {cert} too")),
        _ => None,
    }
}

fn somebody_to_ask(parsed: &Parsed) -> Option<Finding> {
    let keys = ["fanout.peers", "local.source"];
    let nobody = parsed.draft.local.source == LocalSource::None && parsed.draft.fanout.peers.is_empty();
    // With `local.url` given, the operator has a node and forgot the source: that is said there.
    if !nobody || parsed.draft.local.url.is_some() || !parsed.sound(&keys) || !parsed.sound(&["local.url"]) {
        return None;
    }
    let mend = "name peers in fanout.peers, or set local.source = \"http\" and local.url for a node on this host";
    parsed.finding(&keys, format!("nobody to ask: {mend}"))
}

fn node_has_url(parsed: &Parsed) -> Option<Finding> {
    let local = &parsed.draft.local;
    let lacking = local.source == LocalSource::Http && local.url.is_none();
    let message = "\"http\" needs local.url, the node's admin address, such as \"http://127.0.0.1:8080\"";
    if lacking && parsed.sound(&["local.source", "local.url"]) {
        return parsed.finding(&["local.source"], message.into());
    }
    None
}

fn node_is_used(parsed: &Parsed) -> Option<Finding> {
    let local = &parsed.draft.local;
    if local.source == LocalSource::Http || !parsed.sound(&["local.source"]) {
        return None;
    }
    let unused = [("local.url", local.url.is_some()), ("local.name", !local.name.is_empty())];
    let (key, _) = unused.into_iter().find(|(_, given)| *given)?;
    let message = "is of no use while local.source is \"none\"; set local.source = \"http\" or remove it";
    parsed.finding(&[key], message.into())
}

fn beyond_loopback(parsed: &Parsed) -> Option<Finding> {
    let [listen, mode, insecure] = ["server.listen", "auth.mode", "server.allow_insecure"];
    let server = &parsed.draft.server;
    let needed = [listen, mode, insecure, "server.tls_cert_file", "server.tls_key_file"];
    if server.allow_insecure || server.listen.ip().to_canonical().is_loopback() || !parsed.sound(&needed) {
        return None;
    }
    let address = server.listen;
    if parsed.draft.auth.mode == AuthMode::None {
        let message = format!(
            "with \"none\" anyone who reaches {address} can read; listen on 127.0.0.1, choose another auth.mode, or set \
             {insecure} = true"
        );
        return parsed.finding(&[mode], message);
    }
    if server.tls_cert_file.is_some() {
        return None;
    }
    let message = format!(
        "{address} is beyond loopback in plain HTTP: session cookies would travel in the clear; listen on 127.0.0.1 behind \
         a TLS proxy, or set {insecure} = true"
    );
    parsed.finding(&[listen], message)
}

fn mint_has_key(parsed: &Parsed) -> Option<Finding> {
    let keys = ["auth.mode", "auth.signing_key_file"];
    let auth = &parsed.draft.auth;
    let lacking = auth.mode == AuthMode::Mint && auth.signing_key_file.is_none();
    if lacking && parsed.sound(&keys) { parsed.finding(&keys, format!("\"mint\" needs {}", keys[1])) } else { None }
}

fn previous_key_has_key(parsed: &Parsed) -> Option<Finding> {
    let keys = ["auth.previous_key_file", "auth.signing_key_file"];
    let auth = &parsed.draft.auth;
    let lacking = auth.previous_key_file.is_some() && auth.signing_key_file.is_none();
    if lacking && parsed.sound(&keys) { parsed.finding(&keys, format!("needs {} too", keys[1])) } else { None }
}
