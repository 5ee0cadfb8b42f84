//! What the engine knows of the log: ends, epochs and snapshots, never bytes.

use std::collections::BTreeSet;

use super::types::OffsetAndEpoch;

/// The answer to "does a log that ends at (offset, epoch) continue into ours?" (KIP-595, KIP-630).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Continuation {
    /// Yes: records from this offset on may follow.
    Valid,
    /// No: the largest common epoch ends here in our log.
    Diverging(OffsetAndEpoch),
    /// Our log no longer reaches back so far; this snapshot does.
    Snapshot(OffsetAndEpoch),
}

/// The log as the engine has ordered it: effects already emitted count as done, `flushed` counts
/// only what the executor reported.
///
/// Invariant: `start ≤ flushed ≤ end`; epochs and their first offsets rise strictly.
#[derive(Clone, Debug, Default)]
pub struct LogView {
    start: i64,
    flushed: i64,
    end: i64,
    /// (epoch, offset of its first record).
    epochs: Vec<(i32, i64)>,
    /// Ids by offset; the newest is the last.
    snapshots: BTreeSet<(i64, i32)>,
}

impl LogView {
    /// A log that is wholly durable, as it is after opening.
    ///
    /// `epochs` are (epoch, first offset) of the leader-epoch file, `snapshots` the ids on disk.
    #[must_use]
    pub fn recovered(
        start: i64,
        end: i64,
        epochs: Vec<(i32, i64)>,
        snapshots: impl IntoIterator<Item = OffsetAndEpoch>,
    ) -> Self {
        let snapshots = snapshots.into_iter().map(|id| (id.offset, id.epoch)).collect();
        let view = Self { start, flushed: end, end, epochs, snapshots };
        view.validate();
        view
    }

    /// First offset that the log still holds.
    #[must_use]
    pub fn start(&self) -> i64 {
        self.start
    }

    /// Exclusive end of what survives a crash.
    #[must_use]
    pub fn flushed(&self) -> i64 {
        self.flushed
    }

    /// Exclusive end of the log.
    #[must_use]
    pub fn end(&self) -> i64 {
        self.end
    }

    /// End and epoch of the last record, or of the snapshot that the log begins with.
    #[must_use]
    pub fn end_and_epoch(&self) -> OffsetAndEpoch {
        let epoch = self.epochs.last().map_or_else(|| self.start_epoch(), |(epoch, _)| *epoch);
        OffsetAndEpoch::new(self.end, epoch)
    }

    /// The newest snapshot.
    #[must_use]
    pub fn latest_snapshot(&self) -> Option<OffsetAndEpoch> {
        self.snapshots.last().map(|(offset, epoch)| OffsetAndEpoch::new(*offset, *epoch))
    }

    fn earliest_snapshot(&self) -> Option<OffsetAndEpoch> {
        self.snapshots.first().map(|(offset, epoch)| OffsetAndEpoch::new(*offset, *epoch))
    }

    /// Epoch of the record before the log's first.
    fn start_epoch(&self) -> i32 {
        self.snapshots.iter().find(|(offset, _)| *offset == self.start).map_or(0, |(_, epoch)| *epoch)
    }

    /// A batch of `epoch` was put at the end.
    pub(crate) fn append(&mut self, end: i64, epoch: i32) {
        assert!(end > self.end, "a batch holds at least one record");
        let last = self.end_and_epoch().epoch;
        assert!(epoch >= last, "epochs never fall along the log");
        if self.epochs.last().is_none_or(|(last, _)| *last < epoch) {
            self.epochs.push((epoch, self.end));
        }
        self.end = end;
    }

    /// Everything before `end` has reached the disk.
    pub(crate) fn flushed_to(&mut self, end: i64) {
        assert!(end <= self.end, "the executor flushed what was never appended");
        self.flushed = self.flushed.max(end);
    }

    /// The tail from `end` on is gone.
    pub(crate) fn truncate_to(&mut self, end: i64) {
        assert!(end >= self.start && end <= self.end);
        self.epochs.retain(|(_, first)| *first < end);
        self.end = end;
        self.flushed = self.flushed.min(end);
    }

    /// The whole log gave way to a snapshot.
    pub(crate) fn restart_at(&mut self, id: OffsetAndEpoch) {
        self.epochs.clear();
        self.snapshots = BTreeSet::from([(id.offset, id.epoch)]);
        self.start = id.offset;
        self.end = id.offset;
        self.flushed = id.offset;
    }

    /// A snapshot of this log became durable.
    pub(crate) fn add_snapshot(&mut self, id: OffsetAndEpoch) {
        self.snapshots.insert((id.offset, id.epoch));
    }

    /// Records and snapshots before `start` are gone; a snapshot that ends there remains.
    pub(crate) fn advance_start(&mut self, start: i64) {
        assert!(start >= self.start && start <= self.end);
        self.start = start;
        self.snapshots.retain(|(offset, _)| *offset >= start);
        let first_kept = self.epochs.iter().rposition(|(_, first)| *first <= start).unwrap_or(0);
        self.epochs.drain(..first_kept);
        if let Some(first) = self.epochs.first_mut() {
            first.1 = first.1.max(start);
        }
        if self.epochs.first().is_some_and(|(_, first)| *first >= self.end) {
            self.epochs.clear();
        }
    }

