//! How the rest of the node talks to the driver.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use crossbeam_channel::{Sender, TrySendError};

use super::shared::{QuorumInfo, Shared};
use super::snapshots::{BeginSnapshotError, SnapshotBuilder};
use crate::engine::{ChangeFault, CorrelationId, LeaderAndEpoch, OffsetAndEpoch, UpgradeKRaftVersionRequest};
use crate::protocol::{InboundRequest, ResponseBody};

/// Called once with the answer, on the driver's thread. It must not block.
pub type Reply = Box<dyn FnOnce(ResponseBody) + Send>;

/// Called once with what came of an upgrade, on the driver's thread. It must not block.
pub type UpgradeReply = Box<dyn FnOnce(Result<(), ChangeFault>) + Send>;

/// Why nothing was proposed. Nothing was appended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// This node does not lead the epoch that was named.
    #[error("not the leader; {leader:?} is")]
    NotLeader {
        /// Who leads, as far as this node knows.
        leader: LeaderAndEpoch,
    },
    /// There is no record to propose.
    #[error("a proposal without records")]
    Empty,
    /// More than one batch may hold.
    #[error("a proposal of {records} records and about {bytes} bytes does not fit one batch")]
    TooLarge {
        /// About what the batch would take.
        bytes: usize,
        /// How many records.
        records: usize,
    },
    /// Too much is waiting for the disk; later it may be taken.
    #[error("too many proposals wait for the disk")]
    Busy,
    /// The driver has stopped.
    #[error("the metadata log has stopped")]
    Stopped,
}

/// Too many requests wait for the driver, or it has stopped. The request was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the metadata log takes no more requests now")]
pub struct Busy;

/// A request did not reach its peer, or the connection broke before the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SendFailed {
    /// For the operator: what was tried and what happened.
    pub reason: String,
}

/// What came of a request to another node.
pub(crate) type Answered = Result<ResponseBody, SendFailed>;

/// What handles ask of the driver.
pub(crate) enum Command {
    /// Something is in the queue.
    Wake,
    Request(InboundRequest, Reply),
    Response(CorrelationId, Result<ResponseBody, SendFailed>),
    SnapshotFrozen(OffsetAndEpoch),
    UpgradeKRaftVersion(UpgradeKRaftVersionRequest, UpgradeReply),
    Resign(i32),
    Shutdown,
}

impl Debug for Command {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wake => "Wake",
            Self::Request(..) => "Request",
            Self::Response(..) => "Response",
            Self::SnapshotFrozen(_) => "SnapshotFrozen",
            Self::UpgradeKRaftVersion(..) => "UpgradeKRaftVersion",
            Self::Resign(_) => "Resign",
            Self::Shutdown => "Shutdown",
        })
    }
}

/// A driver's handle: cheap to clone, for any thread but the driver's own.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) shared: Arc<Shared>,
    pub(crate) commands: Sender<Command>,
}

impl Handle {
    /// Proposes records as one atomic batch and returns the offset of the last one, without waiting:
    /// when [`StateMachine::committed`](crate::StateMachine::committed) shows that offset in this epoch
    /// the batch is durable and committed, when the leader changes first it may be lost.
    ///
    /// # Errors
    /// [`ProposeError`]; nothing was appended.
    pub fn propose(&self, epoch: i32, records: Vec<Vec<u8>>) -> Result<i64, ProposeError> {
        let (last_offset, was_empty) = self.shared.queue.lock().propose(epoch, records)?;
        if was_empty {
            // A full inbox means that the driver is awake.
            let _ = self.commands.try_send(Command::Wake);
        }
        Ok(last_offset)
    }

    /// Hands in a request of the quorum protocol. Fetches may be answered after their maximum wait.
    /// A driver that stops drops `reply` uncalled.
    ///
    /// # Errors
    /// [`Busy`]; `reply` was not called and will not be.
    pub fn handle_request(&self, request: InboundRequest, reply: Reply) -> Result<(), Busy> {
        self.commands.try_send(Command::Request(request, reply)).map_err(|_| Busy)
    }

