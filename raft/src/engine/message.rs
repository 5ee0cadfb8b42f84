//! The quorum's requests and answers, as the engine reads them.
//!
//! Cluster ids, topic names and wire versions are checked before a message gets here. Payload bytes
//! pass through unread: an answer names a range of the log, the executor reads it.

use super::membership::{
    AddVoterRequest, ChangeFault, RemoveVoterRequest, SupportedVersions, UpdateVoterRequest,
    UpgradeKRaftVersionRequest,
};
use super::types::{Endpoint, LeaderAndEpoch, OffsetAndEpoch, ReplicaKey};
use super::voter_history::ControlRecord;

/// Names a request that came in, until its answer has left.
pub type RequestId = u64;

/// Names a request that went out.
pub type CorrelationId = u64;

/// Why a request is refused; the driver maps each to Kafka's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The node is shutting down.
    BrokerNotAvailable,
    /// The sender's epoch is older than ours.
    FencedLeaderEpoch,
    /// The sender's epoch is newer than ours, which we have not heard of.
    UnknownLeaderEpoch,
    /// Only the leader answers this.
    NotLeaderOrFollower,
    /// The sender addressed another node, or another directory of this node.
    InvalidVoterKey,
    /// The message contradicts itself or the protocol.
    InvalidRequest,
    /// The snapshot does not exist, or no longer.
    SnapshotNotFound,
    /// The position lies outside of the snapshot.
    PositionOutOfRange,
    /// The peer does not know this version of the request.
    UnsupportedVersion,
    /// The peer belongs to another cluster.
    InconsistentClusterId,
    /// What was asked for has not come about in time.
    RequestTimedOut,
    /// The node to be added votes already.
    DuplicateVoter,
    /// The replica to be removed or updated does not vote.
    VoterNotFound,
    /// The `kraft.version` cannot be finalised.
    InvalidUpdateVersion,
    /// Any other code, as the peer sent it.
    Other(i16),
}

/// A request of the quorum protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Asks for a vote, or whether one would be given (KIP-996).
    Vote(VoteRequest),
    /// The leader of an epoch introduces itself.
    BeginQuorumEpoch(BeginQuorumEpochRequest),
    /// The leader of an epoch steps down.
    EndQuorumEpoch(EndQuorumEpochRequest),
    /// Asks for records behind an end.
    Fetch(FetchRequest),
    /// Asks for a piece of a snapshot.
    FetchSnapshot(FetchSnapshotRequest),
    /// Asks how far everybody is.
    DescribeQuorum,
    /// Asks for one voter more.
    AddVoter(AddVoterRequest),
    /// Asks for one voter less.
    RemoveVoter(RemoveVoterRequest),
    /// A voter describes itself to the leader.
    UpdateVoter(UpdateVoterRequest),
    /// Asks to finalise a `kraft.version`; never on the wire, the controller asks for it.
    UpgradeKRaftVersion(UpgradeKRaftVersionRequest),
    /// Asks which versions a future voter supports.
    ApiVersions,
}

/// What a peer answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// To [`Request::Vote`].
    Vote(VoteResponse),
    /// To [`Request::BeginQuorumEpoch`].
    BeginQuorumEpoch(EpochResponse),
    /// To [`Request::EndQuorumEpoch`].
    EndQuorumEpoch(EpochResponse),
    /// To [`Request::Fetch`].
    Fetch(FetchResponse<FetchedBatches>),
    /// To [`Request::FetchSnapshot`].
    FetchSnapshot(FetchSnapshotResponse<SnapshotChunk>),
    /// To [`Request::AddVoter`].
    AddVoter(Option<Refusal>),
    /// To [`Request::RemoveVoter`].
    RemoveVoter(Option<Refusal>),
    /// To [`Request::UpdateVoter`].
    UpdateVoter(EpochResponse),
    /// To [`Request::ApiVersions`].
    ApiVersions(Result<SupportedVersions, Refusal>),
}

