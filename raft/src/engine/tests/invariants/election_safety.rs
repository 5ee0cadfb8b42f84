//! At most one node leads an epoch, over the whole life of the cluster.

use std::collections::BTreeMap;

use super::{Fact, Invariant, holds};
use crate::engine::ReplicaKey;
use crate::engine::tests::cluster::Cluster;

/// Who led each epoch.
#[derive(Default)]
pub(super) struct ElectionSafety(BTreeMap<i32, ReplicaKey>);

impl Invariant for ElectionSafety {
    fn name(&self) -> &'static str {
        "election safety"
    }

    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String> {
        let Fact::Leads { node, epoch } = fact else { return Ok(()) };
        let leader = cluster.nodes[*node].key();
        let first = *self.0.entry(*epoch).or_insert(leader);
        holds(first == leader, || format!("both {first} and {leader} lead epoch {epoch}"))
    }
}
