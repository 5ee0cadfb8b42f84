//! Snapshots: written for the state machine, read into it.

use std::path::{Path, PathBuf};

use snapshot::{SnapshotError, SnapshotHeader, SnapshotId, SnapshotReader, SnapshotWriter};
use wire::batch::BatchView;

use super::handle::{Command, Handle};
use crate::engine::{KRAFT_VERSION_RECONFIG, OffsetAndEpoch};
use crate::limits;
use crate::protocol::records::voters_record;
use crate::state_machine::SnapshotRecords;

impl From<OffsetAndEpoch> for SnapshotId {
    fn from(end: OffsetAndEpoch) -> Self {
        Self { offset: end.offset, epoch: end.epoch }
    }
}

impl From<SnapshotId> for OffsetAndEpoch {
    fn from(id: SnapshotId) -> Self {
        Self { offset: id.offset, epoch: id.epoch }
    }
}

/// Why no snapshot was begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginSnapshotError {
    /// A snapshot holds committed records only.
    #[error("a snapshot that ends at {end} where {high_watermark:?} is committed")]
    NotCommitted {
        /// Asked for.
        end: OffsetAndEpoch,
        /// End of what is committed.
        high_watermark: Option<i64>,
    },
    /// The disk failed.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// A snapshot that is being written. Dropped before it is frozen it leaves nothing behind.
#[derive(Debug)]
pub struct SnapshotBuilder {
    handle: Handle,
    writer: SnapshotWriter,
    now_ms: i64,
}

impl SnapshotBuilder {
    pub(super) fn begin(
        handle: &Handle,
        end: OffsetAndEpoch,
        last_append_time_ms: i64,
        now_ms: i64,
    ) -> Result<Option<Self>, BeginSnapshotError> {
        let high_watermark = handle.high_watermark();
        if end.offset <= 0 || high_watermark.is_none_or(|committed| end.offset > committed) {
            return Err(BeginSnapshotError::NotCommitted { end, high_watermark });
        }
        let latest = handle.quorum_info().latest_snapshot;
        if latest.is_some_and(|id| id.offset >= end.offset) {
            return Ok(None);
        }
        let header = {
            let voters = handle.shared.voters.lock();
            let (kraft_version, set) = voters.at(end.offset);
            let is_dynamic = kraft_version >= KRAFT_VERSION_RECONFIG;
            SnapshotHeader {
                last_contained_log_timestamp: last_append_time_ms,
                kraft_version,
                voters: set.filter(|_| is_dynamic).map(voters_record),
            }
        };
        let writer = handle.shared.snapshots.create(end.into(), &header, now_ms)?;
        Ok(Some(Self { handle: handle.clone(), writer, now_ms }))
    }

    /// Adds encoded records. They may be reused on return; nothing is durable yet.
    ///
    /// # Errors
    /// [`SnapshotError::Io`]; the builder is then to be dropped.
    pub fn append(&mut self, records: &[Vec<u8>]) -> Result<(), SnapshotError> {
        records.iter().try_for_each(|record| self.writer.append(record, self.now_ms))
    }

    /// Completes the snapshot. It is durable on `Ok`; the driver hears of it and may cut the log behind.
    ///
    /// # Errors
    /// [`SnapshotError::Io`]; the snapshot then counts as not written.
    pub fn freeze(self) -> Result<OffsetAndEpoch, SnapshotError> {
        let id = self.writer.id().into();
        self.writer.freeze(self.now_ms)?;
        self.handle.send(Command::SnapshotFrozen(id));
        Ok(id)
    }
}

/// Shows a snapshot to the state machine. A fault ends it early and stays behind.
pub(super) struct LoadedSnapshot {
    reader: SnapshotReader,
    path: PathBuf,
    fault: Option<SnapshotError>,
}

impl LoadedSnapshot {
    pub(super) fn new(reader: SnapshotReader, directory: &Path) -> Self {
        let path = directory.join(reader.id().file_name());
        Self { reader, path, fault: None }
    }

    /// Whether all of it was shown.
    pub(super) fn finish(mut self) -> Result<(), SnapshotError> {
        while self.next_batch().is_some() {}
        self.fault.map_or(Ok(()), Err)
    }

    fn read_batch(&mut self) -> Result<Option<Vec<Vec<u8>>>, SnapshotError> {
        let Some(batch) = self.reader.next_batch()? else { return Ok(None) };
        match values(&batch) {
            Ok(values) => Ok(Some(values)),
            Err(fault) => {
                let (path, position) = (self.path.clone(), self.reader.position());
                Err(SnapshotError::Damaged { path, position, fault })
            }
        }
    }
}

fn values(batch: &BatchView<'_>) -> Result<Vec<Vec<u8>>, String> {
    let mut scratch = Vec::new();
    let records =
        batch.records(&mut scratch, limits::BATCH_RECORD_BYTES_MAX).map_err(|error| error.to_string())?;
    records
        .map(|record| match record {
            Ok(record) => Ok(record.value.unwrap_or_default().to_vec()),
            Err(error) => Err(error.to_string()),
        })
        .collect()
}

impl SnapshotRecords for LoadedSnapshot {
    fn id(&self) -> OffsetAndEpoch {
        self.reader.id().into()
    }

    fn last_append_time_ms(&self) -> i64 {
        self.reader.header().last_contained_log_timestamp
    }

    fn next_batch(&mut self) -> Option<Vec<Vec<u8>>> {
        if self.fault.is_some() {
            return None;
        }
        let batch = self.read_batch();
        batch.unwrap_or_else(|fault| {
            self.fault = Some(fault);
            None
        })
    }
}
