//! The offset index: where to start looking for an offset.

use std::io;
use std::sync::Arc;

use super::entries::{Entries, Entry};
use crate::io::File;
use crate::segment::names::{FileKind, Place};

/// A batch's last offset and its position in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OffsetPosition {
    pub(crate) offset: i64,
    pub(crate) position: u64,
}

/// As in the file, both numbers big-endian.
#[derive(Clone, Copy, Debug)]
struct OffsetEntry {
    relative: i32,
    position: i32,
}

impl Entry for OffsetEntry {
    const SIZE: usize = 8;

    fn read(bytes: &[u8]) -> Self {
        let (relative, position) = bytes.split_at(4);
        let number = |bytes: &[u8]| i32::from_be_bytes(bytes.try_into().expect("4 bytes"));
        OffsetEntry { relative: number(relative), position: number(position) }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.relative.to_be_bytes());
        out.extend_from_slice(&self.position.to_be_bytes());
    }

    fn may_follow(&self, previous: &Self) -> bool {
        self.relative > previous.relative && self.position > previous.position && previous.relative >= 0
    }

    fn lies_within(&self, size: u64) -> bool {
        self.relative >= 0 && u64::try_from(self.position).is_ok_and(|position| position < size)
    }
}

/// Offset index of one segment.
#[derive(Debug)]
pub(crate) struct OffsetIndex(Entries<OffsetEntry>);

impl OffsetIndex {
    pub(crate) fn existing(place: Arc<Place>, base_offset: i64, segment_size: u64) -> OffsetIndex {
        OffsetIndex(Entries::existing(place, FileKind::OffsetIndex, base_offset, segment_size))
    }

    pub(crate) fn new(place: Arc<Place>, base_offset: i64) -> OffsetIndex {
        OffsetIndex(Entries::new(place, FileKind::OffsetIndex, base_offset))
    }

    /// Entries that fit into a file of `segment.index.bytes`.
    pub(crate) fn entries_max(index_bytes: u32) -> usize {
        index_bytes as usize / OffsetEntry::SIZE
    }

    pub(crate) fn len(&self) -> io::Result<usize> {
        self.0.len()
    }

    /// Where to start scanning for `offset`: the last batch known to end at or before it, or the start.
    pub(crate) fn lookup(&self, offset: i64) -> io::Result<OffsetPosition> {
        let base = self.0.base_offset();
        let share = |last: &OffsetEntry| (offset - base) as f64 / f64::from(last.relative.max(1));
        let found = self.0.last_before(share, |entry| base + i64::from(entry.relative) <= offset)?;
        Ok(found.map_or(OffsetPosition { offset: base, position: 0 }, |entry| self.resolve(entry)))
    }

    /// The last entry, or the start of the segment.
    pub(crate) fn last(&self) -> io::Result<OffsetPosition> {
        let last = self.0.last()?;
        Ok(last.map_or(OffsetPosition { offset: self.0.base_offset(), position: 0 }, |e| self.resolve(e)))
    }

    fn resolve(&self, entry: OffsetEntry) -> OffsetPosition {
        OffsetPosition {
            offset: self.0.base_offset() + i64::from(entry.relative),
            position: u64::from(entry.position.unsigned_abs()),
        }
    }

    /// Notes that the batch at `position` ends with `offset`.
    ///
    /// # Panics
    /// If either is too far for 31 bits; the segment is rolled before that.
    pub(crate) fn push(&self, offset: i64, position: u64) -> io::Result<()> {
        let relative =
            i32::try_from(offset - self.0.base_offset()).expect("rolled before the offset overflows");
        let position = i32::try_from(position).expect("a segment is below 2 GiB");
        self.0.push(OffsetEntry { relative, position })
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
