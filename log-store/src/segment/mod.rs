//! One segment: a file of batches and its indexes.
//!
//! ```text
//! SegmentWriter  appends to the active segment, keeps its indexes
//!      │ shares
//!   Segment      what readers see: published size, indexes, largest timestamp
//!      │
//!   scan         batch headers one after the other; recover: whole batches with their checksums
//! ```

pub(crate) mod names;
pub(crate) mod recover;
pub(crate) mod scan;
mod search;
pub(crate) mod writer;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use wire::batch::NO_TIMESTAMP;

use crate::index::{OffsetIndex, TimeIndex, TimestampOffset, TxnIndex};
use crate::io::{CachedFile, File};
use names::{FileKind, Place};
use scan::HeaderScan;

pub(crate) use search::{FoundBatch, FoundRecord};

/// One segment, shared by the writer and any number of readers.
#[derive(Debug)]
pub(crate) struct Segment {
    place: Arc<Place>,
    base_offset: i64,
    /// Bytes of batches between two index entries.
    index_interval: u32,
    /// Bytes that readers may see. Invariant: ends at the end of a batch.
    size: AtomicU64,
    file: Mutex<Option<CachedFile>>,
    /// Set when the segment left the log: its indexes are not built anew any more.
    retired: AtomicBool,
    /// Set once an offset index without entries has been compared with the batches.
    emptiness_checked: AtomicBool,
    offsets: OffsetIndex,
    times: TimeIndex,
    txns: TxnIndex,
    /// Largest timestamp and where it is; absent until first asked for.
    largest: Mutex<Option<TimestampOffset>>,
    /// Timestamp of the first batch; absent until first asked for.
    first_timestamp: Mutex<Option<i64>>,
}

impl Segment {
    /// A segment found on disk, `size` bytes long.
    pub(crate) fn existing(
        place: &Arc<Place>,
        base_offset: i64,
        size: u64,
        has_txn_index: bool,
        index_interval: u32,
    ) -> Segment {
        Segment {
            offsets: OffsetIndex::existing(Arc::clone(place), base_offset, size),
            times: TimeIndex::existing(Arc::clone(place), base_offset, size),
            txns: TxnIndex::existing(Arc::clone(place), base_offset, has_txn_index),
            place: Arc::clone(place),
            base_offset,
            index_interval,
            size: AtomicU64::new(size),
            file: Mutex::new(None),
            retired: AtomicBool::new(false),
            emptiness_checked: AtomicBool::new(false),
            largest: Mutex::new(None),
            first_timestamp: Mutex::new(None),
        }
    }

    /// A segment that has no file yet.
    pub(crate) fn new(place: &Arc<Place>, base_offset: i64, index_interval: u32) -> Segment {
        Segment {
            offsets: OffsetIndex::new(Arc::clone(place), base_offset),
            times: TimeIndex::new(Arc::clone(place), base_offset),
            txns: TxnIndex::new(Arc::clone(place), base_offset),
            place: Arc::clone(place),
            base_offset,
            index_interval,
            size: AtomicU64::new(0),
            file: Mutex::new(None),
            retired: AtomicBool::new(false),
            emptiness_checked: AtomicBool::new(true),
            largest: Mutex::new(Some(TimestampOffset { timestamp: NO_TIMESTAMP, offset: base_offset })),
            first_timestamp: Mutex::new(None),
        }
    }

    pub(crate) fn base_offset(&self) -> i64 {
        self.base_offset
    }

    /// Bytes that readers may see.
    pub(crate) fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    fn publish(&self, size: u64) {
        self.size.store(size, Ordering::Release);
    }

    /// The file of batches, opened when first needed.
    pub(crate) fn file(&self) -> io::Result<Arc<dyn File>> {
        let mut slot = self.file.lock();
        slot.get_or_insert_with(|| self.place.file(FileKind::Log, self.base_offset)).get()
    }

