//! One simulated node's disk: what is written, and what of it a crash leaves.

use std::rc::Rc;

use wire::Uuid;

use crate::engine::{ControlRecord, ElectionState, LogView, OffsetAndEpoch, VoterHistory, VoterSet};

/// A batch of the simulated log. The content is a number that is unique in the run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) base_offset: i64,
    pub(super) count: i64,
    pub(super) epoch: i32,
    pub(super) content: u64,
    pub(super) control: Vec<ControlRecord>,
    /// Hash of this batch and all before it: equal chains mean equal logs.
    pub(super) chain: u64,
}

impl Batch {
    pub(super) fn end(&self) -> i64 {
        self.base_offset + self.count
    }

    pub(super) fn voters(&self) -> Option<&VoterSet> {
        self.control.iter().rev().find_map(|record| match record {
            ControlRecord::Voters(voters) => Some(voters),
            _ => None,
        })
    }
}

/// A snapshot stands for all batches before its end.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) id: OffsetAndEpoch,
    pub(super) chain: u64,
    pub(super) kraft_version: i16,
    pub(super) voters: Option<VoterSet>,
}

/// Files of a node: quorum state, log, snapshots.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    pub(super) directory_id: Uuid,
    pub(super) election: Option<ElectionState>,
    pub(super) start: i64,
    pub(super) batches: Vec<Rc<Batch>>,
    pub(super) flushed: i64,
    pub(super) snapshots: Vec<Snapshot>,
    /// The voters that formatting wrote.
    pub(super) bootstrap: Option<VoterSet>,
}

impl Disk {
    pub(super) fn formatted(directory_id: Uuid, bootstrap: Option<VoterSet>) -> Self {
        Self { directory_id, bootstrap, ..Self::default() }
    }

    pub(super) fn end(&self) -> i64 {
        self.batches.last().map_or(self.start, |batch| batch.end())
    }

    pub(super) fn append(&mut self, batch: Rc<Batch>) {
        assert_eq!(batch.base_offset, self.end(), "the log has no holes");
        self.batches.push(batch);
    }

    pub(super) fn truncate_to(&mut self, end: i64) {
        self.batches.retain(|batch| batch.end() <= end);
        assert_eq!(self.end(), end, "a cut lies between batches");
        self.flushed = self.flushed.min(end);
    }

    /// What of the tail was not flushed is lost, all of it or from some batch on.
    pub(super) fn crash(&mut self, surviving_tail: usize) {
        let flushed = self.flushed;
        let durable = self.batches.iter().filter(|batch| batch.end() <= flushed).count();
        self.batches.truncate(durable + surviving_tail);
        self.flushed = self.end();
    }

    pub(super) fn read(&self, from: i64, to: i64) -> Vec<Rc<Batch>> {
        let first = self.batches.partition_point(|batch| batch.base_offset < from);
        self.batches[first..].iter().filter(|batch| batch.end() <= to).take(10).cloned().collect()
    }

    fn snapshot_at(&self, end: i64) -> Option<&Snapshot> {
        self.snapshots.iter().find(|snapshot| snapshot.id.offset == end)
    }

    /// The hash over everything before `end`; `None` when no batch ends there.
    pub(super) fn chain_at(&self, end: i64) -> Option<u64> {
        if end == 0 {
            return (self.start == 0).then_some(0);
        }
        let index = self.batches.binary_search_by_key(&end, |batch| batch.end());
        index.ok().map(|index| self.batches[index].chain).or_else(|| self.snapshot_at(end).map(|s| s.chain))
    }

    pub(super) fn epoch_before(&self, end: i64) -> i32 {
        let last = self.batches.iter().rev().find(|batch| batch.end() <= end);
        let snapshot = || self.snapshot_at(end).map(|snapshot| snapshot.id.epoch);
        last.map(|batch| batch.epoch).or_else(snapshot).unwrap_or(0)
    }

    pub(super) fn end_and_epoch(&self) -> OffsetAndEpoch {
        OffsetAndEpoch::new(self.end(), self.epoch_before(self.end()))
    }

    pub(super) fn advance_start(&mut self, start: i64) {
        self.batches.retain(|batch| batch.base_offset >= start);
        self.snapshots.retain(|snapshot| snapshot.id.offset >= start);
        self.start = start;
        self.flushed = self.flushed.max(start);
    }

    pub(super) fn install(&mut self, snapshot: Snapshot) {
        self.batches.clear();
        self.start = snapshot.id.offset;
        self.flushed = snapshot.id.offset;
        self.snapshots = vec![snapshot];
    }

    /// The engine's view of this log, as it is read at a start.
    pub(super) fn view(&self) -> LogView {
        let mut epochs: Vec<(i32, i64)> = Vec::new();
        for batch in &self.batches {
            if epochs.last().is_none_or(|(epoch, _)| *epoch < batch.epoch) {
                epochs.push((batch.epoch, batch.base_offset));
            }
        }
        let bootstrap = self.bootstrap.iter().filter(|_| self.start == 0).map(|_| OffsetAndEpoch::BOOTSTRAP);
        let snapshots = self.snapshots.iter().map(|snapshot| snapshot.id);
        LogView::recovered(self.start, self.end(), epochs, snapshots.chain(bootstrap))
    }

    /// The voters along this log, as they are read at a start.
    pub(super) fn voters(&self, configured: &VoterSet) -> VoterHistory {
        let mut history = VoterHistory::new(configured.clone());
        if let Some(snapshot) = self.snapshots.last() {
            history.load_snapshot(snapshot.id, snapshot.kraft_version, snapshot.voters.clone());
        } else if let Some(voters) = &self.bootstrap {
            history.load_snapshot(OffsetAndEpoch::BOOTSTRAP, 1, Some(voters.clone()));
        }
        let from = self.snapshots.last().map_or(0, |snapshot| snapshot.id.offset);
        for batch in self.batches.iter().filter(|batch| batch.base_offset >= from) {
            for (offset, record) in (batch.base_offset..).zip(&batch.control) {
                history.append(offset, record);
            }
        }
        history
    }
}
