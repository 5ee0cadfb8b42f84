//! Requests from the wire: what concerns another cluster or another log ends here.

use wire::ErrorCode;
use wire::Uuid;
use wire::messages::api_versions_response::ApiVersionsResponse;
use wire::messages::begin_quorum_epoch_request as begin_wire;
use wire::messages::begin_quorum_epoch_response::BeginQuorumEpochResponse;
use wire::messages::describe_quorum_request as describe_wire;
use wire::messages::describe_quorum_response as describe_response;
use wire::messages::end_quorum_epoch_request as end_wire;
use wire::messages::end_quorum_epoch_response::EndQuorumEpochResponse;
use wire::messages::fetch_request as fetch_wire;
use wire::messages::fetch_response::FetchResponse;
use wire::messages::fetch_snapshot_request as snapshot_wire;
use wire::messages::fetch_snapshot_response as snapshot_response;
use wire::messages::vote_request as vote_wire;
use wire::messages::vote_response::VoteResponse;

use super::body::{PARTITION, RequestBody, ResponseBody, TOPIC_ID, TOPIC_NAME};
use super::membership;
use crate::engine::{
    BeginQuorumEpochRequest, EndQuorumEpochRequest, Endpoint, FetchRequest, FetchSnapshotRequest,
    OffsetAndEpoch, ReplicaKey, Request, VoteRequest,
};

/// A request that was looked at.
#[derive(Debug)]
pub(crate) enum Inbound {
    /// The engine answers it.
    Request(Request),
    /// It has no business here; this is the answer.
    Refused(ResponseBody),
}

/// Reads a request that claims to belong to `cluster_id`.
pub(crate) fn read_request(body: RequestBody, cluster_id: &str) -> Inbound {
    match body {
        RequestBody::Vote(request) => read_vote(&request, cluster_id),
        RequestBody::BeginQuorumEpoch(request) => read_begin(&request, cluster_id),
        RequestBody::EndQuorumEpoch(request) => read_end(&request, cluster_id),
        RequestBody::Fetch(request) => read_fetch(&request, cluster_id),
        RequestBody::FetchSnapshot(request) => read_fetch_snapshot(&request, cluster_id),
        RequestBody::DescribeQuorum(request) => read_describe(&request),
        RequestBody::AddRaftVoter(request) => match membership::read_add(&request, cluster_id) {
            Ok(request) => Inbound::Request(Request::AddVoter(request)),
            Err(response) => Inbound::Refused(ResponseBody::AddRaftVoter(response)),
        },
        RequestBody::RemoveRaftVoter(request) => match membership::read_remove(&request, cluster_id) {
            Ok(request) => Inbound::Request(Request::RemoveVoter(request)),
            Err(response) => Inbound::Refused(ResponseBody::RemoveRaftVoter(response)),
        },
        RequestBody::UpdateRaftVoter(request) => match membership::read_update(&request, cluster_id) {
            Ok(request) => Inbound::Request(Request::UpdateVoter(request)),
            Err(response) => Inbound::Refused(ResponseBody::UpdateRaftVoter(response)),
        },
        // Not the quorum's to answer.
        RequestBody::ApiVersions(_) => Inbound::Refused(ResponseBody::ApiVersions(ApiVersionsResponse {
            error_code: ErrorCode::UnsupportedVersion.code(),
            ..Default::default()
        })),
    }
}

/// A request may leave the cluster out, but not name another.
fn cluster_fault(claimed: Option<&str>, cluster_id: &str) -> Option<i16> {
    claimed.is_some_and(|claimed| claimed != cluster_id).then(|| ErrorCode::InconsistentClusterId.code())
}

/// A key that a request may leave out.
fn addressee(id: i32, directory_id: Uuid) -> Option<ReplicaKey> {
    (id >= 0).then(|| ReplicaKey::of(id, directory_id))
}

/// The one element that there must be.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

const INVALID: i16 = ErrorCode::InvalidRequest as i16;

