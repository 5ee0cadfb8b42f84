//! When the image is written down, and how.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use raft::OffsetAndEpoch;

use super::quorum::{Quorum, SnapshotSink};
use crate::image::{MetadataImage, Provenance};
use crate::limits::SNAPSHOT_BATCH_RECORDS;

/// Decides when the next snapshot is due.
#[derive(Debug)]
pub(crate) struct SnapshotTrigger {
    /// `metadata.log.max.record.bytes.between.snapshots`.
    bytes_max: usize,
    /// `metadata.log.max.snapshot.interval.ms`; 0 has no limit.
    interval_ms: i64,
    bytes: usize,
    /// When the oldest record was written that no snapshot covers.
    oldest_ms: Option<i64>,
    is_writing: Arc<AtomicBool>,
}

impl SnapshotTrigger {
    pub(crate) fn new(bytes_max: usize, interval_ms: i64) -> Self {
        Self { bytes_max, interval_ms, bytes: 0, oldest_ms: None, is_writing: Arc::default() }
    }

    /// Counts a committed batch.
    pub(crate) fn count(&mut self, bytes: usize, append_ms: i64) {
        self.bytes += bytes;
        self.oldest_ms.get_or_insert(append_ms);
    }

    /// Everything so far is covered by a snapshot.
    pub(crate) fn covered(&mut self) {
        self.bytes = 0;
        self.oldest_ms = None;
    }

    /// Whether a snapshot is to be written now.
    pub(crate) fn is_due(&self, now_ms: i64) -> bool {
        let Some(oldest_ms) = self.oldest_ms else { return false };
        let is_old = self.interval_ms > 0 && now_ms.saturating_sub(oldest_ms) >= self.interval_ms;
        (self.bytes >= self.bytes_max || is_old) && !self.is_writing.load(Ordering::Acquire)
    }

    /// When a snapshot is due by age, in milliseconds of the Unix epoch.
    pub(crate) fn due_ms(&self) -> Option<i64> {
        (self.interval_ms > 0).then_some(self.oldest_ms?.saturating_add(self.interval_ms))
    }

    /// Begins to write a snapshot of `image`, on a thread of its own unless `inline`. The image is a value, so
    /// that nothing else waits for it.
    pub(crate) fn begin(&mut self, image: &MetadataImage, quorum: &dyn Quorum, now_ms: u64, inline: bool) {
        let Provenance { end_offset, epoch, append_ms } = image.provenance();
        self.covered();
        let end = OffsetAndEpoch::new(end_offset, epoch);
        let sink = match quorum.begin_snapshot(end, append_ms, now_ms as i64) {
            Ok(Some(sink)) => sink,
            Ok(None) => return,
            Err(error) => {
                tracing::error!(end_offset, epoch, %error, "a snapshot of the metadata cannot be written");
                return;
            }
        };
        let (image, is_writing) = (image.clone(), self.is_writing.clone());
        is_writing.store(true, Ordering::Release);
        let write = move || {
            match write_snapshot(&image, sink) {
                Ok(()) => tracing::info!(end_offset, epoch, "wrote a snapshot of the metadata"),
                Err(error) => tracing::error!(end_offset, epoch, %error, "a snapshot of the metadata failed"),
            }
            is_writing.store(false, Ordering::Release);
        };
        if inline {
            write();
        } else if std::thread::Builder::new().name("metadata-snapshot".into()).spawn(write).is_err() {
            self.is_writing.store(false, Ordering::Release);
            tracing::error!("no thread for a snapshot of the metadata");
        }
    }
}

fn write_snapshot(image: &MetadataImage, mut sink: Box<dyn SnapshotSink>) -> Result<(), String> {
    let mut batch = Vec::new();
    let mut outcome = Ok(());
    image.write(|record| {
        batch.push(record.to_bytes());
        if batch.len() >= SNAPSHOT_BATCH_RECORDS && outcome.is_ok() {
            outcome = sink.append(std::mem::take(&mut batch));
        }
    });
    outcome?;
    if !batch.is_empty() {
        sink.append(batch)?;
    }
    sink.freeze()
}
