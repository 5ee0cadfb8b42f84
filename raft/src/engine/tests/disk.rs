//! One simulated node's disk: what is written, and what of it a crash leaves.

use std::rc::Rc;

use crate::engine::{ControlRecord, ElectionState, LogView, OffsetAndEpoch};

/// A batch of the simulated log. The content is a number that is unique in the run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) base_offset: i64,
    pub(super) count: i64,
    pub(super) epoch: i32,
    pub(super) content: u64,
    pub(super) control: Vec<ControlRecord>,
}

impl Batch {
    pub(super) fn end(&self) -> i64 {
        self.base_offset + self.count
    }
}

/// A snapshot's content: all batches before its end.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) id: OffsetAndEpoch,
    pub(super) contents: Vec<u64>,
}

/// Files of a node: quorum state, log, snapshots.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    pub(super) election: Option<ElectionState>,
    pub(super) start: i64,
    pub(super) batches: Vec<Rc<Batch>>,
    pub(super) flushed: i64,
    pub(super) snapshots: Vec<Snapshot>,
}

impl Disk {
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
        let wanted = |batch: &&Rc<Batch>| batch.base_offset >= from && batch.end() <= to;
        self.batches.iter().filter(wanted).take(10).cloned().collect()
    }

    /// Contents of all batches before `end`, those in a snapshot included.
    pub(super) fn contents_before(&self, end: i64) -> Vec<u64> {
        let mut contents: Vec<u64> =
            match self.snapshots.iter().find(|snapshot| snapshot.id.offset == self.start) {
                Some(snapshot) => snapshot.contents.clone(),
                None => Vec::new(),
            };
        contents.extend(self.batches.iter().filter(|batch| batch.end() <= end).map(|batch| batch.content));
        contents
    }

    pub(super) fn epoch_before(&self, end: i64) -> i32 {
        let last = self.batches.iter().rev().find(|batch| batch.end() <= end);
        let snapshot = || self.snapshots.iter().find(|snapshot| snapshot.id.offset == end);
        last.map(|batch| batch.epoch).or_else(|| snapshot().map(|snapshot| snapshot.id.epoch)).unwrap_or(0)
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
        LogView::recovered(self.start, self.end(), epochs, self.snapshots.iter().map(|snapshot| snapshot.id))
    }
}
