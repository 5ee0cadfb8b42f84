//! `bootstrap.checkpoint`: the records that a new cluster's metadata begins with.
//!
//! It stands in each log directory, in the form of a snapshot at offset 0 and epoch 0.

use std::io::ErrorKind;
use std::path::Path;

use log_store::io::{Io, OpenMode, replace_file};
use wire::batch::BatchBuilder;

use crate::control::{SnapshotHeader, footer_batch, header_batch};
use crate::limits::BATCH_BYTES_TARGET;
use crate::{SnapshotError, SnapshotId, SnapshotReader};

/// Kafka's name of the file.
pub const BOOTSTRAP_FILE_NAME: &str = "bootstrap.checkpoint";

/// The records of `bootstrap.checkpoint` in a log directory; `None` when there is no such file.
///
/// # Errors
/// [`SnapshotError::Damaged`] or [`SnapshotError::Io`].
pub fn read_bootstrap(io: &dyn Io, directory: &Path) -> Result<Option<Vec<Vec<u8>>>, SnapshotError> {
    let path = directory.join(BOOTSTRAP_FILE_NAME);
    let file = match io.open(&path, OpenMode::Read) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(SnapshotError::io(&path))?,
    };
    let mut records = Vec::new();
    SnapshotReader::new(file, &path, SnapshotId::BOOTSTRAP)?.for_each_record(|record| {
        records.push(record.to_vec());
        Ok::<_, SnapshotError>(())
    })?;
    Ok(Some(records))
}

/// Writes `bootstrap.checkpoint` into a log directory. Durable on `Ok`; after a crash the old
/// file or the new one is there.
///
/// # Errors
/// [`SnapshotError::Io`].
///
/// # Panics
/// When the records take more than one batch holds: a cluster begins with a few features.
pub fn write_bootstrap(
    io: &dyn Io,
    directory: &Path,
    records: &[Vec<u8>],
    now_ms: i64,
) -> Result<(), SnapshotError> {
    let epoch = SnapshotId::BOOTSTRAP.epoch;
    let header = SnapshotHeader { last_contained_log_timestamp: 0, kraft_version: 0, voters: None };
    let mut bytes = header_batch(&header, epoch, now_ms);
    let mut batch = BatchBuilder::new(1).leader_epoch(epoch);
    for record in records {
        batch.push(now_ms, None, Some(record), &[]);
    }
    assert!(batch.size() <= BATCH_BYTES_TARGET, "{} bootstrap records", records.len());
    let next_offset = 1 + i64::from(batch.record_count());
    if batch.record_count() > 0 {
        bytes.extend(batch.build());
    }
    bytes.extend(footer_batch(next_offset, epoch, now_ms));
    let path = directory.join(BOOTSTRAP_FILE_NAME);
    replace_file(io, &path, &bytes).map_err(SnapshotError::io(&path))
}
