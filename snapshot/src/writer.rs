//! Writing a snapshot from records.

use std::path::Path;
use std::sync::Arc;

use log_store::io::Io;
use wire::batch::BatchBuilder;

use crate::control::{SnapshotHeader, footer_batch, header_batch};
use crate::limits::{BATCH_BYTES_TARGET, RECORD_BYTES_MAX};
use crate::part::PartFile;
use crate::{SnapshotError, SnapshotId};

/// Writes one snapshot, batch by batch, so that the caller can spread the work over many steps.
/// Dropped before [`SnapshotWriter::freeze`] it leaves nothing behind.
#[derive(Debug)]
pub struct SnapshotWriter {
    part: PartFile,
    /// Records not yet written. Invariant: its base offset follows the last batch written.
    batch: BatchBuilder,
    /// Offset of the next record inside the snapshot.
    next_offset: i64,
}

impl SnapshotWriter {
    pub(crate) fn create(
        io: &Arc<dyn Io>,
        directory: &Path,
        id: SnapshotId,
        header: &SnapshotHeader,
        now_ms: i64,
    ) -> Result<Self, SnapshotError> {
        Self::begin(PartFile::create(io, directory, id)?, header, now_ms)
    }

    pub(crate) fn begin(
        mut part: PartFile,
        header: &SnapshotHeader,
        now_ms: i64,
    ) -> Result<Self, SnapshotError> {
        part.append(&header_batch(header, part.id().epoch, now_ms))?;
        let controls = 1 + i64::from(header.kraft_version > 0) + i64::from(header.voters.is_some());
        let batch = BatchBuilder::new(controls).leader_epoch(part.id().epoch);
        Ok(Self { part, batch, next_offset: controls })
    }

    /// Which snapshot this becomes.
    #[must_use]
    pub fn id(&self) -> SnapshotId {
        self.part.id()
    }

    /// Bytes written so far; records of the open batch are not counted.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.part.size()
    }

    /// Adds one encoded record (frame version, api key, version, body). The bytes may be reused on
    /// return; nothing is durable before [`SnapshotWriter::freeze`].
    ///
    /// # Errors
    /// [`SnapshotError::Io`]; the snapshot is then to be dropped.
    ///
    /// # Panics
    /// When a record is larger than [`RECORD_BYTES_MAX`], which no metadata record can be.
    pub fn append(&mut self, record: &[u8], now_ms: i64) -> Result<(), SnapshotError> {
        assert!(record.len() <= RECORD_BYTES_MAX, "a record of {} bytes", record.len());
        self.batch.push(now_ms, None, Some(record), &[]);
        self.next_offset += 1;
        if self.batch.size() >= BATCH_BYTES_TARGET { self.close_batch() } else { Ok(()) }
    }

    /// Completes the snapshot: footer, flush, mode 0400, final name, directory sync. Durable under
    /// its final name on `Ok`, which gives the length in bytes.
    ///
    /// # Errors
    /// [`SnapshotError::Io`]. Unless it was the last step that failed, the snapshot is gone.
    pub fn freeze(mut self, now_ms: i64) -> Result<u64, SnapshotError> {
        self.close_batch()?;
        self.part.append(&footer_batch(self.next_offset, self.part.id().epoch, now_ms))?;
        self.part.freeze()
    }

    fn close_batch(&mut self) -> Result<(), SnapshotError> {
        if self.batch.record_count() == 0 {
            return Ok(());
        }
        let next = BatchBuilder::new(self.next_offset).leader_epoch(self.part.id().epoch);
        let full = std::mem::replace(&mut self.batch, next);
        self.part.append(&full.build())
    }
}
