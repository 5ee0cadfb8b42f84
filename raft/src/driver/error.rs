//! Why a driver could not start, or stopped.

use std::io;
use std::path::PathBuf;

use log_store::directory::DirectoryError;
use log_store::log::{ChangeError, FlushError, FollowerAppendError, OpenError, ReadError};
use snapshot::SnapshotError;
use wire::Uuid;

use crate::protocol::records::DamagedBatch;
use crate::quorum_state::QuorumStateError;

/// The last word of a driver. Nothing was acknowledged that is not durable.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The directory of the metadata log could not be made.
    #[error("{}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `partition.metadata` is damaged, or the disk failed.
    #[error(transparent)]
    PartitionMetadata(#[from] DirectoryError),
    /// The directory belongs to another topic.
    #[error("{}: holds the topic with id {topic_id}, not the metadata log", path.display())]
    OtherTopic {
        /// The directory.
        path: PathBuf,
        /// The topic in it.
        topic_id: Uuid,
    },
    /// The quorum state is damaged, foreign or could not be written.
    #[error(transparent)]
    QuorumState(#[from] QuorumStateError),
    /// A snapshot is damaged, or the disk failed.
    #[error("snapshot {0}")]
    Snapshot(#[from] SnapshotError),
    /// The log could not be opened.
    #[error("metadata log: {0}")]
    Open(#[from] OpenError),
    /// The log took no records.
    #[error("metadata log: {0}")]
    Append(#[from] FollowerAppendError),
    /// A flush failed: it is unknown what of the log is durable.
    #[error("metadata log: {0}")]
    Flush(#[from] FlushError),
    /// The log could not be cut.
    #[error("metadata log: {0}")]
    Change(#[from] ChangeError),
    /// The log could not be read.
    #[error("metadata log: {0}")]
    Read(#[from] ReadError),
    /// Files of old segments could not be removed.
    #[error("metadata log: removing old segments failed: {0}")]
    Remove(#[source] io::Error),
    /// A record of the log is damaged.
    #[error("metadata log: damaged {0}")]
    Damaged(#[from] DamagedBatch),
    /// The log lacks records between a snapshot and its own start.
    #[error(
        "metadata log: begins at {log_start}, but the newest snapshot ends at {snapshot_end}: restore the missing snapshot"
    )]
    Gap {
        /// First offset of the log.
        log_start: i64,
        /// End of the newest snapshot, 0 without one.
        snapshot_end: i64,
    },
    /// The log holds other bytes than the engine ordered.
    #[error("metadata log: ends at {found} after an append that ends at {expected}")]
    LostAppend {
        /// Where it ends.
        found: i64,
        /// Where it should.
        expected: i64,
    },
    /// An earlier round failed.
    #[error("the driver failed before")]
    Failed,
}
