//! Reading a snapshot, every byte checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use log_store::io::File;
use wire::batch::{BatchHeader, BatchView, HEADER_SIZE};

use crate::control::{SnapshotHeader, is_footer, read_header};
use crate::limits::{BATCH_BYTES_MAX, BATCH_RECORDS_BYTES_MAX};
use crate::{SnapshotError, SnapshotId};

/// Reads a snapshot from front to back in bounded memory: one batch at a time.
///
/// Checked on the way: the checksum of every batch, offsets without a gap, the epoch, the header
/// at the front, the footer at the end and nothing behind it.
#[derive(Debug)]
pub struct SnapshotReader {
    file: Arc<dyn File>,
    path: PathBuf,
    id: SnapshotId,
    header: SnapshotHeader,
    size: u64,
    /// Where the next batch begins.
    position: u64,
    /// The offset it begins with.
    next_offset: i64,
    /// Set once the footer was read and checked.
    complete: bool,
    /// Holds the batch handed out last.
    buffer: Vec<u8>,
}

impl SnapshotReader {
    /// Begins to read; the header is checked.
    pub(crate) fn new(file: Arc<dyn File>, path: &Path, id: SnapshotId) -> Result<Self, SnapshotError> {
        let size = file.len().map_err(SnapshotError::io(path))?;
        let header = SnapshotHeader { last_contained_log_timestamp: 0, kraft_version: 0, voters: None };
        let mut reader = Self {
            file,
            path: path.to_owned(),
            id,
            header,
            size,
            position: 0,
            next_offset: 0,
            complete: false,
            buffer: Vec::new(),
        };
        reader.load_batch()?;
        let batch = reader.batch(0)?;
        reader.header = read_header(&batch).map_err(|fault| reader.damaged(0, fault))?;
        Ok(reader)
    }

    /// Which snapshot it is.
    #[must_use]
    pub fn id(&self) -> SnapshotId {
        self.id
    }

    /// What it says about itself.
    #[must_use]
    pub fn header(&self) -> &SnapshotHeader {
        &self.header
    }

    /// Length of the file in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes read so far, for a display of progress.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next batch of data; `None` only when the footer was found where it must be.
    ///
    /// # Errors
    /// [`SnapshotError::Damaged`] with the position of the batch, or [`SnapshotError::Io`].
    pub fn next_batch(&mut self) -> Result<Option<BatchView<'_>>, SnapshotError> {
        while !self.complete {
            let start = self.position;
            self.load_batch()?;
            let batch = self.batch(start)?;
            if !batch.is_control() {
                return self.batch(start).map(Some);
            }
            let is_footer = is_footer(&batch).map_err(|fault| self.damaged(start, fault))?;
            if is_footer && self.position < self.size {
                let fault = format!("{} bytes behind the footer", self.size - self.position);
                return Err(self.damaged(self.position, fault));
            }
            self.complete = is_footer;
        }
        Ok(None)
    }

    /// Gives the value of each remaining record to `visit`, in order.
    ///
    /// # Errors
    /// [`SnapshotError::Damaged`] or [`SnapshotError::Io`] as a `From`, or what `visit` returns.
    pub fn for_each_record<E: From<SnapshotError>>(
        &mut self,
        mut visit: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut scratch = Vec::new();
        loop {
            let start = self.position;
            let path = self.path.clone();
            let damaged = |fault: String| SnapshotError::Damaged { path, position: start, fault };
            let Some(batch) = self.next_batch()? else { return Ok(()) };
            let records = match batch.records(&mut scratch, BATCH_RECORDS_BYTES_MAX) {
                Ok(records) => records,
                Err(error) => return Err(damaged(error.to_string()).into()),
            };
            for record in records {
                match record {
                    Ok(record) => visit(record.value.unwrap_or_default())?,
                    Err(error) => return Err(damaged(error.to_string()).into()),
                }
            }
        }
    }

    /// Reads the rest, checks all of it and returns the number of records.
    ///
    /// # Errors
    /// As [`SnapshotReader::next_batch`]; also when a record is not laid out as it must be.
    pub fn verify(mut self) -> Result<u64, SnapshotError> {
        let mut count = 0;
        self.for_each_record(|_| {
            count += 1;
            Ok::<_, SnapshotError>(())
        })?;
        Ok(count)
    }

    /// Reads the batch at `position` into the buffer, checks it and moves behind it.
    fn load_batch(&mut self) -> Result<(), SnapshotError> {
        let start = self.position;
        let available = self.size - start;
        if available < HEADER_SIZE as u64 {
            let fault = match available {
                0 => "the file ends without a footer".to_owned(),
                _ => format!("expected a batch, got the last {available} bytes of the file"),
            };
            return Err(self.damaged(start, fault));
        }
        self.read(start, HEADER_SIZE)?;
        let header =
            BatchHeader::parse(&self.buffer).map_err(|error| self.damaged(start, error.to_string()))?;
        let size = header.size();
        if size > BATCH_BYTES_MAX || size as u64 > available {
            let fault = format!("a batch of {size} bytes, of which {available} are in the file");
            return Err(self.damaged(start, fault));
        }
        self.read(start, size)?;
        let batch = self.batch(start)?;
        let next_offset = self.check(&batch).map_err(|fault| self.damaged(start, fault))?;
        self.position += size as u64;
        self.next_offset = next_offset;
        Ok(())
    }

    /// The offset that follows the batch.
    fn check(&self, batch: &BatchView<'_>) -> Result<i64, String> {
        batch.check_crc().map_err(|error| error.to_string())?;
        if batch.base_offset() != self.next_offset {
            return Err(format!("expected offset {}, got {}", self.next_offset, batch.base_offset()));
        }
        if batch.leader_epoch() != self.id.epoch {
            return Err(format!("expected epoch {}, got {}", self.id.epoch, batch.leader_epoch()));
        }
        if batch.record_count() < 1 || batch.record_count() - 1 != batch.last_offset_delta() {
            let (count, delta) = (batch.record_count(), batch.last_offset_delta());
            return Err(format!("{count} records up to offset delta {delta}"));
        }
        Ok(batch.next_offset())
    }

    fn batch(&self, start: u64) -> Result<BatchView<'_>, SnapshotError> {
        BatchView::parse(&self.buffer).map_err(|error| self.damaged(start, error.to_string()))
    }

    fn read(&mut self, start: u64, length: usize) -> Result<(), SnapshotError> {
        self.buffer.resize(length, 0);
        self.file.read_exact_at(&mut self.buffer, start).map_err(SnapshotError::io(&self.path))
    }

    fn damaged(&self, position: u64, fault: String) -> SnapshotError {
        SnapshotError::Damaged { path: self.path.clone(), position, fault }
    }
}
