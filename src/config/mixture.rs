//! What an edit comes to in a process that can't change everything it runs with (SPEC §5, "Reload").

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use super::{
    KEYS, Key, Loaded, Origin, Problem, Reload,
    keys::Draft,
    rules::{self, Misfit, Whole},
};

/// A key whose edit waits for a restart, values as the file would have them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pending {
    /// The key.
    pub key: &'static str,
    /// What runs.
    pub running: Json,
    /// What the file says.
    pub on_disk: Json,
}

/// The live keys of `edited` over the restart keys of `running`, and which of those the edit changes.
///
/// The mixture has to be valid as a whole file has: the problems are those it would have, each at its place in the
/// edited file.
pub(crate) fn over_running(edited: Loaded, running: &Loaded) -> Result<(Loaded, Vec<Pending>), Vec<Problem>> {
    let (mut draft, kept) = (Draft::from(edited.config.clone()), Draft::from(running.config.clone()));
    let differs = |key: &&Key| key.reload == Reload::Restart && key.show(&draft) != key.show(&kept);
    let waiting: Vec<&Key> = KEYS.iter().filter(differs).collect();
    let pending = |key: &&Key| Pending { key: key.name, running: key.show(&kept), on_disk: key.show(&draft) };
    let pending: Vec<_> = waiting.iter().map(pending).collect();
    let mut mixture = edited;
    for key in waiting {
        key.copy(&mut draft, &kept);
        mixture.origins.extend(running.origins.get_key_value(key.name));
    }
    check(&draft, &mixture, &pending)?;
    mixture.config = draft.into();
    Ok((mixture, pending))
}

fn check(draft: &Draft, mixture: &Loaded, pending: &[Pending]) -> Result<(), Vec<Problem>> {
    // A configuration made in code is the code's own business, as it was when it was first applied.
    let from_file = mixture.origins.values().any(|origin| matches!(origin, Origin::File(_)));
    if pending.is_empty() || !from_file {
        return Ok(());
    }
    let given = mixture.origins.iter().filter(|(_, origin)| matches!(origin, Origin::File(_)));
    let whole = Whole { draft, given: given.map(|(key, _)| *key).collect(), doubtful: std::iter::empty().collect() };
    let kept = pending.iter().map(|Pending { key, running, .. }| format!("{key} stays {running} until a restart"));
    let kept = kept.collect::<Vec<_>>().join(", ");
    let problem = |Misfit { key, message }| mixture.problem(key, format!("{message} ({kept})"));
    let problems: Vec<_> = rules::check(&whole).into_iter().map(problem).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}
