//! Reading a segment back: every batch with its checksum, the indexes built anew.

use std::io;

use wire::batch::{BatchError, BatchHeader, BatchView};

use super::Segment;
use crate::index::TimestampOffset;
use crate::limits::SCAN_CHUNK_BYTES;

/// Rules by which index entries are made: as [`super::writer::SegmentWriter::index`] makes them.
#[derive(Debug)]
struct IndexBuilder<'a> {
    segment: &'a Segment,
    unindexed: u64,
    largest: TimestampOffset,
}

impl<'a> IndexBuilder<'a> {
    fn new(segment: &'a Segment) -> io::Result<Self> {
        segment.offsets.reset()?;
        segment.times.reset()?;
        let largest = TimestampOffset { timestamp: wire::batch::NO_TIMESTAMP, offset: segment.base_offset };
        Ok(IndexBuilder { segment, unindexed: 0, largest })
    }

    fn add(&mut self, header: &BatchHeader<'_>, position: u64) -> io::Result<()> {
        if header.max_timestamp() > self.largest.timestamp {
            self.largest =
                TimestampOffset { timestamp: header.max_timestamp(), offset: header.last_offset() };
        }
        if self.unindexed > u64::from(self.segment.index_interval) {
            self.segment.offsets.push(header.last_offset(), position)?;
            self.segment.times.push_if_later(self.largest)?;
            self.unindexed = 0;
        }
        self.unindexed += header.size() as u64;
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        if self.largest.timestamp >= 0 {
            self.segment.times.push_if_later(self.largest)?;
        }
        self.segment.offsets.spill()?;
        self.segment.times.spill()?;
        *self.segment.largest.lock() = Some(self.largest);
        Ok(())
    }
}

/// Builds the offset and time index of a segment from its headers, as far as they are good.
pub(super) fn rebuild_indexes(segment: &Segment) -> io::Result<()> {
    let mut builder = IndexBuilder::new(segment)?;
    let mut order = Order::new(segment);
    let mut scan = segment.scan(0)?;
    loop {
        match scan.next() {
            Ok(Some(batch)) if order.admit(&batch.header()).is_ok() => {
                builder.add(&batch.header(), batch.position)?;
            }
            Err(error) if error.kind() != io::ErrorKind::InvalidData => return Err(error),
            _ => return builder.finish(),
        }
    }
}

/// What is left of a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recovered {
    /// Bytes cut off.
    pub(crate) cut: u64,
    /// Leader epoch of its last batch, or -1.
    pub(crate) epoch: i32,
}

/// Reads every batch of a segment, checks it, builds the indexes anew and cuts the file behind the last
/// batch that is whole. `visit` sees each good batch; with `InvalidData` it says that the batch is none.
///
/// A batch is good if its header and checksum are, if it begins at or behind the end of the one before,
/// lies within reach of the base offset, and its leader epoch is not older: a header torn between its
/// first fields, which the checksum doesn't cover, is found that way.
///
/// # Errors
/// A disk error.
pub(crate) fn recover(
    segment: &Segment,
    mut visit: impl FnMut(&BatchView<'_>) -> io::Result<()>,
) -> io::Result<Recovered> {
    let mut builder = IndexBuilder::new(segment)?;
    segment.txns.reset()?;
    let mut order = Order::new(segment);
    let mut reader = BatchReader::new(segment, 0, segment.size());
    let valid = loop {
        let position = reader.position;
        let batch = match reader.next()? {
            Some(Ok(batch)) => batch,
            Some(Err(error)) => {
                warn_cut(segment, position, &error);
                break position;
            }
            None => break position,
        };
        if let Err(reason) = order.admit(&batch) {
            warn_cut(segment, position, &reason);
            break position;
        }
        match visit(&batch) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                warn_cut(segment, position, &error);
                break position;
            }
            visited => visited?,
        }
        builder.add(&batch, position)?;
    };
    let cut = segment.size() - valid;
    if cut > 0 {
        let file = segment.file()?;
        file.truncate(valid)?;
        // Durable at once: the recovery point may lie behind the cut before anything is flushed again.
        file.flush()?;
        segment.publish(valid);
    }
    builder.finish()?;
    Ok(Recovered { cut, epoch: order.epoch })
}

