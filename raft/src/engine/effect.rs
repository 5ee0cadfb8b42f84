//! What the engine wants done.

use super::message::{CorrelationId, Refusal, Reply, Request, RequestId};
use super::types::{ElectionState, LeaderAndEpoch, OffsetAndEpoch, Peer};
use super::voter_history::ControlRecord;

/// One thing to do. The executor performs effects in the order given; the first that fails is the
/// last it performs, since everything after rests on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Make the quorum state durable, then report
    /// [`Event::QuorumStatePersisted`](super::Event::QuorumStatePersisted). Nothing else leaves the
    /// engine until then.
    PersistQuorumState {
        /// What to remember.
        state: ElectionState,
        /// Decides the version of the file.
        kraft_version: i16,
    },
    /// Put a batch of this node's own at the end of the log.
    Append {
        /// Its first offset, which is the log end.
        base_offset: i64,
        /// The epoch to stamp.
        epoch: i32,
        /// The records.
        content: Content,
    },
    /// Put a leader's batches at the end of the log, offsets and epochs as they are.
    AppendFetched {
        /// Whole batches that continue the log.
        bytes: Vec<u8>,
        /// Exclusive end of the log behind them.
        end: i64,
    },
    /// Make the log durable up to `end`, then report [`Event::Flushed`](super::Event::Flushed). Many
    /// of these may be answered by one flush.
    Flush {
        /// Exclusive.
        end: i64,
    },
    /// Cut the log back to `end`.
    Truncate {
        /// Exclusive; at or above the high watermark.
        end: i64,
    },
    /// Ask a peer; report what comes back.
    SendRequest {
        /// Whom to ask.
        to: Peer,
        /// Given back with the answer.
        correlation_id: CorrelationId,
        /// What to ask.
        request: Request,
    },
    /// Answer a request.
    Reply {
        /// Which request.
        to: RequestId,
        /// The answer.
        reply: Reply,
    },
    /// Records up to here are committed and may be shown.
    AdvanceHighWatermark {
        /// Exclusive; only rises, never beyond what this node has flushed.
        high_watermark: i64,
    },
    /// The leader or the epoch changed.
    LeaderChanged {
        /// The newest.
        leader: LeaderAndEpoch,
        /// When this node leads: the offset of its leader-change record. It may act as leader once
        /// it has applied that record.
        epoch_start: Option<i64>,
    },
    /// Begin to write a snapshot that comes in pieces; what an earlier attempt left is worthless.
    BeginSnapshot {
        /// Its id.
        id: OffsetAndEpoch,
    },
    /// Put a piece at the end of the snapshot.
    AppendSnapshot {
        /// Its id.
        id: OffsetAndEpoch,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Verify the snapshot, make it durable, let it replace the log and load it; then report
    /// [`Event::SnapshotInstalled`](super::Event::SnapshotInstalled) or
    /// [`Event::SnapshotRejected`](super::Event::SnapshotRejected).
    InstallSnapshot {
        /// Its id.
        id: OffsetAndEpoch,
    },
    /// Tell the operator.
    Report(Report),
}

/// The records of one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A control batch.
    Control(Vec<ControlRecord>),
    /// Payloads of the state machine.
    Data(Vec<Vec<u8>>),
}

impl Content {
    /// How many records there are.
    #[must_use]
    pub fn record_count(&self) -> usize {
        match self {
            Self::Control(records) => records.len(),
            Self::Data(records) => records.len(),
        }
    }
}

/// What an operator should hear of; none of it changed any state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Report {
    /// A peer named a leader that contradicts the one we know in the same epoch.
    #[error("a peer says that {claimed:?} leads epoch {epoch}, where {known:?} does")]
    InconsistentLeader {
        /// The epoch of both.
        epoch: i32,
        /// What the peer said.
        claimed: Option<i32>,
        /// What this node knows.
        known: Option<i32>,
    },
    /// A leader asked to cut away what is committed here. One of the two lost data.
    #[error(
        "the leader's log diverges at {end}, below the high watermark {high_watermark}: one of the voters lost committed records"
    )]
    DivergedBelowHighWatermark {
        /// Where the leader wants the log cut.
        end: i64,
        /// What this node knows to be committed.
        high_watermark: i64,
    },
    /// Fetched batches do not continue the log.
    #[error(
        "fetched a batch with base offset {base_offset} and epoch {epoch} where the log ends at {log_end} in epoch {leader_epoch}"
    )]
    MisplacedBatch {
        /// The batch's first offset.
        base_offset: i64,
        /// The batch's epoch.
        epoch: i32,
        /// This log's end.
        log_end: i64,
        /// The leader's epoch.
        leader_epoch: i32,
    },
    /// A piece of a snapshot is not the one asked for.
    #[error("fetched a piece of snapshot {id} at {position} that was not asked for")]
    MisplacedChunk {
        /// The snapshot it belongs to.
        id: OffsetAndEpoch,
        /// Where it begins.
        position: i64,
    },
    /// The leader heard from too few voters and steps down.
    #[error("no fetch from a majority of the voters within {timeout_ms} ms; resigning from epoch {epoch}")]
    QuorumLost {
        /// The epoch it led.
        epoch: i32,
        /// The limit.
        timeout_ms: u64,
    },
    /// The voters are committed without this leader.
    #[error("this node has been removed from the voters; resigning from epoch {epoch}")]
    Removed {
        /// The epoch it led.
        epoch: i32,
    },
    /// A peer answered with an error that nothing can be done about here.
    #[error("node {peer} answered with {refusal:?}")]
    Refused {
        /// Who answered.
        peer: i32,
        /// What it answered.
        refusal: Refusal,
    },
}
