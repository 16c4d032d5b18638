//! From the answers of all nodes to the one that the caller gets: nothing twice, nothing silently missing.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    FanoutBlock, Gathered, MatrixQuery, NodeReport, Outcome, Redactor, Snapshot, Verdict, Warning, WarningCode,
    buffers::Buffers,
    call::{Answer, Called, Round},
    failure::{Failure, Reach, Reason},
};
use crate::{
    config::AuthMode,
    matrix::Matrix,
    merge::{self, Findings, Merge},
    peers::{Assignment, LastError, NodeState, Role},
};

/// A node as it is listed, with what it adds to the merge.
struct Node<'a> {
    report: NodeReport,
    failure: Option<Failure>,
    answer: Option<Answer>,
    state: Option<&'a NodeState>,
}

/// Drops what turned out to be counted twice, merges, and encodes.
pub(crate) fn assemble(round: &Round, query: MatrixQuery, gathered: Gathered) -> Outcome {
    let snapshot = &*round.snapshot;
    if let Some(status) = round.verdict_of(gathered.local.as_ref()) {
        let nodes = gathered.local.into_iter().map(|called| called.report).collect();
        return Outcome { block: FanoutBlock::new(nodes), verdict: Verdict::Refused(status) };
    }
    let mut nodes = list(snapshot, gathered);
    if let Some(status) = verdict_of_all(snapshot, &nodes) {
        return Outcome { block: block(nodes), verdict: Verdict::Refused(status) };
    }
    let answers: Vec<_> = nodes.iter_mut().map(|node| node.answer.take()).collect();
    let started = Instant::now();
    let merge = merge(snapshot, query, &answers);
    let redactor = round.caller.credentials.redactor();
    let contributors = nodes.iter_mut().zip(&answers).filter_map(|(node, answer)| Some((node, answer.as_ref()?)));
    for ((node, answer), findings) in contributors.zip(merge.findings()) {
        note(node, answer, findings, &merge, snapshot, &redactor);
    }
    let block = block(nodes);
    if block.responded == 0 {
        return Outcome { block, verdict: Verdict::NoNodeAnswered };
    }
    let body = encode(&merge, query, &block, &round.fanout.buffers);
    let body = round.fanout.hold(body, &snapshot.config);
    round.fanout.metrics.merged(started.elapsed());
    Outcome { block, verdict: Verdict::Merged(body) }
}

/// What comes of a fan-out that did not get its turn: every node is not ok, by `failure`.
pub(crate) fn not_tried(snapshot: &Snapshot, failure: &Failure) -> Outcome {
    let called = |node: &str, role| Called::not_tried(node, role, failure.clone());
    let cast = snapshot.cast();
    let entries = snapshot
        .peers
        .iter()
        .zip(&cast)
        .map(|(peer, assigned)| (assigned.role == Role::Peer).then(|| called(&peer.entry.entry, Role::Peer)));
    let entries = entries.collect();
    let local = snapshot.local.as_ref().map(|local| called(local.source.name(), Role::Own));
    let nodes = list(snapshot, Gathered { local, cast, entries });
    Outcome { block: block(nodes), verdict: Verdict::NoNodeAnswered }
}

