//! What reaches the metadata thread.

use crossbeam_channel::Receiver;
use raft::{LeaderAndEpoch, OffsetAndEpoch};
use tokio::sync::oneshot;

use crate::controller::{ApiError, ControllerContext, ControllerRequest, ControllerResponse};

/// Where an answer goes.
pub(crate) type Reply = oneshot::Sender<Result<ControllerResponse, ApiError>>;

/// A request that waits for its answer.
#[derive(Debug)]
pub struct Call {
    pub(crate) context: ControllerContext,
    pub(crate) request: ControllerRequest,
    pub(crate) reply: Reply,
}

/// A committed batch that owns its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaftBatch {
    /// Offset of the first record.
    pub base_offset: i64,
    /// Offset of the last record.
    pub last_offset: i64,
    /// Epoch it was written in.
    pub epoch: i32,
    /// When its leader wrote it, in milliseconds of the Unix epoch.
    pub append_ms: i64,
    /// Bytes it takes in the log.
    pub size_bytes: usize,
    /// Values of the records; none in a control batch.
    pub records: Vec<Vec<u8>>,
}

/// What raft tells.
#[derive(Debug)]
pub enum RaftEvent {
    /// Batches that are committed, in the order of the log, and how far it is committed in all.
    Committed {
        /// The batches.
        batches: Vec<RaftBatch>,
        /// End of what is committed.
        high_watermark: i64,
    },
    /// A snapshot replaces everything. Its batches come through the channel, which ends with them.
    Snapshot {
        /// End of the snapshot and the epoch of the last record that it covers.
        id: OffsetAndEpoch,
        /// When the last record that it covers was written, in milliseconds of the Unix epoch.
        append_ms: i64,
        /// Values of the records, batch by batch.
        batches: Receiver<Vec<Vec<u8>>>,
    },
    /// Another leader or epoch.
    Leader(LeaderAndEpoch),
    /// The node stops.
    Shutdown,
}