fn read_vote(request: &vote_wire::VoteRequest<'_>, cluster_id: &str) -> Inbound {
    let refused =
        |error_code| Inbound::Refused(ResponseBody::Vote(VoteResponse { error_code, ..Default::default() }));
    if let Some(code) = cluster_fault(request.cluster_id.as_deref(), cluster_id) {
        return refused(code);
    }
    let topic = only(request.topics.iter()).filter(|topic| topic.topic_name == TOPIC_NAME);
    let partition = topic.and_then(|topic| only(topic.partitions.iter()));
    let Some(partition) = partition.filter(|partition| partition.partition_index == PARTITION) else {
        return refused(INVALID);
    };
    Inbound::Request(Request::Vote(VoteRequest {
        voter: addressee(request.voter_id, partition.voter_directory_id),
        candidate: ReplicaKey::of(partition.replica_id, partition.replica_directory_id),
        epoch: partition.replica_epoch,
        log_end: OffsetAndEpoch::new(partition.last_offset, partition.last_offset_epoch),
        pre_vote: partition.pre_vote,
    }))
}

fn read_begin(request: &begin_wire::BeginQuorumEpochRequest<'_>, cluster_id: &str) -> Inbound {
    let refused = |error_code| {
        let response = BeginQuorumEpochResponse { error_code, ..Default::default() };
        Inbound::Refused(ResponseBody::BeginQuorumEpoch(response))
    };
    if let Some(code) = cluster_fault(request.cluster_id.as_deref(), cluster_id) {
        return refused(code);
    }
    let topic = only(request.topics.iter()).filter(|topic| topic.topic_name == TOPIC_NAME);
    let partition = topic.and_then(|topic| only(topic.partitions.iter()));
    let Some(partition) = partition.filter(|partition| partition.partition_index == PARTITION) else {
        return refused(INVALID);
    };
    let endpoint = |endpoint: begin_wire::LeaderEndpoint<'_>| Endpoint {
        listener: endpoint.name.into_owned(),
        host: endpoint.host.into_owned(),
        port: endpoint.port,
    };
    Inbound::Request(Request::BeginQuorumEpoch(BeginQuorumEpochRequest {
        voter: addressee(request.voter_id, partition.voter_directory_id),
        leader_id: partition.leader_id,
        epoch: partition.leader_epoch,
        leader_endpoints: request.leader_endpoints.iter().map(endpoint).collect(),
    }))
}

fn read_end(request: &end_wire::EndQuorumEpochRequest<'_>, cluster_id: &str) -> Inbound {
    let refused = |error_code| {
        let response = EndQuorumEpochResponse { error_code, ..Default::default() };
        Inbound::Refused(ResponseBody::EndQuorumEpoch(response))
    };
    if let Some(code) = cluster_fault(request.cluster_id.as_deref(), cluster_id) {
        return refused(code);
    }
    let topic = only(request.topics.iter()).filter(|topic| topic.topic_name == TOPIC_NAME);
    let partition = topic.and_then(|topic| only(topic.partitions.iter()));
    let Some(partition) = partition.filter(|partition| partition.partition_index == PARTITION) else {
        return refused(INVALID);
    };
    let endpoint = |endpoint: end_wire::LeaderEndpoint<'_>| Endpoint {
        listener: endpoint.name.into_owned(),
        host: endpoint.host.into_owned(),
        port: endpoint.port,
    };
    Inbound::Request(Request::EndQuorumEpoch(EndQuorumEpochRequest {
        leader_id: partition.leader_id,
        epoch: partition.leader_epoch,
        preferred_candidates: preferred_candidates(&partition),
        leader_endpoints: request.leader_endpoints.iter().map(endpoint).collect(),
    }))
}

/// Version 0 names successors by id only.
fn preferred_candidates(partition: &end_wire::PartitionData<'_>) -> Vec<ReplicaKey> {
    if partition.preferred_candidates.is_empty() {
        let successors = partition.preferred_successors.iter();
        return successors.map(|id| ReplicaKey { id, directory_id: None }).collect();
    }
    let candidates = partition.preferred_candidates.iter();
    candidates.map(|key| ReplicaKey::of(key.candidate_id, key.candidate_directory_id)).collect()
}