/// This node first, then the entries in their order, each exactly once, by what is known of them now.
fn list(snapshot: &Snapshot, gathered: Gathered) -> Vec<Node<'_>> {
    let cast = snapshot.cast();
    let own = match (gathered.local, &snapshot.local) {
        (Some(called), Some(local)) => Some(Node::of(called, &local.state)),
        _ => cast.iter().position(|assigned| assigned.role == Role::Own).map(|i| {
            let report = NodeReport::uncalled(&snapshot.peers[i].entry.entry, Role::Own);
            Node { report, failure: None, answer: None, state: None }
        }),
    };
    let mut nodes: Vec<Node<'_>> = own.into_iter().collect();
    let mut place = vec![None; cast.len()];
    for (i, (called, now)) in gathered.entries.into_iter().zip(&cast).enumerate() {
        let peer = &snapshot.peers[i];
        let before = &gathered.cast[i];
        // An original whose breaker has just opened is forgotten, but nothing has shown the two to be different.
        let forgotten = called.is_none() && before.original.is_some_and(|j| !snapshot.peers[j].is_known());
        let node = match if forgotten { before } else { now } {
            Assignment { role: Role::Own, .. } => continue,
            Assignment { original: Some(original), .. } => {
                Node::duplicate(&peer.entry.entry, place[*original].map(|at: usize| &nodes[at].report))
            }
            _ => called.map_or_else(|| Node::known_too_late(&peer.entry.entry), |called| Node::of(called, &peer.state)),
        };
        place[i] = Some(nodes.len());
        nodes.push(node);
    }
    nodes
}

impl<'a> Node<'a> {
    fn of(called: Called, state: &'a NodeState) -> Self {
        let (answer, failure) = match called.outcome {
            Ok(answer) => (Some(answer), None),
            Err(failure) => (None, Some(failure)),
        };
        Self { report: called.report, failure, answer, state: Some(state) }
    }

    fn duplicate(name: &str, original: Option<&NodeReport>) -> Self {
        let mut report = NodeReport::uncalled(name, Role::Duplicate);
        if let Some(original) = original {
            report.ok = original.ok;
            report.error.clone_from(&original.error);
            report.reason = original.reason;
        }
        Self { report, failure: None, answer: None, state: None }
    }

    /// The entry looked like this node or like another entry when the calls went out, and its id, which says
    /// otherwise, came after that.
    fn known_too_late(name: &str) -> Self {
        let message = "its node_id came too late to ask it this time";
        let failure = Failure::new(Reason::Deadline, message);
        let mut report = NodeReport::counted(name, Role::Peer);
        report.fail(&failure);
        Self { report, failure: Some(failure), answer: None, state: None }
    }
}

fn block(nodes: Vec<Node<'_>>) -> FanoutBlock {
    FanoutBlock::new(nodes.into_iter().map(|node| node.report).collect())
}

/// Where no local node decides, the nodes do: the status, when every node that answered said 401 or 403 (SPEC §7). A
/// local node that is here gave no verdict, else this would not be asked.
fn verdict_of_all(snapshot: &Snapshot, nodes: &[Node<'_>]) -> Option<u16> {
    if snapshot.config.auth.mode != AuthMode::Forward || nodes.iter().any(|node| node.answer.is_some()) {
        return None;
    }
    let peers = nodes.iter().filter(|node| node.report.role == Role::Peer);
    let mut answered = peers
        .filter_map(|node| node.failure.as_ref())
        // As of a local node, a 503 is no verdict: its sampler is off, or it is not up yet.
        .filter(|failure| failure.reason.reach() == Reach::Answered && failure.status != Some(503))
        .map(Failure::verdict);
    let first = answered.next()??;
    answered.all(|verdict| verdict.is_some()).then_some(first)
}

fn merge<'a>(snapshot: &Snapshot, query: MatrixQuery, answers: &'a [Option<Answer>]) -> Merge<'a> {
    let options = merge::Options {
        step: snapshot.config.merge.step,
        dedupe: snapshot.config.merge.dedupe,
        from_unix_ms: query.from_unix_ms,
        to_unix_ms: query.to_unix_ms,
        rows: query.rows,
        max_cells: snapshot.config.fanout.max_cells,
    };
    let inputs: Vec<&Matrix> = answers.iter().flatten().map(|answer| &answer.matrix).collect();
    Merge::new(query.series, &inputs, &options)
}

