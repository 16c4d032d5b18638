use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::failure::{Failure, Reason};
use crate::{metrics::CallResult, peers::Role, words::words};

/// The `fanout` block of an answer (SPEC §3).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FanoutBlock {
    /// This node first, then the other entries in the file's order.
    pub nodes: Vec<NodeReport>,
    /// Nodes whose matrix is in the answer.
    pub responded: usize,
    /// Nodes asked; neither counts duplicates.
    pub expected: usize,
    /// Whether all of them responded.
    pub complete: bool,
}

impl FanoutBlock {
    pub(crate) fn new(nodes: Vec<NodeReport>) -> Self {
        let expected = nodes.iter().filter(|node| node.counts).count();
        let responded = nodes.iter().filter(|node| node.counts && node.ok).count();
        Self { nodes, responded, expected, complete: responded == expected }
    }
}

/// How it went with one node.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NodeReport {
    /// Its name: the entry as written, or `local.name`.
    pub node: String,
    /// Whether its matrix is in the answer.
    pub ok: bool,
    /// What it is.
    pub role: Role,
    /// Why it is not ok, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why it is not ok, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What is odd about its answer.
    pub warnings: Vec<Warning>,
    /// From the start of the fan-out to the end of its body, milliseconds.
    pub duration_ms: f64,
    /// Bytes of its body that were read.
    pub bytes: u64,
    /// Rows of its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
    /// Columns of its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<usize>,
    /// When it made the answer, by its own clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated_at: Option<Timestamp>,
    /// Whether it is in `responded` and `expected`.
    #[serde(skip)]
    pub(crate) counts: bool,
}

impl NodeReport {
    /// A node that is in `responded` and `expected`.
    pub(crate) fn counted(node: impl Into<String>, role: Role) -> Self {
        Self { counts: true, ..Self::uncalled(node, role) }
    }

    /// A node that is listed without having been called.
    pub(crate) fn uncalled(node: impl Into<String>, role: Role) -> Self {
        Self {
            node: node.into(),
            ok: true,
            role,
            error: None,
            reason: None,
            warnings: Vec::new(),
            duration_ms: 0.0,
            bytes: 0,
            rows: None,
            columns: None,
            generated_at: None,
            counts: false,
        }
    }

    /// What the metrics are told of it.
    pub(crate) fn measured(&self) -> CallResult<'_> {
        CallResult {
            node: &self.node,
            reason: self.reason.map_or("ok", Reason::as_str),
            duration: Duration::from_secs_f64(self.duration_ms / 1000.0),
            bytes: self.bytes,
        }
    }

    /// Marks it as not ok.
    pub(crate) fn fail(&mut self, failure: &Failure) {
        self.ok = false;
        self.error = Some(failure.message.clone());
        self.reason = Some(failure.reason);
        self.bytes = self.bytes.max(failure.bytes);
    }
}

/// Something odd about a node's answer that did not keep it out of the merge (SPEC §3).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Warning {
    /// The word.
    pub code: WarningCode,
    /// The sentence.
    pub message: String,
}

words! {
    /// What is odd about a node's answer: the closed set of SPEC §3.
    pub enum WarningCode {
        /// It describes a key range otherwise than the node whose description was kept.
        CatalogDivergence = "catalog_divergence",
        /// Its clock is off by more than half a step.
        ClockSkew = "clock_skew",
        /// It sent as many rows as it may, so it may have more.
        RowLimitReached = "row_limit_reached",
        /// The gap between its columns is not the merge step.
        StepMismatch = "step_mismatch",
        /// It sent writes without Raft group or term.
        IdentityMissing = "identity_missing",
        /// Its columns were out of order or repeated; its clock was set back.
        ColumnsUnordered = "columns_unordered",
    }
}