    /// The largest epoch not above `epoch`, and where it ends in this log.
    pub(crate) fn end_of_epoch(&self, epoch: i32) -> OffsetAndEpoch {
        let after = self.epochs.partition_point(|(candidate, _)| *candidate <= epoch);
        let end = self.epochs.get(after).map_or(self.end, |(_, first)| *first);
        match after.checked_sub(1) {
            Some(index) => OffsetAndEpoch::new(end, self.epochs[index].0),
            None => OffsetAndEpoch::new(self.start.min(end), self.start_epoch()),
        }
    }

    /// Whether a replica whose log ends at `offset` with a record of `epoch` may read on from here.
    pub(crate) fn continuation(&self, offset: i64, epoch: i32) -> Continuation {
        if offset == 0 {
            match self.latest_snapshot() {
                Some(id) if id != OffsetAndEpoch::BOOTSTRAP => return Continuation::Snapshot(id),
                _ if self.start == 0 => return Continuation::Valid,
                _ => {}
            }
        }
        if let (Some(earliest), Some(latest)) = (self.earliest_snapshot(), self.latest_snapshot()) {
            let at_start_of_other_epoch = offset == self.start && epoch != earliest.epoch && self.start > 0;
            if offset < self.start || at_start_of_other_epoch || epoch < earliest.epoch {
                return Continuation::Snapshot(latest);
            }
        }
        let end = self.end_of_epoch(epoch);
        if end.epoch != epoch || end.offset < offset {
            Continuation::Diverging(end)
        } else {
            Continuation::Valid
        }
    }

    /// Where to cut this log after a leader said that our common epoch ends at `diverging` in its log.
    pub(crate) fn truncation_point(&self, diverging: OffsetAndEpoch) -> i64 {
        let local = self.end_of_epoch(diverging.epoch);
        if local.epoch == diverging.epoch { local.offset.min(diverging.offset) } else { local.offset }
    }

    /// Checks the order of the ends and of the epochs.
    pub(crate) fn validate(&self) {
        assert!(self.start <= self.flushed, "log start {} > flushed {}", self.start, self.flushed);
        assert!(self.flushed <= self.end, "flushed {} > log end {}", self.flushed, self.end);
        assert!(self.epochs.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1), "epochs {:?}", self.epochs);
        assert!(self.epochs.last().is_none_or(|(_, first)| *first < self.end));
        assert!(self.snapshots.first().is_none_or(|(offset, _)| *offset >= self.start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> LogView {
        LogView::recovered(0, 30, vec![(1, 0), (3, 10), (4, 20)], [])
    }

    #[test]
    fn a_log_that_ends_inside_an_epoch_continues() {
        assert_eq!(view().continuation(15, 3), Continuation::Valid);
        assert_eq!(view().continuation(20, 3), Continuation::Valid);
        assert_eq!(view().continuation(30, 4), Continuation::Valid);
    }

    #[test]
    fn a_log_beyond_the_end_of_its_epoch_diverges_there() {
        assert_eq!(view().continuation(21, 3), Continuation::Diverging(OffsetAndEpoch::new(20, 3)));
        assert_eq!(view().continuation(12, 2), Continuation::Diverging(OffsetAndEpoch::new(10, 1)));
        assert_eq!(view().continuation(31, 9), Continuation::Diverging(OffsetAndEpoch::new(30, 4)));
    }

    #[test]
    fn truncation_finds_the_common_prefix() {
        assert_eq!(view().truncation_point(OffsetAndEpoch::new(12, 3)), 12);
        assert_eq!(view().truncation_point(OffsetAndEpoch::new(25, 3)), 20);
        assert_eq!(view().truncation_point(OffsetAndEpoch::new(12, 2)), 10);
    }

    #[test]
    fn a_replica_before_the_start_needs_the_snapshot() {
        let mut log = view();
        log.add_snapshot(OffsetAndEpoch::new(15, 3));
        log.advance_start(15);
        log.validate();
        let snapshot = Continuation::Snapshot(OffsetAndEpoch::new(15, 3));
        assert_eq!(log.continuation(0, 0), snapshot);
        assert_eq!(log.continuation(14, 3), snapshot);
        assert_eq!(log.continuation(15, 1), snapshot);
        assert_eq!(log.continuation(15, 3), Continuation::Valid);
        assert_eq!(log.end_of_epoch(3), OffsetAndEpoch::new(20, 3));
    }

    #[test]
    fn an_empty_log_behind_a_snapshot_ends_in_the_snapshots_epoch() {
        let mut log = view();
        log.restart_at(OffsetAndEpoch::new(50, 7));
        log.validate();
        assert_eq!(log.end_and_epoch(), OffsetAndEpoch::new(50, 7));
        assert_eq!(log.continuation(50, 7), Continuation::Valid);
        assert_eq!(log.continuation(50, 6), Continuation::Snapshot(OffsetAndEpoch::new(50, 7)));
    }

    #[test]
    fn the_bootstrap_snapshot_is_never_offered() {
        let mut log = LogView::default();
        log.add_snapshot(OffsetAndEpoch::BOOTSTRAP);
        assert_eq!(log.continuation(0, 0), Continuation::Valid);
    }
}
