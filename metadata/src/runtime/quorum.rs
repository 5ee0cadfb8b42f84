//! What the metadata thread needs from the quorum.

use std::sync::OnceLock;

use raft::{Handle, OffsetAndEpoch, ProposeError, SnapshotBuilder};

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

    /// Begins a snapshot of everything before `end`, whose last record was written at `append_ms`; `None` if there is
    /// one already.
    ///
    /// # Errors
    /// It cannot be written.
    fn begin_snapshot(
        &self,
        end: OffsetAndEpoch,
        append_ms: i64,
        now_ms: i64,
    ) -> Result<Option<Box<dyn SnapshotSink>>, String>;
}

/// The quorum behind raft's driver. A driver shows its snapshot while it opens, before it has a handle, and the
/// metadata thread must listen by then: so this is made first, and the handle attached when there is one.
#[derive(Debug, Default)]
pub struct RaftQuorum {
    /// `None` inside if there will never be one.
    handle: OnceLock<Option<Handle>>,
}

impl RaftQuorum {
    /// Sets the handle; `None` if the driver did not open. Whoever needs it waits until this is called.
    pub fn attach(&self, handle: Option<Handle>) {
        if self.handle.set(handle).is_err() {
            tracing::error!("a raft handle was attached twice");
        }
    }

    fn handle(&self) -> Option<&Handle> {
        self.handle.wait().as_ref()
    }
}

impl Quorum for RaftQuorum {
    fn propose(&self, epoch: i32, records: Vec<Vec<u8>>) -> Result<i64, ProposeRefused> {
        let handle = self.handle().ok_or(ProposeRefused::Stopped)?;
        handle.propose(epoch, records).map_err(|error| match error {
            ProposeError::NotLeader { .. } => ProposeRefused::NotLeader,
            ProposeError::Busy => ProposeRefused::Busy,
            ProposeError::TooLarge { .. } | ProposeError::Empty => ProposeRefused::TooLarge,
            ProposeError::Stopped => ProposeRefused::Stopped,
        })
    }

    /// On a thread of its own: the driver may be waiting for the metadata thread to take a batch.
    fn resign(&self, epoch: i32) {
        let Some(handle) = self.handle().cloned() else { return };
        let resign = move || handle.resign(epoch);
        if std::thread::Builder::new().name("raft-resign".into()).spawn(resign).is_err() {
            tracing::error!(epoch, "no thread to resign with");
        }
    }

    fn begin_snapshot(
        &self,
        end: OffsetAndEpoch,
        append_ms: i64,
        now_ms: i64,
    ) -> Result<Option<Box<dyn SnapshotSink>>, String> {
        let Some(handle) = self.handle() else { return Ok(None) };
        let builder = handle.begin_snapshot(end, append_ms, now_ms).map_err(|error| error.to_string())?;
        Ok(builder.map(|builder| Box::new(builder) as Box<dyn SnapshotSink>))
    }
}

impl SnapshotSink for SnapshotBuilder {
    fn append(&mut self, records: Vec<Vec<u8>>) -> Result<(), String> {
        Self::append(self, &records).map_err(|error| error.to_string())
    }

    fn freeze(self: Box<Self>) -> Result<(), String> {
        Self::freeze(*self).map(|_| ()).map_err(|error| error.to_string())
    }
}
