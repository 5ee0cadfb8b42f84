//! What the cluster has committed, and who led it: what no node may ever contradict.

use std::collections::BTreeMap;

use super::node::Node;
use crate::engine::VoterSet;

/// A committed end.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine::tests) struct Commit {
    /// Epoch of the last record before it.
    pub(in crate::engine::tests) epoch: i32,
    /// Hash over everything before it.
    pub(in crate::engine::tests) chain: u64,
    /// Epoch of the leader that committed it first.
    pub(in crate::engine::tests) by_epoch: i32,
}

#[derive(Default)]
pub(in crate::engine::tests) struct History {
    pub(in crate::engine::tests) commits: BTreeMap<i64, Commit>,
    /// The newest committed voters; the configuration's until one is.
    pub(in crate::engine::tests) voters: VoterSet,
    /// Where each leader's epoch began.
    pub(in crate::engine::tests) epoch_starts: BTreeMap<i32, i64>,
}

impl History {
    pub(in crate::engine::tests) fn end(&self) -> i64 {
        self.commits.last_key_value().map_or(0, |(end, _)| *end)
    }

    pub(in crate::engine::tests) fn chain(&self, end: i64) -> Option<u64> {
        self.commits.get(&end).map(|commit| commit.chain)
    }

    pub(in crate::engine::tests) fn is_committed(&self, end: i64, chain: u64) -> bool {
        self.chain(end) == Some(chain)
    }

    /// The furthest end that leaders before `epoch` committed.
    pub(in crate::engine::tests) fn committed_before(&self, epoch: i32) -> Option<(i64, Commit)> {
        let mut commits = self.commits.iter().rev();
        commits.find(|(_, commit)| commit.by_epoch < epoch).map(|(end, commit)| (*end, *commit))
    }

    /// A node shows everything before `end` as committed.
    pub(super) fn extend(&mut self, node: &Node, end: i64) {
        let (known, by_epoch) = (self.end(), node.engine.as_ref().map_or(0, |engine| engine.leader().epoch));
        let news = node.disk.batches.iter().filter(|batch| batch.end() > known && batch.end() <= end);
        for batch in news {
            let commit = Commit { epoch: batch.epoch, chain: batch.chain, by_epoch };
            self.commits.insert(batch.end(), commit);
            if let Some(voters) = batch.voters() {
                self.voters = voters.clone();
            }
        }
    }
}
