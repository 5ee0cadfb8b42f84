//! Logs that have a record of one offset and one epoch in common have everything before it in common.

use std::collections::BTreeMap;

use super::{Fact, Invariant, holds};
use crate::engine::tests::cluster::Cluster;

/// Where a batch stands, and the hash over everything before it.
#[derive(Default)]
pub(super) struct LogMatching(BTreeMap<(i64, i32), Option<u64>>);

impl Invariant for LogMatching {
    fn name(&self) -> &'static str {
        "log matching"
    }

    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String> {
        let Fact::Appends { node, batch, .. } = fact else { return Ok(()) };
        let before = cluster.nodes[*node].disk.chain_at(batch.base_offset);
        let first = *self.0.entry((batch.end(), batch.epoch)).or_insert(before);
        holds(first == before, || {
            format!("node {node} appends {} of epoch {} behind another log", batch.base_offset, batch.epoch)
        })
    }
}
