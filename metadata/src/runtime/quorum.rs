//! What the metadata thread needs from the quorum.

use raft::OffsetAndEpoch;

/// Why records were not appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProposeRefused {
    /// This node does not lead the epoch any more.
    #[error("not the leader")]
    NotLeader,
    /// Too much is waiting to be written; try again.
    #[error("too much is waiting to be written")]
    Busy,
    /// One batch cannot hold the records.
    #[error("the records exceed one batch")]
    TooLarge,
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopped,
}

/// A snapshot that is being written.
pub trait SnapshotSink: Send {
    /// Adds records, as one batch.
    ///
    /// # Errors
    /// Writing failed; the snapshot is given up.
    fn append(&mut self, records: Vec<Vec<u8>>) -> Result<(), String>;

    /// Makes the snapshot durable and visible.
    ///
    /// # Errors
    /// Writing failed; no snapshot appears.
    fn freeze(self: Box<Self>) -> Result<(), String>;
}

/// The log of the metadata, as its leader and its loader see it. No method blocks for long.
pub trait Quorum: Send + Sync {
    /// Appends records as one atomic batch in `epoch` and returns the offset of the last. They are not committed
    /// yet: that is seen when they come back as a [`RaftEvent`](super::RaftEvent).
    ///
    /// # Errors
    /// Nothing was appended.
    fn propose(&self, epoch: i32, records: Vec<Vec<u8>>) -> Result<i64, ProposeRefused>;

    /// Gives leadership of `epoch` up.
    fn resign(&self, epoch: i32);

    /// Begins a snapshot of everything before `end`; `None` if there is one already.
    ///
    /// # Errors
    /// It cannot be written.
    fn begin_snapshot(
        &self,
        end: OffsetAndEpoch,
        append_ms: i64,
    ) -> Result<Option<Box<dyn SnapshotSink>>, String>;
}