/// Puts what the merge found about a node into its report, and its step into its memory.
fn note(
    node: &mut Node<'_>,
    answer: &Answer,
    findings: &Findings,
    merge: &Merge<'_>,
    snapshot: &Snapshot,
    redactor: &Redactor,
) {
    if let Some(state) = node.state {
        state.update(|memory| memory.own_step_ms = findings.own_step_ms.or(memory.own_step_ms));
    }
    if let Some(cells) = findings.over_max_cells {
        leave_out(node, cells, snapshot.config.fanout.max_cells);
        return;
    }
    let step = merge.step_ms().or(findings.own_step_ms).unwrap_or(60_000);
    let row_limit = (snapshot.config.fanout.row_limit as usize).min(super::MAX_ROWS);
    let rows = answer.matrix.rows.len();
    let mut warn = |code, message: String| {
        node.report.warnings.push(Warning { code, message: redactor.clean(&message) });
    };
    if let Some(divergence) = &findings.divergence {
        // An id may be as long as a body.
        let first: String = divergence.first_bucket_id.chars().take(80).collect();
        let rows = divergence.rows;
        warn(
            WarningCode::CatalogDivergence,
            format!("{rows} rows have another start, end or aggregate than an earlier node's, the first is {first}"),
        );
    }
    if let Some(skew) = skew(answer, node.report.generated_at, step) {
        warn(WarningCode::ClockSkew, skew);
    }
    if rows >= row_limit {
        warn(WarningCode::RowLimitReached, format!("it returned {rows} rows, so it may hold more than were asked for"));
    }
    if let (true, Some(own)) = (findings.step_mismatch, findings.own_step_ms) {
        warn(WarningCode::StepMismatch, format!("its columns are {own} ms apart, the merge step is {step} ms"));
    }
    if findings.identity_missing {
        warn(WarningCode::IdentityMissing, "it sent writes without raft_group_ids or leader_terms".into());
    }
    if findings.columns_unordered {
        warn(WarningCode::ColumnsUnordered, "its columns were out of order or repeated; its clock was set back".into());
    }
}

/// A node whose matrix would take the result over `fanout.max_cells`.
fn leave_out(node: &mut Node<'_>, cells: u64, most: u64) {
    let help = "ask for a shorter range, or for fewer rows (fanout.row_limit)";
    let message = format!("with it the result would have {cells} cells, fanout.max_cells is {most}; {help}");
    log::warn!("{}: {}: {message}", node.report.node, Reason::TooLarge);
    node.report.fail(&Failure::new(Reason::TooLarge, message.clone()));
    if let Some(state) = node.state {
        let error = LastError { at: Timestamp::now(), reason: Reason::TooLarge, message };
        state.update(|memory| memory.last_error = Some(error));
    }
}

/// How far the node's clock is off, if that is more than half a step (SPEC §3).
fn skew(answer: &Answer, generated_at: Option<Timestamp>, step_ms: i64) -> Option<String> {
    let at = SystemTime::from(generated_at?);
    let (off, word) = match (answer.sent_at.duration_since(at), at.duration_since(answer.head_at)) {
        (Ok(behind), _) => (behind, "behind"),
        (_, Ok(ahead)) => (ahead, "ahead"),
        _ => return None,
    };
    let allowed = Duration::from_micros(u64::try_from(step_ms).unwrap_or(0).saturating_mul(500));
    (off > allowed).then(|| format!("its clock is {:.1} s {word}", off.as_secs_f64()))
}

fn encode(merge: &Merge<'_>, query: MatrixQuery, block: &FanoutBlock, buffers: &Arc<Buffers>) -> Bytes {
    let generated_at = Timestamp::now().to_string();
    let fanout = serde_json::to_vec(block).unwrap_or_default();
    let extras = merge::Extras { generated_at: &generated_at, identity: query.identity, fanout: &fanout };
    // Where nodes counted in the same windows the answer is shorter than theirs together, and rarely longer elsewhere.
    let bytes: u64 = block.nodes.iter().map(|node| node.bytes).sum();
    let buffer = buffers.take(usize::try_from(bytes).unwrap_or(0));
    buffers.share(merge.encode(&extras, buffer))
}
