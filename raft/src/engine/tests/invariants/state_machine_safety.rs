//! What one node shows as committed is what every node shows there.

use super::{Fact, Invariant, holds};
use crate::engine::tests::cluster::Cluster;

pub(super) struct StateMachineSafety;

impl Invariant for StateMachineSafety {
    fn name(&self) -> &'static str {
        "state machine safety"
    }

    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String> {
        let Fact::Commits { node, end } = fact else { return Ok(()) };
        let disk = &cluster.nodes[*node].disk;
        let common = cluster.history.commits.range(..=*end).next_back();
        let Some((common, commit)) = common.filter(|(common, _)| **common > disk.start) else {
            return Ok(());
        };
        holds(disk.chain_at(*common) == Some(commit.chain), || {
            format!("node {node} shows other records before {common} than were committed")
        })
    }
}
