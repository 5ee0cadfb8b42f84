//! Whole batches over borrowed bytes.

use std::ops::Deref;

use super::header::{BatchError, BatchHeader};
use super::layout::{HEADER_SIZE, checksum};
use super::record::{RecordError, RecordIter};
use crate::compression::{Compression, decompress_bounded};

/// One whole batch. Its length and magic are checked; the checksum when [`BatchView::check_crc`] is asked.
/// The fields of the header are reached through [`BatchHeader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchView<'a> {
    header: BatchHeader<'a>,
    bytes: &'a [u8],
}

impl<'a> Deref for BatchView<'a> {
    type Target = BatchHeader<'a>;

    fn deref(&self) -> &BatchHeader<'a> {
        &self.header
    }
}

impl<'a> BatchView<'a> {
    /// Reads the batch at the start of `bytes`, which may go on behind it.
    ///
    /// # Errors
    /// [`BatchError::Truncated`] when the batch is longer than `bytes`; otherwise as
    /// [`BatchHeader::parse`].
    pub fn parse(bytes: &'a [u8]) -> Result<BatchView<'a>, BatchError> {
        let header = BatchHeader::parse(bytes)?;
        match bytes.get(..header.size()) {
            Some(bytes) => Ok(BatchView { header, bytes }),
            None => Err(BatchError::Truncated { needed: header.size(), available: bytes.len() }),
        }
    }

    /// The header alone.
    pub fn header(&self) -> BatchHeader<'a> {
        self.header
    }

    /// All bytes of the batch.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes behind the header, compressed as the attributes say.
    pub fn record_bytes(&self) -> &'a [u8] {
        &self.bytes[HEADER_SIZE..]
    }

    /// Compares the stored checksum with that of the bytes.
    ///
    /// # Errors
    /// [`BatchError::Checksum`] with both.
    pub fn check_crc(&self) -> Result<(), BatchError> {
        let (stored, computed) = (self.crc(), checksum(self.bytes, self.record_bytes()));
        if stored == computed { Ok(()) } else { Err(BatchError::Checksum { stored, computed }) }
    }

    /// Iterates over the records. Uncompressed ones are borrowed from the batch; others are decompressed
    /// into `scratch` (cleared first), which may grow to `limit` bytes.
    ///
    /// # Errors
    /// [`RecordError`] when the count is negative, the compression unknown or the records do not
    /// decompress within the limit.
    pub fn records<'s>(&self, scratch: &'s mut Vec<u8>, limit: usize) -> Result<RecordIter<'s>, RecordError>
    where
        'a: 's,
    {
        let kind = self.compression().map_err(|code| RecordError::UnknownCompression { code })?;
        if kind == Compression::None {
            return RecordIter::new(self.header, self.record_bytes());
        }
        scratch.clear();
        decompress_bounded(kind, self.record_bytes(), scratch, limit)?;
        RecordIter::new(self.header, scratch)
    }
}

/// Iterates over the whole batches at the start of `bytes`. A batch that is cut off ends the iteration,
/// see [`BatchIter::remainder`]; a header that cannot be is an error, after which nothing follows.
pub fn batches(bytes: &[u8]) -> BatchIter<'_> {
    BatchIter { rest: bytes, failed: false }
}

/// Iterator of [`batches`].
#[derive(Clone, Debug)]
pub struct BatchIter<'a> {
    rest: &'a [u8],
    failed: bool,
}

impl<'a> BatchIter<'a> {
    /// What has not been handed out; at the end, the bytes of a batch that is cut off.
    pub fn remainder(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for BatchIter<'a> {
    type Item = Result<BatchView<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.rest.is_empty() {
            return None;
        }
        match BatchView::parse(self.rest) {
            Ok(batch) => {
                self.rest = &self.rest[batch.size()..];
                Some(Ok(batch))
            }
            Err(BatchError::Truncated { .. }) => {
                self.failed = true;
                None
            }
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }
}
