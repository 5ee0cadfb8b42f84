//! Finding batches and records in a segment.

use std::io;

use wire::batch::BatchView;

use super::Segment;
use super::scan::ScannedBatch;
use crate::limits::DECOMPRESSED_BATCH_BYTES_MAX;

/// A batch of a segment, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FoundBatch {
    pub(crate) base_offset: i64,
    pub(crate) position: u64,
    pub(crate) size: u64,
}

impl From<&ScannedBatch> for FoundBatch {
    fn from(batch: &ScannedBatch) -> FoundBatch {
        let header = batch.header();
        FoundBatch { base_offset: header.base_offset(), position: batch.position, size: header.size() as u64 }
    }
}

/// A record found by its timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FoundRecord {
    pub(crate) timestamp: i64,
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
}

impl Segment {
    /// The batch that holds `offset`, or the first behind it; `None` when all lie before it.
    pub(crate) fn find(&self, offset: i64) -> io::Result<Option<FoundBatch>> {
        self.with_index_rebuilt(|| {
            let mut scan = self.scan(self.lookup(offset)?)?;
            while let Some(batch) = scan.next()? {
                if batch.header().last_offset() >= offset {
                    return Ok(Some(FoundBatch::from(&batch)));
                }
            }
            Ok(None)
        })
    }

    /// The first record at or behind `from` whose timestamp is at least `timestamp`.
    pub(crate) fn find_by_time(&self, timestamp: i64, from: i64) -> io::Result<Option<FoundRecord>> {
        self.with_index_rebuilt(|| {
            let start = self.times.lookup(timestamp)?.offset.max(from);
            let mut scan = self.scan(self.lookup(start)?)?;
            while let Some(batch) = scan.next()? {
                if batch.header().max_timestamp() < timestamp {
                    continue;
                }
                let found = self.find_record(&batch, |t, offset| t >= timestamp && offset >= from)?;
                if found.is_some() {
                    return Ok(found);
                }
            }
            Ok(None)
        })
    }

    /// The first record that has the largest timestamp of the segment.
    pub(crate) fn find_largest(&self) -> io::Result<Option<FoundRecord>> {
        let largest = self.largest_timestamp()?;
        self.with_index_rebuilt(|| {
            let mut scan = self.scan(self.lookup(largest.offset)?)?;
            while let Some(batch) = scan.next()? {
                if batch.header().max_timestamp() == largest.timestamp {
                    return self.find_record(&batch, |timestamp, _| timestamp == largest.timestamp);
                }
            }
            Ok(None)
        })
    }

    /// The first record of a batch that `wanted` takes by timestamp and offset.
    fn find_record(
        &self,
        batch: &ScannedBatch,
        wanted: impl Fn(i64, i64) -> bool,
    ) -> io::Result<Option<FoundRecord>> {
        let mut bytes = vec![0; batch.header().size()];
        self.file()?.read_exact_at(&mut bytes, batch.position)?;
        let view = BatchView::parse(&bytes).map_err(io::Error::other)?;
        let mut scratch = Vec::new();
        let records = view.records(&mut scratch, DECOMPRESSED_BATCH_BYTES_MAX).map_err(io::Error::other)?;
        for record in records {
            let record = record.map_err(io::Error::other)?;
            if wanted(record.timestamp, record.offset) {
                let leader_epoch = view.leader_epoch();
                let (timestamp, offset) = (record.timestamp, record.offset);
                return Ok(Some(FoundRecord { timestamp, offset, leader_epoch }));
            }
        }
        Ok(None)
    }
}
