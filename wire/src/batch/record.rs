//! The records inside a batch.

use super::header::{BatchHeader, TimestampType};
use super::varint::Cursor;
use crate::compression::DecompressError;

/// Why the records of a batch cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The attributes name a compression that does not exist.
    #[error("unknown compression {code}")]
    UnknownCompression {
        /// The number in the attributes.
        code: u8,
    },
    /// The records do not decompress, or to more than is allowed.
    #[error(transparent)]
    Decompress(#[from] DecompressError),
    /// The header claims a negative count.
    #[error("a batch claims {count} records")]
    NegativeCount {
        /// The claimed count.
        count: i32,
    },
    /// A record is not laid out as it must be.
    #[error("record {index}: {fault}")]
    Malformed {
        /// Its place in the batch, from 0.
        index: i32,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// Bytes follow the last record.
    #[error("{bytes} bytes follow the {count} records that a batch declares")]
    Trailing {
        /// How many bytes.
        bytes: usize,
        /// The declared count.
        count: i32,
    },
}

/// One record, borrowed from its batch or from the scratch space it was decompressed into.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Offset in the partition.
    pub offset: i64,
    /// Offset minus the batch's base offset.
    pub offset_delta: i32,
    /// Timestamp, ms: the record's own, or the batch's time of append.
    pub timestamp: i64,
    /// The key, if any.
    pub key: Option<&'a [u8]>,
    /// The value, if any; without one the record is a tombstone in a compacted topic.
    pub value: Option<&'a [u8]>,
    /// Bytes the record takes in its batch (uncompressed), its length prefix included.
    pub size: usize,
    header_count: i32,
    header_bytes: &'a [u8],
}

impl<'a> Record<'a> {
    /// The headers in their order.
    pub fn headers(&self) -> RecordHeaders<'a> {
        RecordHeaders { left: self.header_count, cursor: Cursor::new(self.header_bytes) }
    }
}

/// One header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader<'a> {
    /// The key, UTF-8 by convention, not checked.
    pub key: &'a [u8],
    /// The value, if any.
    pub value: Option<&'a [u8]>,
}

/// Iterator over the headers of a record, whose layout was checked with the record.
#[derive(Clone, Debug)]
pub struct RecordHeaders<'a> {
    left: i32,
    cursor: Cursor<'a>,
}

impl<'a> Iterator for RecordHeaders<'a> {
    type Item = RecordHeader<'a>;

    fn next(&mut self) -> Option<RecordHeader<'a>> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        read_header(&mut self.cursor)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.left).unwrap_or(0);
        (left, Some(left))
    }
}

fn read_header<'a>(cursor: &mut Cursor<'a>) -> Option<RecordHeader<'a>> {
    let key = cursor.nullable_bytes()??;
    Some(RecordHeader { key, value: cursor.nullable_bytes()? })
}

/// Iterator over the records of a batch: as many as its header declares, and nothing behind them.
/// Offsets are as the records say: whether they follow one another is for the validation on append.
#[derive(Clone, Debug)]
pub struct RecordIter<'a> {
    cursor: Cursor<'a>,
    base_offset: i64,
    base_timestamp: i64,
    append_time: Option<i64>,
    count: i32,
    index: i32,
    failed: bool,
}

impl<'a> RecordIter<'a> {
    pub(super) fn new(header: BatchHeader<'_>, bytes: &'a [u8]) -> Result<Self, RecordError> {
        let count = header.record_count();
        if count < 0 {
            return Err(RecordError::NegativeCount { count });
        }
        let append_time =
            (header.timestamp_type() == TimestampType::LogAppendTime).then(|| header.max_timestamp());
        Ok(RecordIter {
            cursor: Cursor::new(bytes),
            base_offset: header.base_offset(),
            base_timestamp: header.base_timestamp(),
            append_time,
            count,
            index: 0,
            failed: false,
        })
    }

    fn read(&mut self) -> Result<Record<'a>, &'static str> {
        let before = self.cursor.rest().len();
        let length = self.cursor.varint().ok_or("length is cut off")?;
        let length = usize::try_from(length).map_err(|_| "length is negative")?;
        let body = self.cursor.take(length).ok_or("longer than its batch")?;
        let size = before - self.cursor.rest().len();
        self.read_body(body, size)
    }

    fn read_body(&self, body: &'a [u8], size: usize) -> Result<Record<'a>, &'static str> {
        const CUT: &str = "fields are longer than the record";
        let mut cursor = Cursor::new(body);
        cursor.byte().ok_or(CUT)?;
        let timestamp_delta = cursor.varlong().ok_or(CUT)?;
        let offset_delta = cursor.varint().ok_or(CUT)?;
        let key = cursor.nullable_bytes().ok_or(CUT)?;
        let value = cursor.nullable_bytes().ok_or(CUT)?;
        let header_count = cursor.varint().ok_or(CUT)?;
        if header_count < 0 {
            return Err("negative count of headers");
        }
        let header_bytes = cursor.rest();
        for _ in 0..header_count {
            read_header(&mut cursor).ok_or("headers are longer than the record, or one has no key")?;
        }
        if !cursor.rest().is_empty() {
            return Err("longer than its fields");
        }
        let own_timestamp = || self.base_timestamp.wrapping_add(timestamp_delta);
        Ok(Record {
            offset: self.base_offset.wrapping_add(i64::from(offset_delta)),
            offset_delta,
            timestamp: self.append_time.unwrap_or_else(own_timestamp),
            key,
            value,
            size,
            header_count,
            header_bytes,
        })
    }

    fn finish(&mut self) -> Option<Result<Record<'a>, RecordError>> {
        let bytes = self.cursor.rest().len();
        self.failed = true;
        (bytes > 0).then_some(Err(RecordError::Trailing { bytes, count: self.count }))
    }
}

impl<'a> Iterator for RecordIter<'a> {
    type Item = Result<Record<'a>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        if self.index == self.count {
            return self.finish();
        }
        let index = self.index;
        self.index += 1;
        match self.read() {
            Ok(record) => Some(Ok(record)),
            Err(fault) => {
                self.failed = true;
                Some(Err(RecordError::Malformed { index, fault }))
            }
        }
    }
}
