use async_trait::async_trait;
use serde_json::Value;
use url::Url;

use super::{
    caller::Caller,
    deadline::Deadline,
    failure::Failure,
    query::{CLUSTER_PATH, MATRIX_PATH, NodeQuery},
    wire::{Reply, Wire},
};
use crate::matrix::Matrix;

/// The node that this process stands beside, or is part of: where the local matrix comes from.
///
/// A node that mounts the extension implements this over its own sampler. A failure with status 401 or 403 is a verdict
/// on the caller, and no peer's data is then shown (SPEC §7).
#[async_trait]
pub trait LocalSource: Send + Sync + 'static {
    /// The node's name in `fanout.nodes`, usually host:port.
    fn name(&self) -> &str;

    /// The node's own matrix for `query`, in time for `deadline`.
    async fn matrix(&self, query: &NodeQuery, caller: &Caller, deadline: Deadline) -> Result<LocalMatrix, Failure>;

    /// The node's own view of the cluster (WIRE §3), with its `node_id`.
    async fn cluster(&self, caller: &Caller, deadline: Deadline) -> Result<Value, Failure>;
}

/// A local matrix as its source has it.
#[derive(Debug)]
pub enum LocalMatrix {
    /// Of an in-process source.
    Decoded(Matrix),
    /// A node's answer over HTTP, not looked into yet.
    Encoded(Reply),
}

/// A node on this host, reached over HTTP (`local.source = "http"`).
#[derive(Debug)]
pub(crate) struct HttpNode {
    pub(crate) name: String,
    pub(crate) url: Url,
    pub(crate) wire: Wire,
}

#[async_trait]
impl LocalSource for HttpNode {
    fn name(&self) -> &str {
        &self.name
    }

    async fn matrix(&self, query: &NodeQuery, caller: &Caller, deadline: Deadline) -> Result<LocalMatrix, Failure> {
        let query = query.to_string();
        self.wire.get(&self.url, MATRIX_PATH, Some(&query), caller, deadline).await.map(LocalMatrix::Encoded)
    }

    async fn cluster(&self, caller: &Caller, deadline: Deadline) -> Result<Value, Failure> {
        let reply = self.wire.capped(CLUSTER_BODY_CAP).get(&self.url, CLUSTER_PATH, None, caller, deadline).await?;
        parse_cluster(&reply)
    }
}

/// A cluster answer of a real node is a few kilobytes, and what it is parsed to is many times as large.
pub(super) const CLUSTER_BODY_CAP: u64 = 1 << 20;

/// A node's cluster answer, which must be JSON.
pub(crate) fn parse_cluster(reply: &Reply) -> Result<Value, Failure> {
    serde_json::from_slice(&reply.body)
        .map_err(|error| Failure::new(super::Reason::Decode, format!("the cluster answer is not JSON: {error}")))
}
