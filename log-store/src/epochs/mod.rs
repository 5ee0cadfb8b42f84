//! Which leader epoch starts at which offset (`leader-epoch-checkpoint`, KIP-101).
//!
//! The file is not written with every new epoch but before the recovery point passes its start: what
//! lies behind the recovery point is found again in the batches, each of which carries its epoch.

mod file;

use std::io;

use crate::segment::names::Place;

pub(crate) use file::FILE_NAME;

/// One leader epoch and the first offset written in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEntry {
    /// The leader epoch.
    pub epoch: i32,
    /// The first offset of the epoch. Invariant: rises with the epoch.
    pub start_offset: i64,
}

/// The epochs of one partition, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    entries: Vec<EpochEntry>,
    /// Whether the file differs.
    dirty: bool,
}

impl Epochs {
    /// Reads the file of a partition. `None` if it is damaged: the epochs are then in the batches.
    ///
    /// # Errors
    /// A disk error; a missing file is an empty list.
    pub(crate) fn load(place: &Place) -> io::Result<Option<Epochs>> {
        let Some(entries) = file::read(place)? else {
            return Ok(None);
        };
        let mut epochs = Epochs::default();
        entries.into_iter().for_each(|entry| epochs.assign(entry.epoch, entry.start_offset));
        epochs.dirty = false;
        Ok(Some(epochs))
    }

    /// Whether the file differs.
    pub(crate) fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// The bytes of the file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        file::encode(&self.entries)
    }

    /// Notes that the file is as `saved` was.
    pub(crate) fn mark_saved(&mut self, saved: &Epochs) {
        self.dirty &= self.entries != saved.entries;
    }

    /// The epochs, oldest first.
    pub fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    /// The latest epoch.
    pub fn latest(&self) -> Option<EpochEntry> {
        self.entries.last().copied()
    }

    /// The earliest epoch that is still in the log.
    pub fn earliest(&self) -> Option<EpochEntry> {
        self.entries.first().copied()
    }

    /// Notes that `epoch` starts at `start_offset`. Entries it contradicts (as late or as new) go.
    pub(crate) fn assign(&mut self, epoch: i32, start_offset: i64) {
        assert!(epoch >= 0 && start_offset >= 0, "epochs and offsets are not negative");
        if self.latest().is_some_and(|last| last.epoch == epoch && last.start_offset <= start_offset) {
            return;
        }
        while self.latest().is_some_and(|last| last.epoch >= epoch || last.start_offset >= start_offset) {
            self.entries.pop();
        }
        self.entries.push(EpochEntry { epoch, start_offset });
        self.dirty = true;
    }

    /// Notes the epoch of a batch that is in the log, if it is a later one.
    pub(crate) fn assign_if_later(&mut self, epoch: i32, start_offset: i64) {
        if epoch >= 0 && self.latest().is_none_or(|last| epoch > last.epoch) {
            self.assign(epoch, start_offset);
        }
    }

    /// Drops epochs that start at or behind `end_offset`.
    pub(crate) fn truncate_from_end(&mut self, end_offset: i64) {
        let kept = self.entries.partition_point(|entry| entry.start_offset < end_offset);
        self.dirty |= kept < self.entries.len();
        self.entries.truncate(kept);
    }

    /// Drops epochs that end at or before `start_offset` and moves the start of the first to it.
    pub(crate) fn truncate_from_start(&mut self, start_offset: i64) {
        let before = self.entries.partition_point(|entry| entry.start_offset <= start_offset);
        if let Some(covering) = before.checked_sub(1) {
            self.dirty |= covering > 0 || self.entries[covering].start_offset != start_offset;
            self.entries[covering].start_offset = start_offset;
            self.entries.drain(..covering);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.dirty |= !self.entries.is_empty();
        self.entries.clear();
    }

    /// The epoch in which `offset` was written.
    pub fn epoch_for_offset(&self, offset: i64) -> Option<i32> {
        let before = self.entries.partition_point(|entry| entry.start_offset <= offset);
        before.checked_sub(1).map(|index| self.entries[index].epoch)
    }

    /// The largest epoch at or below `epoch` that is known, and where it ends (KIP-320): the answer to
    /// OffsetForLeaderEpoch. `None` for an epoch that is later than all, or without any.
    pub fn end_offset_for(&self, epoch: i32, log_end: i64) -> Option<(i32, i64)> {
        let latest = self.latest()?;
        if latest.epoch == epoch {
            return Some((epoch, log_end));
        }
        let higher = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let next = self.entries.get(higher)?;
        let found = higher.checked_sub(1).map_or(epoch, |index| self.entries[index].epoch);
        (epoch >= 0).then_some((found, next.start_offset))
    }
}

#[cfg(test)]
mod tests;
