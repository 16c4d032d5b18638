//! What SPEC §5 knows and this version can't do yet. Refusing it is honest: a key that is read and ignored would let an
//! operator believe in TLS that is not there. To support a key, delete its line here; with the last one, this file.

use super::{
    document::Parsed,
    keys::{Draft, find},
    problem::Finding,
};

/// The keys, each with the one value that is refused, or `None` for all but the default.
const NOT_YET: [(&str, Option<&str>); 3] =
    [("server.tls_cert_file", None), ("server.tls_key_file", None), ("tls.ca_file", None)];

/// What to say of `https://` in an address, while it is refused.
pub(super) const HTTPS: &str = "https:// is not supported by this version yet; write http://";

/// Refuses the keys of the list that are set. Of such a key nothing else is said: mending it would be in vain.
pub(super) fn refuse(parsed: &Parsed, findings: &mut Vec<Finding>) {
    let defaults = Draft::default();
    for (name, refused) in NOT_YET {
        let Some(key) = find(name) else { continue };
        let value = key.show(&parsed.draft);
        let set = refused.map_or(value != key.show(&defaults), |refused| value == refused);
        if let (true, Some(&offset)) = (set, parsed.given.get(name)) {
            findings.retain(|finding| finding.key != name);
            let what = refused.map_or_else(String::new, |refused| format!("\"{refused}\" is "));
            let mend = if refused.is_some() { "choose another" } else { "remove it" };
            let message = format!("{what}not supported by this version yet; {mend}");
            findings.push(Finding::new(offset, name, message));
        }
    }
}