/// What this node answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To [`Request::Vote`].
    Vote(VoteResponse),
    /// To [`Request::BeginQuorumEpoch`].
    BeginQuorumEpoch(EpochResponse),
    /// To [`Request::EndQuorumEpoch`].
    EndQuorumEpoch(EpochResponse),
    /// To [`Request::Fetch`]; the executor reads the range as the answer leaves.
    Fetch(FetchResponse<LogRange>),
    /// To [`Request::FetchSnapshot`]; the executor reads the range as the answer leaves.
    FetchSnapshot(FetchSnapshotResponse<SnapshotRange>),
    /// To [`Request::DescribeQuorum`].
    DescribeQuorum(Result<QuorumDescription, Refusal>),
    /// To [`Request::AddVoter`].
    AddVoter(Result<(), ChangeFault>),
    /// To [`Request::RemoveVoter`].
    RemoveVoter(Result<(), ChangeFault>),
    /// To [`Request::UpdateVoter`].
    UpdateVoter(EpochResponse),
    /// To [`Request::UpgradeKRaftVersion`].
    UpgradeKRaftVersion(Result<(), ChangeFault>),
}

/// Which kind of answer a request expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestKind {
    Vote,
    BeginQuorumEpoch,
    EndQuorumEpoch,
    Fetch,
    FetchSnapshot,
    AddVoter,
    RemoveVoter,
    UpdateVoter,
    ApiVersions,
}

impl Response {
    pub(crate) fn kind(&self) -> RequestKind {
        match self {
            Self::Vote(_) => RequestKind::Vote,
            Self::BeginQuorumEpoch(_) => RequestKind::BeginQuorumEpoch,
            Self::EndQuorumEpoch(_) => RequestKind::EndQuorumEpoch,
            Self::Fetch(_) => RequestKind::Fetch,
            Self::FetchSnapshot(_) => RequestKind::FetchSnapshot,
            Self::AddVoter(_) => RequestKind::AddVoter,
            Self::RemoveVoter(_) => RequestKind::RemoveVoter,
            Self::UpdateVoter(_) => RequestKind::UpdateVoter,
            Self::ApiVersions(_) => RequestKind::ApiVersions,
        }
    }
}

/// Vote (api 52).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoteRequest {
    /// Whom the candidate addresses; `None` from versions that don't say.
    pub voter: Option<ReplicaKey>,
    /// Who asks.
    pub candidate: ReplicaKey,
    /// The candidate's epoch; for a pre-vote the one before the election it considers.
    pub epoch: i32,
    /// End of the candidate's log.
    pub log_end: OffsetAndEpoch,
    /// Whether only the inclination is asked for (KIP-996).
    pub pre_vote: bool,
}

/// The answer to Vote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoteResponse {
    /// Why it was refused unread, if it was.
    pub refusal: Option<Refusal>,
    /// Leader and epoch as the answering node knows them.
    pub leader: LeaderAndEpoch,
    /// Where that leader listens.
    pub leader_endpoints: Vec<Endpoint>,
    /// Whether the vote is granted.
    pub vote_granted: bool,
}

/// BeginQuorumEpoch (api 53).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeginQuorumEpochRequest {
    /// Whom the leader addresses; `None` from versions that don't say.
    pub voter: Option<ReplicaKey>,
    /// The leader.
    pub leader_id: i32,
    /// Its epoch.
    pub epoch: i32,
    /// Where it listens; empty from versions that don't say.
    pub leader_endpoints: Vec<Endpoint>,
}

/// EndQuorumEpoch (api 54).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndQuorumEpochRequest {
    /// The leader that steps down.
    pub leader_id: i32,
    /// Its epoch.
    pub epoch: i32,
    /// Who should stand first, most up to date first.
    pub preferred_candidates: Vec<ReplicaKey>,
    /// Where the leader listens; empty from versions that don't say.
    pub leader_endpoints: Vec<Endpoint>,
}

/// The answer to BeginQuorumEpoch and EndQuorumEpoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochResponse {
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// Leader and epoch as the answering node knows them.
    pub leader: LeaderAndEpoch,
    /// Where that leader listens.
    pub leader_endpoints: Vec<Endpoint>,
}

/// Fetch (api 1) of the metadata log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchRequest {
    /// Who reads; id -1 for a reader outside of the cluster.
    pub replica: ReplicaKey,
    /// The epoch that the reader is in.
    pub leader_epoch: i32,
    /// End of the reader's log, all of it durable when the reader votes.
    pub fetch_offset: i64,
    /// Epoch of the reader's last record.
    pub last_fetched_epoch: i32,
    /// The high watermark that the reader knows, -1 for none.
    pub high_watermark: i64,
    /// How long the answer may wait for news, in milliseconds.
    pub max_wait_ms: i32,
    /// At most this many bytes of records, but at least one batch.
    pub max_bytes: i32,
}

