//! A leader has everything that leaders of earlier epochs committed.

use super::{Fact, Invariant, holds};
use crate::engine::tests::cluster::Cluster;

pub(super) struct LeaderCompleteness;

impl Invariant for LeaderCompleteness {
    fn name(&self) -> &'static str {
        "leader completeness"
    }

    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String> {
        let Fact::Leads { node, epoch } = fact else { return Ok(()) };
        let Some((end, commit)) = cluster.history.committed_before(*epoch) else { return Ok(()) };
        let found = cluster.nodes[*node].disk.chain_at(end);
        holds(found == Some(commit.chain), || {
            format!("node {node} leads epoch {epoch} without what is committed before {end}")
        })
    }
}
