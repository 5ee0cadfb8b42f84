//! Why a batch is refused.

use wire::batch::RecordError;

/// One record at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFault {
    /// Its place in the batch, from 0.
    pub index: i32,
    /// What is wrong with it.
    pub message: String,
}

/// Why a batch must not be appended.
#[derive(Debug, thiserror::Error)]
pub enum InvalidBatch {
    /// INVALID_RECORD: the header contradicts itself, or says what a client may not say.
    #[error("invalid record batch: {reason}")]
    Header {
        /// What it says.
        reason: String,
    },
    /// INVALID_RECORD: the attributes name a compression that does not exist.
    #[error("unknown compression {code}")]
    UnknownCompression {
        /// The number in the attributes.
        code: u8,
    },
    /// INVALID_RECORD: the records cannot be read, or decompress to more than is allowed.
    #[error("invalid records: {0}")]
    Unreadable(#[from] RecordError),
    /// INVALID_RECORD: records that the topic does not take.
    #[error("{} of the records are invalid, the first: {}", faults.len(), faults[0].message)]
    Records {
        /// Each of them, up to a bound. Never empty.
        faults: Vec<RecordFault>,
    },
    /// INVALID_TIMESTAMP: records too old, too far in the future, or stamped as only a broker may.
    #[error("{} of the records have an invalid timestamp, the first: {}", faults.len(), faults[0].message)]
    Timestamps {
        /// Each of them, up to a bound. Never empty.
        faults: Vec<RecordFault>,
    },
}
