/// Raft groups or terms, one per cell, kept as what they nearly always are: a few runs of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identities;
