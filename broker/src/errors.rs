//! Which of Kafka's codes each of our errors is: the only place that says so.

use log_store::log::{AppendError, Offline, ReadError};
use log_store::producers::ProducerError;
use log_store::validate::InvalidBatch;
use wire::ErrorCode;
use wire::batch::BatchError;

use crate::fetch_sessions::SessionError;
use crate::partition::{AppendFault, ReadFault};
use crate::partitions::LookupFault;

/// An error of a handler's work.
#[derive(Debug)]
pub(crate) enum Fault {
    /// There is no partition to work with.
    Lookup(LookupFault),
    /// Records were not taken, or may not be acknowledged.
    Append(AppendFault),
    /// Nothing was read or deleted.
    Read(ReadFault),
    /// The request cannot go on with its fetch session.
    Session(SessionError),
}

impl From<LookupFault> for Fault {
    fn from(fault: LookupFault) -> Self {
        Self::Lookup(fault)
    }
}

impl From<AppendFault> for Fault {
    fn from(fault: AppendFault) -> Self {
        Self::Append(fault)
    }
}

impl From<ReadFault> for Fault {
    fn from(fault: ReadFault) -> Self {
        Self::Read(fault)
    }
}

impl From<SessionError> for Fault {
    fn from(fault: SessionError) -> Self {
        Self::Session(fault)
    }
}

impl Fault {
    /// The code that a client is told.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Lookup(fault) => lookup_code(fault),
            Self::Append(fault) => append_code(fault),
            Self::Read(fault) => read_code(fault),
            Self::Session(SessionError::NotFound) => ErrorCode::FetchSessionIdNotFound,
            Self::Session(SessionError::WrongEpoch) => ErrorCode::InvalidFetchSessionEpoch,
            Self::Session(SessionError::TopicIds) => ErrorCode::FetchSessionTopicIdError,
        }
    }
}

fn lookup_code(fault: &LookupFault) -> ErrorCode {
    match fault {
        LookupFault::Unknown => ErrorCode::UnknownTopicOrPartition,
        LookupFault::UnknownId => ErrorCode::UnknownTopicId,
        LookupFault::Elsewhere => ErrorCode::NotLeaderOrFollower,
        LookupFault::Offline | LookupFault::Open(_) => ErrorCode::KafkaStorageError,
    }
}

fn append_code(fault: &AppendFault) -> ErrorCode {
    match fault {
        AppendFault::NotLeader => ErrorCode::NotLeaderOrFollower,
        AppendFault::NotEnoughReplicas { .. } => ErrorCode::NotEnoughReplicas,
        AppendFault::NotEnoughReplicasAfterAppend => ErrorCode::NotEnoughReplicasAfterAppend,
        AppendFault::Offline | AppendFault::Disk(_) => ErrorCode::KafkaStorageError,
        AppendFault::Log(error) => log_append_code(error),
    }
}

fn log_append_code(error: &AppendError) -> ErrorCode {
    match error {
        AppendError::Offline(Offline::Failed) | AppendError::Io(_) => ErrorCode::KafkaStorageError,
        AppendError::Offline(Offline::Retired) => ErrorCode::UnknownTopicOrPartition,
        AppendError::Corrupt(_) => ErrorCode::CorruptMessage,
        AppendError::Format(BatchError::OldMagic { .. }) => ErrorCode::UnsupportedForMessageFormat,
        AppendError::Format(_) | AppendError::NotOneBatch { .. } => ErrorCode::InvalidRecord,
        AppendError::Invalid(InvalidBatch::Timestamps { .. }) => ErrorCode::InvalidTimestamp,
        AppendError::Invalid(_) => ErrorCode::InvalidRecord,
        AppendError::RecordTooLarge { .. } => ErrorCode::MessageTooLarge,
        AppendError::RecordBatchTooLarge { .. } => ErrorCode::RecordListTooLarge,
        AppendError::Producer(error) => producer_code(error),
        AppendError::StaleLeaderEpoch { .. } => ErrorCode::NotLeaderOrFollower,
    }
}

fn producer_code(error: &ProducerError) -> ErrorCode {
    match error {
        ProducerError::OutOfOrderSequence { .. } => ErrorCode::OutOfOrderSequenceNumber,
        ProducerError::InvalidEpoch { .. } => ErrorCode::InvalidProducerEpoch,
        ProducerError::InvalidTxnState { .. } => ErrorCode::InvalidTxnState,
        ProducerError::CoordinatorFenced { .. } => ErrorCode::TransactionCoordinatorFenced,
    }
}

fn read_code(fault: &ReadFault) -> ErrorCode {
    match fault {
        ReadFault::NotLeader => ErrorCode::NotLeaderOrFollower,
        ReadFault::FencedLeaderEpoch => ErrorCode::FencedLeaderEpoch,
        ReadFault::UnknownLeaderEpoch => ErrorCode::UnknownLeaderEpoch,
        ReadFault::OffsetOutOfRange | ReadFault::Log(ReadError::OffsetOutOfRange { .. }) => {
            ErrorCode::OffsetOutOfRange
        }
        ReadFault::Policy => ErrorCode::PolicyViolation,
        ReadFault::Log(ReadError::Io(_)) | ReadFault::Disk(_) => ErrorCode::KafkaStorageError,
    }
}