/// The answer to Fetch; `R` stands for the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchResponse<R> {
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// Leader and epoch as the answering node knows them.
    pub leader: LeaderAndEpoch,
    /// Where that leader listens.
    pub leader_endpoints: Vec<Endpoint>,
    /// The leader's high watermark, -1 while it has none in its epoch.
    pub high_watermark: i64,
    /// The leader's log start.
    pub log_start: i64,
    /// What the reader has to do next.
    pub outcome: FetchOutcome<R>,
}

/// What a reader of the log has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchOutcome<R> {
    /// Append these; there may be none.
    Records(R),
    /// Cut the log back to where this epoch ends, and ask again.
    Diverging(OffsetAndEpoch),
    /// Fetch this snapshot first.
    Snapshot(OffsetAndEpoch),
}

/// Records to be read from the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogRange {
    /// First offset.
    pub from: i64,
    /// Exclusive end; nothing is to be read when it equals `from`.
    pub to: i64,
    /// At most this many bytes, but at least one batch.
    pub max_bytes: i32,
}

/// Record batches from a leader, with what the engine must know of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchedBatches {
    /// One entry per batch, in order.
    pub batches: Vec<BatchSummary>,
    /// The batches themselves, checked against their CRCs.
    pub bytes: Vec<u8>,
}

/// What the engine must know of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchSummary {
    /// First offset.
    pub base_offset: i64,
    /// Last offset, inclusive as in the batch's header.
    pub last_offset: i64,
    /// The leader epoch it was written in.
    pub epoch: i32,
    /// Its control records, with their offsets.
    pub control: Vec<(i64, ControlRecord)>,
}

/// FetchSnapshot (api 59).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchSnapshotRequest {
    /// Who reads.
    pub replica: ReplicaKey,
    /// The epoch that the reader is in.
    pub leader_epoch: i32,
    /// Which snapshot.
    pub snapshot_id: OffsetAndEpoch,
    /// From which byte on.
    pub position: i64,
    /// At most this many bytes.
    pub max_bytes: i32,
}

/// The answer to FetchSnapshot; `C` stands for the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchSnapshotResponse<C> {
    /// Leader and epoch as the answering node knows them.
    pub leader: LeaderAndEpoch,
    /// Where that leader listens.
    pub leader_endpoints: Vec<Endpoint>,
    /// The piece, or why there is none.
    pub chunk: Result<C, Refusal>,
}

/// Bytes to be read from a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotRange {
    /// Which snapshot.
    pub id: OffsetAndEpoch,
    /// From which byte on.
    pub position: i64,
    /// At most this many bytes.
    pub max_bytes: i32,
}

/// A piece of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotChunk {
    /// Which snapshot.
    pub id: OffsetAndEpoch,
    /// Size of the whole snapshot in bytes.
    pub size: i64,
    /// Where the piece begins.
    pub position: i64,
    /// The piece; not aligned to batches.
    pub bytes: Vec<u8>,
}

/// The leader's view of the quorum (DescribeQuorum, api 55).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumDescription {
    /// The leader, which is the answering node.
    pub leader_id: i32,
    /// Its epoch.
    pub epoch: i32,
    /// Its high watermark, -1 while it has none in its epoch.
    pub high_watermark: i64,
    /// The voters, the leader among them, by id.
    pub voters: Vec<ReplicaDescription>,
    /// Those who read without a vote.
    pub observers: Vec<ReplicaDescription>,
}

/// How far one replica is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaDescription {
    /// The replica.
    pub key: ReplicaKey,
    /// Where it listens; empty for observers.
    pub endpoints: Vec<Endpoint>,
    /// End of its log as its last fetch said, -1 before the first.
    pub log_end: i64,
    /// Engine time of its last fetch, `None` before the first.
    pub last_fetch_ms: Option<u64>,
    /// Engine time at which it last had everything, `None` if never.
    pub last_caught_up_ms: Option<u64>,
}
