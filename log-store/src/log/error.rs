//! One error per operation; what each becomes for a client is the broker's to say.

use std::io;

use wire::batch::BatchError;

use crate::producers::ProducerError;
use crate::validate::InvalidBatch;

/// Why a log takes nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Offline {
    /// An earlier write or flush of this log failed, so nobody knows what is on the disk: until it is
    /// opened anew. KAFKA_STORAGE_ERROR.
    #[error("an earlier write or flush failed; the log is offline")]
    Failed,
    /// The partition was deleted here. Says nothing about the disk. UNKNOWN_TOPIC_OR_PARTITION.
    #[error("the log was deleted")]
    Retired,
}

/// Why a log could not be opened. The directory should go offline.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The disk failed.
    #[error("cannot open the log in {dir}: {source}")]
    Io {
        /// The partition's directory.
        dir: String,
        /// What the disk said.
        source: io::Error,
    },
}

/// Why a leader did not append. Nothing was appended, and unless the disk failed a later append may succeed.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The log takes nothing more.
    #[error(transparent)]
    Offline(#[from] Offline),
    /// KAFKA_STORAGE_ERROR: the disk failed now; the log is offline from here on.
    #[error("append failed: {0}")]
    Io(#[source] io::Error),
    /// CORRUPT_MESSAGE: checksum or length are not those of a batch.
    #[error("corrupt batch: {0}")]
    Corrupt(BatchError),
    /// INVALID_RECORD, or UNSUPPORTED_FOR_MESSAGE_FORMAT for a message set of an old client.
    #[error(transparent)]
    Format(BatchError),
    /// INVALID_RECORD: not exactly one batch.
    #[error("{batches} record batches where one is allowed")]
    NotOneBatch {
        /// How many, 2 standing for any more.
        batches: usize,
    },
    /// INVALID_RECORD or INVALID_TIMESTAMP, as the cause says.
    #[error(transparent)]
    Invalid(#[from] InvalidBatch),
    /// MESSAGE_TOO_LARGE: over `max.message.bytes`.
    #[error("a batch of {size} bytes, {limit} are allowed")]
    RecordTooLarge {
        /// Bytes of the batch.
        size: usize,
        /// `max.message.bytes`.
        limit: u32,
    },
    /// RECORD_LIST_TOO_LARGE: over `segment.bytes`.
    #[error("a batch of {size} bytes does not fit a segment of {limit}")]
    RecordBatchTooLarge {
        /// Bytes of the batch.
        size: usize,
        /// `segment.bytes`.
        limit: u32,
    },
    /// What the producer may not do, or not now.
    #[error(transparent)]
    Producer(#[from] ProducerError),
    /// NOT_LEADER_OR_FOLLOWER: the log has records of a later leader.
    #[error("leader epoch {epoch} is older than {latest}, which is in the log")]
    StaleLeaderEpoch {
        /// The appender's.
        epoch: i32,
        /// The latest of the log.
        latest: i32,
    },
}

/// Why a follower did not append what its leader sent. Batches before the faulty one were appended.
#[derive(Debug, thiserror::Error)]
pub enum FollowerAppendError {
    /// The log takes nothing more.
    #[error(transparent)]
    Offline(#[from] Offline),
    /// The disk failed now; the log is offline from here on.
    #[error("append failed: {0}")]
    Io(#[source] io::Error),
    /// The bytes are not batches: fetch them again.
    #[error("corrupt batch from the leader: {0}")]
    Corrupt(#[from] BatchError),
    /// A batch that lies before the end of the log: the logs have diverged, or the fetch went wrong.
    #[error("a batch at offset {base_offset} where {log_end} is next")]
    UnexpectedOffset {
        /// Base offset of the batch.
        base_offset: i64,
        /// Where the log ends.
        log_end: i64,
    },
    /// A control batch of a producer that holds no marker of a transaction. The log stays online.
    #[error("control batch from the leader: {0}")]
    Marker(#[source] io::Error),
    /// A batch longer than `segment.bytes`.
    #[error("a batch of {size} bytes does not fit a segment of {limit}")]
    RecordBatchTooLarge {
        /// Bytes of the batch.
        size: usize,
        /// `segment.bytes`.
        limit: u32,
    },
}

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// OFFSET_OUT_OF_RANGE.
    #[error("offset {offset} is not within {log_start} to {log_end}")]
    OffsetOutOfRange {
        /// Asked for.
        offset: i64,
        /// First offset of the log.
        log_start: i64,
        /// The offset after the last.
        log_end: i64,
    },
    /// KAFKA_STORAGE_ERROR: the disk failed, or the batches are damaged.
    #[error("read failed: {0}")]
    Io(#[from] io::Error),
}

/// Why a flush failed. It is not tried again: the log is offline.
#[derive(Debug, thiserror::Error)]
pub enum FlushError {
    /// The log took nothing more before.
    #[error(transparent)]
    Offline(#[from] Offline),
    /// The disk failed: it is unknown what is durable.
    #[error("flush failed: {0}")]
    Io(#[source] io::Error),
}

/// Why the log could not be cut, rolled or cleaned. The log is offline.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The log took nothing more before.
    #[error(transparent)]
    Offline(#[from] Offline),
    /// The disk failed.
    #[error("changing the log failed: {0}")]
    Io(#[source] io::Error),
}