fn warn_cut(segment: &Segment, position: u64, reason: &dyn std::fmt::Display) {
    tracing::warn!(dir = %segment.place.dir().display(), segment = segment.base_offset, position, %reason,
        bytes = segment.size() - position, "cutting a segment at the first batch that is not whole");
}

/// What the batches of a segment owe each other.
#[derive(Debug)]
struct Order {
    base_offset: i64,
    next_offset: i64,
    epoch: i32,
}

impl Order {
    fn new(segment: &Segment) -> Order {
        Order { base_offset: segment.base_offset, next_offset: segment.base_offset, epoch: -1 }
    }

    fn admit(&mut self, batch: &BatchHeader<'_>) -> Result<(), String> {
        let (base, last) = (batch.base_offset(), batch.last_offset());
        if base < self.next_offset || last < base {
            return Err(format!("offsets {base} to {last} where {} is next", self.next_offset));
        }
        if i32::try_from(last - self.base_offset).is_err() {
            return Err(format!("offset {last} is out of the segment's reach"));
        }
        if (0..self.epoch).contains(&batch.leader_epoch()) {
            return Err(format!("leader epoch {} after {}", batch.leader_epoch(), self.epoch));
        }
        self.next_offset = last + 1;
        self.epoch = self.epoch.max(batch.leader_epoch());
        Ok(())
    }
}

/// Whole batches of a segment, read in large pieces.
#[derive(Debug)]
pub(crate) struct BatchReader<'a> {
    segment: &'a Segment,
    /// Position of the next batch.
    pub(crate) position: u64,
    end: u64,
    buffer: Vec<u8>,
    buffered_at: u64,
}

impl<'a> BatchReader<'a> {
    /// Batches from `position`, which must be the start of one, to `end`.
    pub(crate) fn new(segment: &'a Segment, position: u64, end: u64) -> Self {
        BatchReader { segment, position, end, buffer: Vec::new(), buffered_at: position }
    }

    /// The next batch with a good checksum; `Some(Err)` for one that is none, which also ends the reading.
    pub(crate) fn next(&mut self) -> io::Result<Option<Result<BatchView<'_>, BatchError>>> {
        if self.position >= self.end {
            return Ok(None);
        }
        let needed = match BatchView::parse(self.unread()) {
            Err(BatchError::Truncated { needed, .. }) => Some(needed),
            _ => None,
        };
        if let Some(needed) = needed {
            self.fill(needed)?;
            // The header is known now; the batch may be longer than what was read for it.
            if let Err(BatchError::Truncated { needed, .. }) = BatchView::parse(self.unread())
                && needed as u64 <= self.end - self.position
            {
                self.fill(needed)?;
            }
        }
        let start = self.start();
        Ok(Some(match BatchView::parse(&self.buffer[start..]) {
            Ok(batch) => {
                self.position += batch.size() as u64;
                batch.check_crc().map(|()| batch)
            }
            Err(error) => Err(error),
        }))
    }

    fn start(&self) -> usize {
        usize::try_from(self.position - self.buffered_at).expect("within the buffer")
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.start()..]
    }

    /// Reads from the position on: a large piece, or as much as a larger batch needs.
    fn fill(&mut self, needed: usize) -> io::Result<()> {
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        self.buffer.resize(needed.max(SCAN_CHUNK_BYTES).min(left), 0);
        let read = self.segment.file()?.read_at(&mut self.buffer, self.position)?;
        self.buffer.truncate(read);
        self.buffered_at = self.position;
        Ok(())
    }
}
