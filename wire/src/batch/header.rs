//! The 61 bytes before the records.

use super::layout::*;
use crate::compression::Compression;

/// Which clock the timestamps of a batch come from (`message.timestamp.type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's, one per record.
    #[default]
    CreateTime,
    /// The broker's at the append, one for the batch: its max timestamp.
    LogAppendTime,
}

impl TimestampType {
    pub(super) fn flag(self) -> i16 {
        match self {
            TimestampType::CreateTime => 0,
            TimestampType::LogAppendTime => TIMESTAMP_TYPE_FLAG,
        }
    }
}

/// Why bytes are not a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// The bytes end before the batch does. Normal at the end of a fetched slice and of a torn file.
    #[error("a batch of {needed} bytes has only {available}")]
    Truncated {
        /// Bytes that the batch takes, as far as is known.
        needed: usize,
        /// Bytes that are there.
        available: usize,
    },
    /// The length field names less than a header.
    #[error("the length {length} of a batch is less than its header takes")]
    LengthTooSmall {
        /// The field's value.
        length: i32,
    },
    /// A message set of Kafka before 0.11 (magic 0 or 1), which Kafka 4 no longer writes.
    #[error("message format {magic} is not supported, only 2 is")]
    OldMagic {
        /// 0 or 1.
        magic: i8,
    },
    /// A magic byte that no version of Kafka has used.
    #[error("unknown magic byte {magic}")]
    UnknownMagic {
        /// The byte.
        magic: i8,
    },
    /// The checksum does not belong to the bytes.
    #[error("stored checksum {stored:#010x} is not the computed {computed:#010x}")]
    Checksum {
        /// As the header has it.
        stored: u32,
        /// Over the bytes from the attributes on.
        computed: u32,
    },
}

/// The header of one batch: magic 2 and a length that covers at least itself are checked, the rest is
/// as the bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader<'a> {
    bytes: &'a [u8; HEADER_SIZE],
}

impl<'a> BatchHeader<'a> {
    /// Reads the header at the start of `bytes`.
    ///
    /// # Errors
    /// [`BatchError::Truncated`] for fewer than 61 bytes (unless what is there already shows another
    /// fault), and a distinct error for each kind of foreign header.
    pub fn parse(bytes: &'a [u8]) -> Result<BatchHeader<'a>, BatchError> {
        if let Some(magic) = bytes.get(MAGIC).map(|byte| byte.cast_signed()) {
            match magic {
                MAGIC_V2 => {}
                0 | 1 => return Err(BatchError::OldMagic { magic }),
                _ => return Err(BatchError::UnknownMagic { magic }),
            }
        }
        let Some(header) = bytes.first_chunk::<HEADER_SIZE>() else {
            return Err(BatchError::Truncated { needed: HEADER_SIZE, available: bytes.len() });
        };
        let header = BatchHeader { bytes: header };
        let length = header.length();
        if usize::try_from(length).is_ok_and(|l| l >= HEADER_SIZE - LENGTH_PREFIX_SIZE) {
            Ok(header)
        } else {
            Err(BatchError::LengthTooSmall { length })
        }
    }

    /// The header's own bytes.
    pub fn bytes(&self) -> &'a [u8; HEADER_SIZE] {
        self.bytes
    }

    /// Offset of the first record (of the first before compaction).
    pub fn base_offset(&self) -> i64 {
        i64::from_be_bytes(get(self.bytes, BASE_OFFSET))
    }

    /// The length field: bytes after it.
    pub fn length(&self) -> i32 {
        i32::from_be_bytes(get(self.bytes, LENGTH))
    }

    /// Bytes of the whole batch.
    pub fn size(&self) -> usize {
        // Checked by `parse` to be positive.
        self.length().unsigned_abs() as usize + LENGTH_PREFIX_SIZE
    }

    /// Epoch of the leader that appended the batch; [`NO_PARTITION_LEADER_EPOCH`] from a producer.
    pub fn leader_epoch(&self) -> i32 {
        i32::from_be_bytes(get(self.bytes, LEADER_EPOCH))
    }