    /// Makes the file, and empties one that a crash left behind.
    fn create_file(&self) -> io::Result<Arc<dyn File>> {
        let create = || self.place.create(FileKind::Log, self.base_offset);
        let file = match create() {
            // The directory comes with the first file: an unused partition has none.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.place.io.create_dir_all(&self.place.dir())?;
                create()?
            }
            other => other?,
        };
        self.file.lock().insert(file).get()
    }

    /// Whether the segment has its file.
    pub(crate) fn has_file(&self) -> bool {
        self.size() > 0 || self.file.lock().is_some()
    }

    pub(crate) fn txns(&self) -> &TxnIndex {
        &self.txns
    }

    /// Batch headers from `position` to the published end.
    pub(crate) fn scan(&self, position: u64) -> io::Result<HeaderScan> {
        let end = self.size();
        if position >= end {
            return Ok(HeaderScan::empty());
        }
        Ok(HeaderScan::new(self.file()?, position, end))
    }

    /// The offset after the last batch; the base offset of an empty segment.
    pub(crate) fn next_offset(&self) -> io::Result<i64> {
        self.with_index_rebuilt(|| {
            let mut next = self.base_offset;
            let position = self.offsets.last()?.position;
            self.check_emptiness(position)?;
            if position > 0 && position >= self.size() {
                let reason = format!("an index that points to byte {position} of {}", self.size());
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            let mut scan = self.scan(position)?;
            while let Some(batch) = scan.next()? {
                next = batch.header().next_offset();
            }
            Ok(next)
        })
    }

    /// Where to start looking for `offset`.
    fn lookup(&self, offset: i64) -> io::Result<u64> {
        let position = self.offsets.lookup(offset)?.position;
        self.check_emptiness(position)?;
        Ok(position)
    }

    /// An index that knows no `position` behind the start is believed if no batch begins so far behind it
    /// that it would have got an entry.
    fn check_emptiness(&self, position: u64) -> io::Result<()> {
        if position > 0 || self.emptiness_checked.load(Ordering::Acquire) {
            return Ok(());
        }
        if self.offsets.len()? == 0 {
            let mut scan = self.scan(0)?;
            while let Some(batch) = scan.next()? {
                if batch.position > u64::from(self.index_interval) {
                    let reason = "an index without entries for many batches";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
                }
            }
        }
        self.emptiness_checked.store(true, Ordering::Release);
        Ok(())
    }

    /// Largest timestamp, ms, and the last offset of the batch that has it; [`NO_TIMESTAMP`] in a
    /// segment without timestamps.
    pub(crate) fn largest_timestamp(&self) -> io::Result<TimestampOffset> {
        if let Some(largest) = *self.largest.lock() {
            return Ok(largest);
        }
        let largest = self.with_index_rebuilt(|| {
            let largest = self.times.last()?;
            self.check_largest(largest)?;
            Ok(largest)
        })?;
        Ok(*self.largest.lock().get_or_insert(largest))
    }

    /// What a time index ends with must be the timestamp of the batch that it points to; an index without
    /// entries belongs to batches without timestamps.
    fn check_largest(&self, largest: TimestampOffset) -> io::Result<()> {
        let found = match largest.timestamp {
            NO_TIMESTAMP => self.first_timestamp()?.unwrap_or(NO_TIMESTAMP),
            _ => self.timestamp_at(largest.offset)?,
        };
        if found.max(NO_TIMESTAMP) == largest.timestamp {
            return Ok(());
        }
        let reason =
            format!("a time index that ends with {} where the batches have {found}", largest.timestamp);
        Err(io::Error::new(io::ErrorKind::InvalidData, reason))
    }

    /// Largest timestamp of the batch that holds `offset`, ms.
    fn timestamp_at(&self, offset: i64) -> io::Result<i64> {
        let mut scan = self.scan(self.lookup(offset)?)?;
        while let Some(batch) = scan.next()? {
            if batch.header().last_offset() >= offset {
                return Ok(batch.header().max_timestamp());
            }
        }
        Ok(NO_TIMESTAMP)
    }

    /// Timestamp that ages the segment for retention, ms: its largest, or when the file last changed.
    pub(crate) fn age_timestamp(&self) -> io::Result<i64> {
        match self.largest_timestamp()?.timestamp {
            timestamp if timestamp >= 0 => Ok(timestamp),
            _ => {
                let path = self.place.path(FileKind::Log, self.base_offset);
                self.place.io.metadata(&path).map(|metadata| metadata.modified_ms)
            }
        }
    }

    /// Largest timestamp of the first batch, ms, from which the age for a roll counts.
    pub(crate) fn first_timestamp(&self) -> io::Result<Option<i64>> {
        if let Some(timestamp) = *self.first_timestamp.lock() {
            return Ok(Some(timestamp));
        }
        let first = self.scan(0)?.next()?;
        let timestamp = first.map(|batch| batch.header().max_timestamp());
        *self.first_timestamp.lock() = timestamp;
        Ok(timestamp)
    }

    /// Entries of the offset and of the time index. Both are in good order afterwards.
    pub(crate) fn index_lengths(&self) -> io::Result<(usize, usize)> {
        self.with_index_rebuilt(|| Ok((self.offsets.len()?, self.times.len()?)))
    }

    /// Leader epoch of the first batch; -1 if there is none that can be read.
    pub(crate) fn first_leader_epoch(&self) -> io::Result<i32> {
        match self.scan(0)?.next() {
            Ok(first) => Ok(first.map_or(-1, |batch| batch.header().leader_epoch())),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(-1),
            Err(error) => Err(error),
        }
    }

    /// Files that a flush of the sealed segment covers.
    pub(crate) fn files(&self) -> io::Result<Vec<Arc<dyn File>>> {
        let indexes = [self.offsets.file()?, self.times.file()?, self.txns.file()?];
        let mut files = vec![self.file()?];
        files.extend(indexes.into_iter().flatten());
        Ok(files)
    }

    /// Runs `work`; when an index turns out to be damaged or missing, builds the indexes anew from the
    /// batches and runs it again.
    fn with_index_rebuilt<R>(&self, work: impl Fn() -> io::Result<R>) -> io::Result<R> {
        match work() {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::NotFound)
                    && !self.retired.load(Ordering::Acquire)
                    && !self.place.shared().is_retired() =>
            {
                tracing::warn!(dir = %self.place.dir().display(), segment = self.base_offset, %error,
                    "building the indexes of a segment anew");
                recover::rebuild_indexes(self)?;
                work()
            }
            other => other,
        }
    }

    /// Builds the offset and time index anew.
    pub(crate) fn rebuild_indexes(&self) -> io::Result<()> {
        recover::rebuild_indexes(self)
    }

    /// Removes the files of the segment.
    pub(crate) fn remove_files(&self) -> io::Result<()> {
        self.retired.store(true, Ordering::Release);
        for kind in FileKind::SEGMENT {
            self.place.remove_if_exists(&self.place.path(kind, self.base_offset))?;
        }
        Ok(())
    }

    /// Renames the files of the segment so that they are no longer part of the log, and returns their
    /// new names. A crash in between leaves files that the next start removes.
    pub(crate) fn mark_deleted(&self) -> io::Result<Vec<String>> {
        self.retired.store(true, Ordering::Release);
        let mut marked = Vec::new();
        for kind in FileKind::SEGMENT {
            let to = kind.deleted_name(self.base_offset);
            match self.rename(kind, to.clone()) {
                Ok(()) => marked.push(to),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(marked)
    }

    fn rename(&self, kind: FileKind, to: String) -> io::Result<()> {
        match kind {
            FileKind::Log => {
                let mut slot = self.file.lock();
                slot.get_or_insert_with(|| self.place.file(FileKind::Log, self.base_offset)).rename(to)
            }
            FileKind::OffsetIndex => self.offsets.rename(to),
            FileKind::TimeIndex => self.times.rename(to),
            FileKind::TxnIndex => self.txns.rename(to),
            FileKind::ProducerSnapshot => unreachable!("a segment has no such file"),
        }
    }
}
