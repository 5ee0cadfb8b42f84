//! The quorum's requests and answers as wire messages.

use wire::messages::add_raft_voter_request::AddRaftVoterRequest;
use wire::messages::add_raft_voter_response::AddRaftVoterResponse;
use wire::messages::api_versions_request::ApiVersionsRequest;
use wire::messages::api_versions_response::ApiVersionsResponse;
use wire::messages::begin_quorum_epoch_request::BeginQuorumEpochRequest;
use wire::messages::begin_quorum_epoch_response::BeginQuorumEpochResponse;
use wire::messages::describe_quorum_request::DescribeQuorumRequest;
use wire::messages::describe_quorum_response::DescribeQuorumResponse;
use wire::messages::end_quorum_epoch_request::EndQuorumEpochRequest;
use wire::messages::end_quorum_epoch_response::EndQuorumEpochResponse;
use wire::messages::fetch_request::FetchRequest;
use wire::messages::fetch_response::FetchResponse;
use wire::messages::fetch_snapshot_request::FetchSnapshotRequest;
use wire::messages::fetch_snapshot_response::FetchSnapshotResponse;
use wire::messages::remove_raft_voter_request::RemoveRaftVoterRequest;
use wire::messages::remove_raft_voter_response::RemoveRaftVoterResponse;
use wire::messages::update_raft_voter_request::UpdateRaftVoterRequest;
use wire::messages::update_raft_voter_response::UpdateRaftVoterResponse;
use wire::messages::vote_request::VoteRequest;
use wire::messages::vote_response::VoteResponse;
use wire::{ApiKey, Uuid};

/// Name of the metadata log's topic.
pub const TOPIC_NAME: &str = "__cluster_metadata";

/// Id of the metadata log's topic, the same in every cluster.
pub const TOPIC_ID: Uuid = Uuid::ONE;

/// The one partition of that topic.
pub(crate) const PARTITION: i32 = 0;

/// A request that a client or another node sent to this one.
#[derive(Clone, Debug, PartialEq)]
pub struct InboundRequest {
    /// Version of the request, which decides what the answer says.
    pub api_version: i16,
    /// Name of the listener it came in on: the answer names the leader's endpoint of the same one.
    pub listener: String,
    /// The request.
    pub body: RequestBody,
}

/// A request of the quorum.
#[derive(Clone, Debug, PartialEq)]
pub enum RequestBody {
    /// Api 52.
    Vote(VoteRequest<'static>),
    /// Api 53.
    BeginQuorumEpoch(BeginQuorumEpochRequest<'static>),
    /// Api 54.
    EndQuorumEpoch(EndQuorumEpochRequest<'static>),
    /// Api 1, for the metadata log.
    Fetch(FetchRequest<'static>),
    /// Api 59.
    FetchSnapshot(FetchSnapshotRequest<'static>),
    /// Api 55.
    DescribeQuorum(DescribeQuorumRequest<'static>),
    /// Api 80.
    AddRaftVoter(AddRaftVoterRequest<'static>),
    /// Api 81.
    RemoveRaftVoter(RemoveRaftVoterRequest<'static>),
    /// Api 82.
    UpdateRaftVoter(UpdateRaftVoterRequest<'static>),
    /// Api 18, which a leader asks of a future voter; never passed in, the listener answers it.
    ApiVersions(ApiVersionsRequest<'static>),
}

impl RequestBody {
    /// Its api.
    #[must_use]
    pub fn api_key(&self) -> ApiKey {
        match self {
            Self::Vote(_) => ApiKey::Vote,
            Self::BeginQuorumEpoch(_) => ApiKey::BeginQuorumEpoch,
            Self::EndQuorumEpoch(_) => ApiKey::EndQuorumEpoch,
            Self::Fetch(_) => ApiKey::Fetch,
            Self::FetchSnapshot(_) => ApiKey::FetchSnapshot,
            Self::DescribeQuorum(_) => ApiKey::DescribeQuorum,
            Self::AddRaftVoter(_) => ApiKey::AddRaftVoter,
            Self::RemoveRaftVoter(_) => ApiKey::RemoveRaftVoter,
            Self::UpdateRaftVoter(_) => ApiKey::UpdateRaftVoter,
            Self::ApiVersions(_) => ApiKey::ApiVersions,
        }
    }
}

/// An answer of the quorum.
#[derive(Clone, Debug, PartialEq)]
pub enum ResponseBody {
    /// To [`RequestBody::Vote`].
    Vote(VoteResponse<'static>),
    /// To [`RequestBody::BeginQuorumEpoch`].
    BeginQuorumEpoch(BeginQuorumEpochResponse<'static>),
    /// To [`RequestBody::EndQuorumEpoch`].
    EndQuorumEpoch(EndQuorumEpochResponse<'static>),
    /// To [`RequestBody::Fetch`].
    Fetch(FetchResponse<'static>),
    /// To [`RequestBody::FetchSnapshot`].
    FetchSnapshot(FetchSnapshotResponse<'static>),
    /// To [`RequestBody::DescribeQuorum`].
    DescribeQuorum(DescribeQuorumResponse<'static>),
    /// To [`RequestBody::AddRaftVoter`].
    AddRaftVoter(AddRaftVoterResponse<'static>),
    /// To [`RequestBody::RemoveRaftVoter`].
    RemoveRaftVoter(RemoveRaftVoterResponse<'static>),
    /// To [`RequestBody::UpdateRaftVoter`].
    UpdateRaftVoter(UpdateRaftVoterResponse<'static>),
    /// To [`RequestBody::ApiVersions`].
    ApiVersions(ApiVersionsResponse<'static>),
}
