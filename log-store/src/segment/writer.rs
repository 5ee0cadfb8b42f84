//! Appending to the active segment.

use std::io::{self, IoSlice};
use std::sync::Arc;

use wire::batch::BatchHeader;

use super::Segment;
use super::names::Place;
use crate::index::{OffsetIndex, TimeIndex, TimestampOffset};
use crate::io::File;
use crate::log::LogConfig;

/// The one writer of the active segment. Bytes become visible to readers with [`SegmentWriter::publish`].
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    segment: Arc<Segment>,
    /// Where the next batch goes. Invariant: at least the published size.
    end: u64,
    /// Bytes since the last entry of the offset index.
    unindexed: u64,
    /// When the segment became the active one, ms: its age while it has no timestamps.
    created_ms: i64,
    jitter_ms: i64,
}

impl SegmentWriter {
    /// Continues a segment.
    pub(crate) fn new(segment: Arc<Segment>, config: &LogConfig, now_ms: i64) -> SegmentWriter {
        let jitter_ms = config.jitter_ms(segment.base_offset());
        SegmentWriter { end: segment.size(), segment, unindexed: 0, created_ms: now_ms, jitter_ms }
    }

    /// A new segment at `base_offset`; its file is made by the first write.
    pub(crate) fn create(place: &Arc<Place>, base_offset: i64, config: &LogConfig, now_ms: i64) -> Self {
        Self::new(Arc::new(Segment::new(place, base_offset, config.index_interval_bytes)), config, now_ms)
    }

    pub(crate) fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    /// Whether the segment must be sealed before a batch of `size` bytes that ends with `last_offset`
    /// and whose largest timestamp is `timestamp` (`segment.bytes`, `segment.ms`, full index, offset
    /// out of reach).
    pub(crate) fn is_full(
        &self,
        config: &LogConfig,
        batch: &BatchHeader<'_>,
        last_offset: i64,
        size: u64,
        now_ms: i64,
    ) -> io::Result<bool> {
        let out_of_reach = i32::try_from(last_offset - self.segment.base_offset()).is_err();
        if out_of_reach || self.end + size > u64::from(config.segment_bytes) {
            return Ok(true);
        }
        let (offsets, times) = self.segment.index_lengths()?;
        let index_full = offsets >= OffsetIndex::entries_max(config.segment_index_bytes)
            || times >= TimeIndex::entries_max(config.segment_index_bytes);
        let old = || {
            io::Result::Ok(self.age_ms(batch.max_timestamp(), now_ms)? > config.segment_ms - self.jitter_ms)
        };
        Ok(index_full || (self.end > 0 && old()?))
    }

    /// How old the segment is: by the timestamps of its first batch and the coming one, else by the clock.
    fn age_ms(&self, timestamp: i64, now_ms: i64) -> io::Result<i64> {
        match self.segment.first_timestamp()? {
            Some(first) if first >= 0 => Ok(timestamp.saturating_sub(first)),
            _ => Ok(now_ms.saturating_sub(self.created_ms)),
        }
    }

    /// Writes whole batches behind the last and returns where they begin. Not yet visible, not durable.
    ///
    /// # Errors
    /// A disk error; any part of the bytes may be in the file, behind the published end.
    pub(crate) fn write(&mut self, slices: &[IoSlice<'_>], size: u64) -> io::Result<u64> {
        let file = self.ensure_file()?;
        let position = self.end;
        file.write_at(slices, position)?;
        self.end += size;
        Ok(position)
    }

    /// The segment's file, made if it is not there yet.
    pub(crate) fn ensure_file(&self) -> io::Result<Arc<dyn File>> {
        if self.segment.has_file() { self.segment.file() } else { self.segment.create_file() }
    }

    /// Takes a written batch into the indexes.
    pub(crate) fn index(&mut self, batch: &BatchHeader<'_>, position: u64) -> io::Result<()> {
        let mut largest = self.segment.largest_timestamp()?;
        if batch.max_timestamp() > largest.timestamp {
            largest = TimestampOffset { timestamp: batch.max_timestamp(), offset: batch.last_offset() };
            *self.segment.largest.lock() = Some(largest);
        }
        if position == 0 {
            *self.segment.first_timestamp.lock() = Some(batch.max_timestamp());
        }
        if self.unindexed > u64::from(self.segment.index_interval) {
            self.segment.offsets.push(batch.last_offset(), position)?;
            self.segment.times.push_if_later(largest)?;
            self.unindexed = 0;
        }
        self.unindexed += batch.size() as u64;
        Ok(())
    }

    /// Lets readers see all that was written.
    pub(crate) fn publish(&self) {
        self.segment.publish(self.end);
    }

    /// Ends the segment: its largest timestamp goes into the time index, both indexes into their files.
    /// Nothing is durable yet.
    pub(crate) fn seal(&self) -> io::Result<()> {
        if !self.segment.has_file() {
            return Ok(());
        }
        let largest = self.segment.largest_timestamp()?;
        if largest.timestamp >= 0 {
            self.segment.times.push_if_later(largest)?;
        }
        self.segment.offsets.spill()?;
        self.segment.times.spill()
    }

    /// Cuts the segment before the batch that holds `offset`. Returns the offset after the last batch left.
    pub(crate) fn truncate_to(&mut self, offset: i64, now_ms: i64) -> io::Result<i64> {
        let Some(cut) = self.segment.find(offset)? else {
            return self.segment.next_offset();
        };
        self.segment.index_lengths()?;
        self.segment.publish(cut.position);
        self.segment.file()?.truncate(cut.position)?;
        self.segment.offsets.truncate_to(cut.base_offset)?;
        self.segment.times.truncate_to(cut.base_offset)?;
        self.segment.txns.truncate_to(cut.base_offset)?;
        self.end = cut.position;
        self.unindexed = 0;
        if self.end == 0 {
            self.created_ms = now_ms;
            *self.segment.first_timestamp.lock() = None;
        }
        self.reload_largest()?;
        self.segment.next_offset()
    }

    /// The largest timestamp once the tail is gone: that of the time index or of the batches behind it.
    fn reload_largest(&self) -> io::Result<()> {
        let mut largest = self.segment.times.last()?;
        let mut scan = self.segment.scan(self.segment.offsets.lookup(largest.offset)?.position)?;
        while let Some(batch) = scan.next()? {
            let header = batch.header();
            if header.max_timestamp() > largest.timestamp {
                largest = TimestampOffset { timestamp: header.max_timestamp(), offset: header.last_offset() };
            }
        }
        *self.segment.largest.lock() = Some(largest);
        Ok(())
    }
}
