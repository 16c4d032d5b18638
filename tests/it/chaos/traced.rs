//! Lines of `fanout.nodes` with what those nodes really sent.

use std::{collections::BTreeSet, fmt::Write, sync::Arc};

use keyviz_fanout::{
    matrix::{Matrix, Row},
    merge::{Findings, Merged},
};

use super::{
    answer::{Difference, Listed},
    behaviour::Behaviour,
    laws::Broken,
    ledger::Sent,
    node::SKEW,
    settings::Settings,
};

pub(super) struct Traced<'a> {
    pub(super) listed: &'a Listed,
    /// Where it came as far as the merge.
    pub(super) sent: Option<Arc<Sent>>,
}

/// Checks that the node's warnings are those that its matrix deserves. Its clock is no part of that: what the daemon can
/// tell of a clock depends on the moment, so it has to of those alone that are off by far more than a step.
pub(super) fn warnings(
    Traced { listed, sent }: &Traced<'_>,
    findings: &Findings,
    matrix: &Matrix,
    (settings, step_ms): (&Settings, Option<i64>),
) -> Result<(), Broken> {
    let deserved = [
        ("catalog_divergence", findings.divergence.is_some()),
        ("row_limit_reached", matrix.rows.len() >= settings.row_limit.min(1024)),
        ("step_mismatch", findings.step_mismatch),
        ("identity_missing", findings.identity_missing),
        ("columns_unordered", findings.columns_unordered),
    ];
    let deserved: BTreeSet<_> = deserved.into_iter().filter_map(|(code, is)| is.then_some(code)).collect();
    let mut given: BTreeSet<_> = listed.warnings.iter().map(|warning| &*warning.code).collect();
    let is_skewed = given.remove("clock_skew");
    let skewed = sent.as_ref().is_some_and(|sent| sent.behaviour == Behaviour::Skewed);
    let step_ms = step_ms.or(findings.own_step_ms).unwrap_or_default();
    let skewed = skewed && u128::from(step_ms.unsigned_abs()) < SKEW.as_millis();
    if given == deserved && (is_skewed || !skewed) {
        return Ok(());
    }
    Err(format!("{}: warned of {given:?}, expected {deserved:?}; a year off: {skewed}\n{listed:?}", listed.node))
}

/// A difference, with what the nodes sent for the row that it is in.
pub(super) fn told(difference: &Difference, traced: &[&Traced<'_>], merged: &Merged) -> Broken {
    let mut text = format!("{}\nfrom:\n", difference.what);
    for Traced { listed, sent } in traced {
        let Some(sent) = sent else { continue };
        let _ = writeln!(text, "  {} ok={}: {sent}", listed.node, listed.ok);
        match &difference.bucket {
            None => {
                let _ = writeln!(text, "    columns {:?}", sent.matrix.column_unix_ms);
            }
            Some(bucket) => {
                let row = sent.matrix.rows.iter().find(|row| row.meta.bucket_id == *bucket);
                let _ = row.map(|row| writeln!(text, "    {}", windows(&sent.matrix, row)));
            }
        }
    }
    let _ = writeln!(text, "merged by the oracle: step {:?}, columns {:?}", merged.step_ms, merged.column_unix_ms);
    text
}

/// The counts of a row as `time: value (group, term)`.
fn windows(matrix: &Matrix, row: &Row) -> String {
    let id = |ids: &Option<keyviz_fanout::matrix::Identities>, i| ids.as_ref().and_then(|ids| ids.get(i));
    let counts = matrix.column_unix_ms.iter().zip(&row.values).enumerate().filter(|(_, (_, value))| **value != 0);
    let window = |(i, (time, value))| {
        format!("{time}: {value} ({:?}, {:?})", id(&row.raft_group_ids, i), id(&row.leader_terms, i))
    };
    counts.map(window).collect::<Vec<_>>().join(", ")
}
