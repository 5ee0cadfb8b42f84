//! The time index: where to start looking for a timestamp.

use std::io;
use std::sync::Arc;

use wire::batch::NO_TIMESTAMP;

use super::entries::{Entries, Entry};
use crate::io::File;
use crate::segment::names::{FileKind, Place};

/// The largest timestamp of a stretch of a segment, ms, and the last offset of the batch it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimestampOffset {
    pub(crate) timestamp: i64,
    pub(crate) offset: i64,
}

/// As in the file, both numbers big-endian.
#[derive(Clone, Copy, Debug)]
struct TimeEntry {
    timestamp: i64,
    relative: i32,
}

impl Entry for TimeEntry {
    const SIZE: usize = 12;

    fn read(bytes: &[u8]) -> Self {
        let (timestamp, relative) = bytes.split_at(8);
        TimeEntry {
            timestamp: i64::from_be_bytes(timestamp.try_into().expect("8 bytes")),
            relative: i32::from_be_bytes(relative.try_into().expect("4 bytes")),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.extend_from_slice(&self.relative.to_be_bytes());
    }

    fn may_follow(&self, previous: &Self) -> bool {
        self.timestamp > previous.timestamp && self.relative >= previous.relative && previous.relative >= 0
    }

    fn lies_within(&self, _: u64) -> bool {
        self.relative >= 0 && self.timestamp >= 0
    }
}

/// Time index of one segment.
#[derive(Debug)]
pub(crate) struct TimeIndex(Entries<TimeEntry>);

impl TimeIndex {
    pub(crate) fn existing(place: Arc<Place>, base_offset: i64, segment_size: u64) -> TimeIndex {
        TimeIndex(Entries::existing(place, FileKind::TimeIndex, base_offset, segment_size))
    }

    pub(crate) fn new(place: Arc<Place>, base_offset: i64) -> TimeIndex {
        TimeIndex(Entries::new(place, FileKind::TimeIndex, base_offset))
    }

    /// Entries that fit into a file of `segment.index.bytes`; one place is kept for the roll.
    pub(crate) fn entries_max(index_bytes: u32) -> usize {
        (index_bytes as usize / TimeEntry::SIZE).saturating_sub(1)
    }

    pub(crate) fn len(&self) -> io::Result<usize> {
        self.0.len()
    }

    /// The last entry whose timestamp is at most `timestamp`; without one, the start of the segment.
    pub(crate) fn lookup(&self, timestamp: i64) -> io::Result<TimestampOffset> {
        // Nothing is known of how timestamps rise; the middle is as good as any guess.
        Ok(self.resolve(self.0.last_before(|_| 0.5, |entry| entry.timestamp <= timestamp)?))
    }

    /// The last entry, or [`NO_TIMESTAMP`] at the start of the segment.
    pub(crate) fn last(&self) -> io::Result<TimestampOffset> {
        Ok(self.resolve(self.0.last()?))
    }

    fn resolve(&self, entry: Option<TimeEntry>) -> TimestampOffset {
        let base = self.0.base_offset();
        entry.map_or(TimestampOffset { timestamp: NO_TIMESTAMP, offset: base }, |entry| TimestampOffset {
            timestamp: entry.timestamp,
            offset: base + i64::from(entry.relative),
        })
    }

    /// Notes the largest timestamp so far, unless the last entry has it already.
    pub(crate) fn push_if_later(&self, largest: TimestampOffset) -> io::Result<()> {
        if largest.timestamp <= self.last()?.timestamp {
            return Ok(());
        }
        let relative =
            i32::try_from(largest.offset - self.0.base_offset()).expect("offset within the segment");
        self.0.push(TimeEntry { timestamp: largest.timestamp, relative })
    }

    /// Keeps the entries before `offset`.
    pub(crate) fn truncate_to(&self, offset: i64) -> io::Result<()> {
        let base = self.0.base_offset();
        self.0.retain_prefix(|entry| base + i64::from(entry.relative) < offset)
    }

    pub(crate) fn spill(&self) -> io::Result<()> {
        self.0.spill()
    }

    pub(crate) fn reset(&self) -> io::Result<()> {
        self.0.reset()
    }

    pub(crate) fn file(&self) -> io::Result<Option<Arc<dyn File>>> {
        self.0.file()
    }

    /// Renames the file in its directory.
    pub(crate) fn rename(&self, to: String) -> io::Result<()> {
        self.0.rename(to)
    }
}
