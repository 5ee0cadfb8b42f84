//! A snapshot holds exactly what was committed before its end, and replaces nothing newer.

use super::{Fact, Invariant, holds};
use crate::engine::tests::cluster::Cluster;

pub(super) struct SnapshotsAreCommitted;

impl Invariant for SnapshotsAreCommitted {
    fn name(&self) -> &'static str {
        "snapshots are committed"
    }

    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String> {
        let Fact::Snapshots { node, id, chain } = fact else { return Ok(()) };
        let commit = cluster.history.commits.get(&id.offset);
        let is_committed = commit.is_some_and(|commit| commit.chain == *chain && commit.epoch == id.epoch);
        holds(is_committed, || format!("node {node} has a snapshot {id} of something else"))?;
        let known = cluster.nodes[*node].high_watermark;
        holds(id.offset >= known, || format!("node {node} knows {known} and goes back to snapshot {id}"))
    }
}