fn read_fetch(request: &fetch_wire::FetchRequest<'_>, cluster_id: &str) -> Inbound {
    let refused = |error_code| {
        Inbound::Refused(ResponseBody::Fetch(FetchResponse { error_code, ..Default::default() }))
    };
    if let Some(code) = cluster_fault(request.cluster_id.as_deref(), cluster_id) {
        return refused(code);
    }
    // By id from version 13 on, by name before.
    let is_ours =
        |topic: &fetch_wire::FetchTopic<'_>| topic.topic_id == TOPIC_ID || topic.topic == TOPIC_NAME;
    let partition =
        only(request.topics.iter()).filter(is_ours).and_then(|topic| only(topic.partitions.iter()));
    let Some(partition) = partition.filter(|partition| partition.partition == PARTITION) else {
        return refused(INVALID);
    };
    let state_id = request.replica_state.replica_id;
    let replica_id = if state_id >= 0 { state_id } else { request.replica_id };
    Inbound::Request(Request::Fetch(FetchRequest {
        replica: ReplicaKey::of(replica_id, partition.replica_directory_id),
        leader_epoch: partition.current_leader_epoch,
        fetch_offset: partition.fetch_offset,
        last_fetched_epoch: partition.last_fetched_epoch,
        high_watermark: partition.high_watermark,
        max_wait_ms: request.max_wait_ms,
        max_bytes: request.max_bytes,
    }))
}

fn read_fetch_snapshot(request: &snapshot_wire::FetchSnapshotRequest<'_>, cluster_id: &str) -> Inbound {
    let refused = |response| Inbound::Refused(ResponseBody::FetchSnapshot(response));
    let at_top = |error_code| snapshot_response::FetchSnapshotResponse { error_code, ..Default::default() };
    if let Some(code) = cluster_fault(request.cluster_id.as_deref(), cluster_id) {
        return refused(at_top(code));
    }
    let Some(topic) = only(request.topics.iter()) else { return refused(at_top(INVALID)) };
    let Some(partition) = only(topic.partitions.iter()) else { return refused(at_top(INVALID)) };
    if topic.name != TOPIC_NAME || partition.partition != PARTITION {
        let unknown = snapshot_response::PartitionSnapshot {
            index: partition.partition,
            error_code: ErrorCode::UnknownTopicOrPartition.code(),
            ..Default::default()
        };
        let topic = snapshot_response::TopicSnapshot {
            name: topic.name.into_owned().into(),
            partitions: vec![unknown].into(),
        };
        let topics = vec![topic].into();
        return refused(snapshot_response::FetchSnapshotResponse { topics, ..Default::default() });
    }
    Inbound::Request(Request::FetchSnapshot(FetchSnapshotRequest {
        replica: ReplicaKey::of(request.replica_id, partition.replica_directory_id),
        leader_epoch: partition.current_leader_epoch,
        snapshot_id: OffsetAndEpoch::new(partition.snapshot_id.end_offset, partition.snapshot_id.epoch),
        position: partition.position,
        max_bytes: request.max_bytes,
    }))
}

/// Any other partition than that of the metadata log is unknown; each is answered for itself.
fn read_describe(request: &describe_wire::DescribeQuorumRequest<'_>) -> Inbound {
    let topic = only(request.topics.iter()).filter(|topic| topic.topic_name == TOPIC_NAME);
    let partition = topic.and_then(|topic| only(topic.partitions.iter()));
    if partition.is_some_and(|partition| partition.partition_index == PARTITION) {
        return Inbound::Request(Request::DescribeQuorum);
    }
    let unknown = |partition: describe_wire::PartitionData| describe_response::PartitionData {
        partition_index: partition.partition_index,
        error_code: ErrorCode::UnknownTopicOrPartition.code(),
        ..Default::default()
    };
    let topics = request.topics.iter().map(|topic| describe_response::TopicData {
        topic_name: topic.topic_name.into_owned().into(),
        partitions: topic.partitions.iter().map(unknown).collect(),
    });
    let response =
        describe_response::DescribeQuorumResponse { topics: topics.collect(), ..Default::default() };
    Inbound::Refused(ResponseBody::DescribeQuorum(response))
}