    /// Always 2.
    pub fn magic(&self) -> i8 {
        self.bytes[MAGIC].cast_signed()
    }

    /// CRC-32C of the bytes from the attributes on.
    pub fn crc(&self) -> u32 {
        u32::from_be_bytes(get(self.bytes, CRC))
    }

    /// The attributes as they are.
    pub fn attributes(&self) -> i16 {
        i16::from_be_bytes(get(self.bytes, ATTRIBUTES))
    }

    /// Compression of the records, or the unassigned number in its place.
    pub fn compression(&self) -> Result<Compression, u8> {
        let code = (self.attributes() & COMPRESSION_MASK).to_be_bytes()[1];
        Compression::from_code(code).ok_or(code)
    }

    /// Whose clock the timestamps come from.
    pub fn timestamp_type(&self) -> TimestampType {
        if self.attributes() & TIMESTAMP_TYPE_FLAG == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    /// Whether the batch is part of a transaction.
    pub fn is_transactional(&self) -> bool {
        self.attributes() & TRANSACTIONAL_FLAG != 0
    }

    /// Whether the batch holds control records, which consumers never see.
    pub fn is_control(&self) -> bool {
        self.attributes() & CONTROL_FLAG != 0
    }

    /// When the tombstones of the batch may go, ms; set by compaction in the place of the base
    /// timestamp (KIP-534).
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        (self.attributes() & DELETE_HORIZON_FLAG != 0)
            .then(|| i64::from_be_bytes(get(self.bytes, BASE_TIMESTAMP)))
    }

    /// Offset of the last record minus the base offset.
    pub fn last_offset_delta(&self) -> i32 {
        i32::from_be_bytes(get(self.bytes, LAST_OFFSET_DELTA))
    }

    /// Offset of the last record (of the last before compaction). Saturates for a lying header.
    pub fn last_offset(&self) -> i64 {
        self.base_offset().saturating_add(i64::from(self.last_offset_delta()))
    }

    /// The offset after the batch.
    pub fn next_offset(&self) -> i64 {
        self.last_offset().saturating_add(1)
    }

    /// What the timestamp deltas of the records count from, ms.
    pub fn base_timestamp(&self) -> i64 {
        i64::from_be_bytes(get(self.bytes, BASE_TIMESTAMP))
    }

    /// Largest timestamp of the batch, or the time of its append, ms.
    pub fn max_timestamp(&self) -> i64 {
        i64::from_be_bytes(get(self.bytes, MAX_TIMESTAMP))
    }

    /// Id of the idempotent producer, or [`NO_PRODUCER_ID`].
    pub fn producer_id(&self) -> i64 {
        i64::from_be_bytes(get(self.bytes, PRODUCER_ID))
    }

    /// Whether an idempotent producer wrote the batch.
    pub fn has_producer_id(&self) -> bool {
        self.producer_id() > NO_PRODUCER_ID
    }

    /// Epoch of the producer, or [`NO_PRODUCER_EPOCH`].
    pub fn producer_epoch(&self) -> i16 {
        i16::from_be_bytes(get(self.bytes, PRODUCER_EPOCH))
    }

    /// Sequence of the first record, or [`NO_SEQUENCE`].
    pub fn base_sequence(&self) -> i32 {
        i32::from_be_bytes(get(self.bytes, BASE_SEQUENCE))
    }

    /// Sequence of the last record, or [`NO_SEQUENCE`]. Sequences wrap from `i32::MAX` to 0.
    pub fn last_sequence(&self) -> i32 {
        match self.base_sequence() {
            NO_SEQUENCE => NO_SEQUENCE,
            base => base.wrapping_add(self.last_offset_delta()) & i32::MAX,
        }
    }

    /// Records in the batch, as claimed; negative in a lying header.
    pub fn record_count(&self) -> i32 {
        i32::from_be_bytes(get(self.bytes, RECORD_COUNT))
    }
}
