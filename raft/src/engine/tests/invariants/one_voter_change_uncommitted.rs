//! Voter sets that follow each other differ in one voter, and at most one change is uncommitted in a log.

use std::rc::Rc;

use super::{Fact, Invariant, holds};
use crate::engine::VoterSet;
use crate::engine::tests::cluster::Cluster;
use crate::engine::tests::disk::Batch;

pub(super) struct OneVoterChangeUncommitted;

impl Invariant for OneVoterChangeUncommitted {
    fn name(&self) -> &'static str {
        "one voter change uncommitted"
    }

    fn check(&mut self, fact: &Fact<'_>, cluster: &Cluster) -> Result<(), String> {
        let Fact::Appended { node } = fact else { return Ok(()) };
        let disk = &cluster.nodes[*node].disk;
        if disk.batches.last().is_none_or(|batch| batch.voters().is_none()) {
            return Ok(());
        }
        let is_open = |batch: &&Rc<Batch>| !cluster.history.is_committed(batch.end(), batch.chain);
        let open: Vec<_> = disk.batches.iter().filter(is_open).filter_map(|batch| batch.voters()).collect();
        let committed =
            disk.batches.iter().rev().filter(|batch| !is_open(batch)).find_map(|batch| batch.voters());
        let before = committed.or_else(|| disk.snapshots.last()?.voters.as_ref()).or(disk.bootstrap.as_ref());
        let Some(before) = before else { return Ok(()) };
        let mut changes = 0;
        for (former, next) in std::iter::once(&before).chain(&open).zip(&open) {
            let difference = difference(former, next);
            holds(difference <= 1, || format!("node {node} goes from {former} to {next} at once"))?;
            changes += difference;
        }
        holds(changes <= 1, || format!("node {node} has {changes} uncommitted changes: {before} to {open:?}"))
    }
}

/// How many voters came or went; one that only described itself anew did neither.
fn difference(former: &VoterSet, next: &VoterSet) -> usize {
    let gone = former.keys().filter(|key| !next.is_voter(key)).count();
    gone + next.keys().filter(|key| !former.is_voter(key)).count()
}
