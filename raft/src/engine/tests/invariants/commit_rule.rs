//! A leader commits a record of its own epoch that a majority of its voters has durably.

use super::{Fact, Invariant, holds};
use crate::engine::ReplicaKey;
use crate::engine::tests::cluster::Cluster;

pub(super) struct CommitRule;

impl Invariant for CommitRule {
    fn name(&self) -> &'static str {
        "commit rule"
    }

    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String> {
        let Fact::Commits { node, end } = fact else { return Ok(()) };
        let leader = &cluster.nodes[*node];
        let Some(engine) = &leader.engine else { return Ok(()) };
        let Some(epoch) = engine.leading_epoch() else { return Ok(()) };
        let of_epoch = leader.disk.epoch_before(*end);
        holds(of_epoch == epoch, || format!("node {node} commits {end} of epoch {of_epoch} in {epoch}"))?;
        let (chain, voters) = (leader.disk.chain_at(*end), engine.voters().voters());
        let has_it = |key: &ReplicaKey| {
            let mut disks = cluster.nodes.iter().filter_map(|node| node.disk_of(key));
            disks.any(|disk| disk.flushed >= *end && (disk.start > *end || disk.chain_at(*end) == chain))
        };
        let count = voters.keys().filter(has_it).count();
        holds(count >= voters.majority(), || {
            format!("node {node} commits {end}, which {count} of the voters {voters} have")
        })
    }
}
