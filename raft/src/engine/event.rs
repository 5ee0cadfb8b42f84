//! What the engine is told.

use super::message::{CorrelationId, Refusal, Request, RequestId, Response};
use super::types::OffsetAndEpoch;
use super::voters::VoterSet;

/// One thing that happened. The executor reports the completion of effects the same way as it
/// reports the world outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Time went by; due when [`Engine::next_deadline_ms`](super::Engine::next_deadline_ms) is.
    Tick,
    /// A peer or a client asks.
    Request {
        /// Given back with the answer.
        id: RequestId,
        /// What it asks.
        request: Request,
    },
    /// A peer answered.
    Response {
        /// From [`Effect::SendRequest`](super::Effect::SendRequest).
        correlation_id: CorrelationId,
        /// The answer.
        response: Response,
    },
    /// A request could not be delivered, or its connection broke before the answer.
    SendFailed {
        /// From [`Effect::SendRequest`](super::Effect::SendRequest).
        correlation_id: CorrelationId,
    },
    /// A peer refused a request as a whole, with no word on epochs and leaders.
    Refused {
        /// From [`Effect::SendRequest`](super::Effect::SendRequest).
        correlation_id: CorrelationId,
        /// Why.
        refusal: Refusal,
    },
    /// The state machine wants these appended, each inner list as one atomic batch. Dropped when
    /// this node no longer leads `epoch`: their author hears of it as a change of leader.
    Propose {
        /// The epoch that the author believes to lead.
        epoch: i32,
        /// Batches of record payloads, none of them empty.
        batches: Vec<Vec<Vec<u8>>>,
    },
    /// The last [`Effect::PersistQuorumState`](super::Effect::PersistQuorumState) is durable.
    QuorumStatePersisted,
    /// The log is durable up to `end`.
    Flushed {
        /// Exclusive; never beyond what was appended.
        end: i64,
    },
    /// A snapshot that the local state machine wrote is durable.
    SnapshotFrozen {
        /// Its id; at or below the high watermark.
        id: OffsetAndEpoch,
    },
    /// The snapshot of [`Effect::InstallSnapshot`](super::Effect::InstallSnapshot) is durable and
    /// has replaced the log.
    SnapshotInstalled {
        /// Its id.
        id: OffsetAndEpoch,
        /// `kraft.version` as of the snapshot.
        kraft_version: i16,
        /// The voters as of the snapshot, where it says.
        voters: Option<VoterSet>,
    },
    /// A fetched snapshot turned out to be damaged and was thrown away.
    SnapshotRejected {
        /// Its id.
        id: OffsetAndEpoch,
    },
    /// Records and snapshots before `start` are gone.
    LogStartAdvanced {
        /// Ends a durable snapshot.
        start: i64,
    },
    /// The state machine gives up the leadership of `epoch`.
    Resign {
        /// The epoch it leads; an older one is ignored.
        epoch: i32,
    },
    /// The node stops: a leader hands over, nobody stands for election any more.
    Shutdown,
}
