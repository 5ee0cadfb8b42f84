//! Whoever could still be elected has, or must ask somebody who has, everything that is committed.

use super::{Fact, Invariant, holds};
use crate::engine::tests::cluster::Cluster;
use crate::engine::tests::cluster::Node;

pub(super) struct CommittedIsNeverLost;

impl Invariant for CommittedIsNeverLost {
    fn name(&self) -> &'static str {
        "committed is never lost"
    }

    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String> {
        let Fact::Stepped = fact else { return Ok(()) };
        let (history, voters) = (&cluster.history, &cluster.history.voters);
        let Some(chain) = history.chain(history.end()) else { return Ok(()) };
        let lacks = |node: &&Node| {
            node.disk.flushed < history.end()
                || (node.disk.start <= history.end() && node.disk.chain_at(history.end()) != Some(chain))
        };
        let in_use = cluster.nodes.iter().filter(|node| voters.is_voter(&node.key()));
        let without = in_use.filter(lacks).count();
        holds(without < voters.majority(), || {
            format!("{without} of the voters {voters} have lost what is committed before {}", history.end())
        })
    }
}