    /// Has the quorum answer a request that came in on a listener. The future needs no particular runtime;
    /// dropped, it lets go of the answer, not of the request.
    ///
    /// # Errors
    /// [`Busy`]: the request was not taken, or the driver stopped before it was answered.
    pub async fn request(&self, request: InboundRequest) -> Result<ResponseBody, Busy> {
        let (sender, answer) = tokio::sync::oneshot::channel();
        self.handle_request(request, Box::new(move |response| drop(sender.send(response))))?;
        answer.await.map_err(|_| Busy)
    }

    /// As [`Self::handle_response`] without waiting: the answer comes back while the inbox is full.
    pub(crate) fn try_handle_response(
        &self,
        correlation_id: CorrelationId,
        response: Answered,
    ) -> Option<Answered> {
        match self.commands.try_send(Command::Response(correlation_id, response)) {
            Err(TrySendError::Full(Command::Response(_, response))) => Some(response),
            // A driver that stopped needs to hear nothing.
            _ => None,
        }
    }

    /// Completes a request of [`Transport::send`](super::Transport::send). Waits while the inbox is full.
    pub fn handle_response(&self, correlation_id: CorrelationId, response: Result<ResponseBody, SendFailed>) {
        self.send(Command::Response(correlation_id, response));
    }

    /// Begins to write a snapshot of the state machine as it is at `end`, on the caller's thread; the
    /// driver is not held up. `None` when a snapshot at or behind `end` exists already.
    ///
    /// `last_append_time_ms` is that of the last batch contained, `now_ms` the time of writing.
    ///
    /// # Errors
    /// [`BeginSnapshotError`]: `end` is not committed, or the disk failed.
    pub fn begin_snapshot(
        &self,
        end: OffsetAndEpoch,
        last_append_time_ms: i64,
        now_ms: i64,
    ) -> Result<Option<SnapshotBuilder>, BeginSnapshotError> {
        SnapshotBuilder::begin(self, end, last_append_time_ms, now_ms)
    }

    /// Finalises a `kraft.version`, as UpdateFeatures asks: from 1 on the voters are in the log. `reply` is
    /// told once the change is in the leader's log, not yet committed; or why it cannot be.
    ///
    /// # Errors
    /// [`Busy`]: nobody will call `reply`.
    pub fn upgrade_kraft_version(
        &self,
        request: UpgradeKRaftVersionRequest,
        reply: UpgradeReply,
    ) -> Result<(), Busy> {
        self.commands.try_send(Command::UpgradeKRaftVersion(request, reply)).map_err(|_| Busy)
    }

    /// Gives up the leadership of `epoch`; nothing happens when this node does not lead it.
    pub fn resign(&self, epoch: i32) {
        self.send(Command::Resign(epoch));
    }

    /// Asks the driver to stop: a leader hands over first. The driver's thread ends by itself.
    pub fn shutdown(&self) {
        self.send(Command::Shutdown);
    }

    /// How the node stands in the quorum, as of the driver's last round.
    #[must_use]
    pub fn quorum_info(&self) -> Arc<QuorumInfo> {
        Arc::clone(&self.shared.info.read())
    }

    /// End of what is committed, `None` while unknown.
    #[must_use]
    pub fn high_watermark(&self) -> Option<i64> {
        self.shared.high_watermark()
    }

    /// Calls `watcher` on the driver's thread each time the high watermark has moved. It must not block.
    pub fn on_high_watermark(&self, watcher: Box<dyn Fn(i64) + Send + Sync>) {
        self.shared.watch(watcher);
    }

    /// Waits for room in the inbox; a driver that stopped needs to hear nothing.
    pub(crate) fn send(&self, command: Command) {
        if let Err(TrySendError::Full(command)) = self.commands.try_send(command) {
            let _ = self.commands.send(command);
        }
    }
}
