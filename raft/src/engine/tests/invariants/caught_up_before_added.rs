//! A leader makes a replica a voter only once it has the record that the leader's epoch began with.

use super::{Fact, Invariant, holds};
use crate::engine::tests::cluster::Cluster;

pub(super) struct CaughtUpBeforeAdded;

impl Invariant for CaughtUpBeforeAdded {
    fn name(&self) -> &'static str {
        "caught up before added"
    }

    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String> {
        let Fact::Appends { node, batch, leads: true } = fact else { return Ok(()) };
        let (Some(voters), Some(start)) = (batch.voters(), cluster.history.epoch_starts.get(&batch.epoch))
        else {
            return Ok(());
        };
        let Some(engine) = &cluster.nodes[*node].engine else { return Ok(()) };
        // The engine has the new set already; the one before it ends with this batch.
        let (_, former) = engine.voters().at(batch.base_offset);
        let Some(former) = former else { return Ok(()) };
        for key in voters.keys().filter(|key| !former.is_voter(key)) {
            let mut disks = cluster.nodes.iter().filter_map(|node| node.disk_of(&key));
            let has_it = disks.any(|disk| disk.flushed > *start);
            holds(has_it, || format!("node {node} adds {key}, which lacks the record at {start}"))?;
        }
        Ok(())
    }
}
