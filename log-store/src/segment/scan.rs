//! Batch headers one after the other, without the records.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use wire::batch::{BatchHeader, HEADER_SIZE};

use crate::io::File;

/// Bytes read at once: many headers of small batches, one of large ones.
const BUFFER_SIZE: usize = 4096;

/// The header of a batch and where the batch lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScannedBatch {
    pub(crate) position: u64,
    bytes: [u8; HEADER_SIZE],
}

impl ScannedBatch {
    pub(crate) fn header(&self) -> BatchHeader<'_> {
        BatchHeader::parse(&self.bytes).expect("checked when it was scanned")
    }
}

/// Walks over the headers between two positions of a file; the first must be the start of a batch.
#[derive(Debug)]
pub(crate) struct HeaderScan {
    file: Option<Arc<dyn File>>,
    position: u64,
    end: u64,
    buffered_at: u64,
    buffered: usize,
    buffer: [u8; BUFFER_SIZE],
}

impl HeaderScan {
    pub(crate) fn new(file: Arc<dyn File>, position: u64, end: u64) -> HeaderScan {
        HeaderScan { file: Some(file), position, end, ..HeaderScan::empty() }
    }

    pub(crate) fn empty() -> HeaderScan {
        HeaderScan { file: None, position: 0, end: 0, buffered_at: 0, buffered: 0, buffer: [0; BUFFER_SIZE] }
    }

    /// The next header; `None` at the end.
    ///
    /// # Errors
    /// `InvalidData` when there is no whole batch at the position: it came from a damaged index, or the
    /// file is damaged.
    pub(crate) fn next(&mut self) -> io::Result<Option<ScannedBatch>> {
        if self.position >= self.end {
            return Ok(None);
        }
        let bytes = *self.bytes_at(self.position)?;
        let size = BatchHeader::parse(&bytes).map_err(|error| self.invalid(&error))?.size() as u64;
        if size > self.end - self.position {
            return Err(self.invalid(&"a batch is longer than its file"));
        }
        let batch = ScannedBatch { position: self.position, bytes };
        self.position += size;
        Ok(Some(batch))
    }

    fn invalid(&self, reason: &dyn std::fmt::Display) -> io::Error {
        io::Error::new(ErrorKind::InvalidData, format!("at byte {}: {reason}", self.position))
    }

    fn bytes_at(&mut self, position: u64) -> io::Result<&[u8; HEADER_SIZE]> {
        let buffered_end = self.buffered_at + self.buffered as u64;
        if position < self.buffered_at || position + HEADER_SIZE as u64 > buffered_end {
            self.fill(position)?;
        }
        let start = usize::try_from(position - self.buffered_at).expect("within the buffer");
        match self.buffer[start..self.buffered].first_chunk() {
            Some(bytes) => Ok(bytes),
            None => Err(self.invalid(&"a header is cut off")),
        }
    }

    fn fill(&mut self, position: u64) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Err(self.invalid(&"no file"));
        };
        let left = usize::try_from(self.end - position).unwrap_or(usize::MAX);
        let wanted = left.min(BUFFER_SIZE);
        self.buffered = file.read_at(&mut self.buffer[..wanted], position)?;
        self.buffered_at = position;
        Ok(())
    }
}
