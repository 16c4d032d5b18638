//! What is said above every view, in the words of the web page.

use super::{
    answer::{Answer, Fanout},
    text,
};
use crate::text::escape;

/// More columns than nodes flush at different moments for: who has not told of them will not.
const STILL_FILLED: usize = 4;

/// The lines above a view: what is shown, of how many nodes, and what is wrong with it.
pub(super) fn lines(answer: &Answer) -> Vec<String> {
    std::iter::once(headline(answer)).chain(caveats(answer)).collect()
}

/// What a reader of the numbers alone would not see: which nodes are missing, what is odd, what was dropped.
pub fn caveats(answer: &Answer) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(fanout) = &answer.fanout {
        lines.extend(degraded(fanout));
        lines.extend(warnings(fanout));
    }
    if answer.rows_dropped > 0 {
        lines.push(format!("{} dropped", text::plural(answer.rows_dropped, "row")));
    }
    let short = answer.newest_short();
    if short > 0 {
        let of = answer.column_unix_ms.len() - short;
        let since = answer.column_unix_ms.get(of).copied().map(text::clock).unwrap_or_default();
        lines.push(match short {
            1 => format!("the newest column ({since}) is short: not all nodes have said it yet"),
            2..=STILL_FILLED => {
                format!("the newest {short} columns (from {since}) are short: not all nodes have said them yet")
            }
            _ => format!(
                "the newest {short} columns (from {since}) are short: at least one of the nodes that answer has told of \
                 none of them"
            ),
        });
    }
    lines
}

fn headline(answer: &Answer) -> String {
    let view = match &answer.fanout {
        Some(Fanout { responded, expected, .. }) => format!("cluster view ({responded} of {expected} nodes)"),
        None => "one node's own view".to_owned(),
    };
    format!(
        "{} rows × {} columns · series {} · max = {} · {view}",
        answer.rows.len(),
        answer.column_unix_ms.len(),
        escape(&answer.series),
        text::thousands(answer.max())
    )
}

fn degraded(fanout: &Fanout) -> Vec<String> {
    let Fanout { nodes, responded, expected } = fanout;
    if responded >= expected {
        return Vec::new();
    }
    let banner = format!("Cluster view degraded — {responded} of {expected} nodes responded");
    let failed = nodes.iter().filter(|node| !node.ok && node.role.as_deref() != Some("duplicate")).map(|node| {
        let reason = escape(node.reason.as_deref().unwrap_or("unknown"));
        let error = escape(node.error.as_deref().unwrap_or("no error given"));
        format!("  {}: {reason}: {error}", escape(&node.node))
    });
    std::iter::once(banner).chain(failed).collect()
}

fn warnings(fanout: &Fanout) -> impl Iterator<Item = String> {
    let of_all = fanout.nodes.iter().flat_map(|node| node.warnings.iter().map(move |warning| (node, warning)));
    of_all.map(|(node, warning)| {
        let [node, code, message] = [&node.node, &warning.code, &warning.message].map(|text| escape(text));
        format!("warning: {node}: {code}: {message}")
    })
}
