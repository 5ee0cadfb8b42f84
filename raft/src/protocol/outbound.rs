//! The engine's requests as requests on the wire.

use wire::Uuid;
use wire::messages::begin_quorum_epoch_request as begin_wire;
use wire::messages::end_quorum_epoch_request as end_wire;
use wire::messages::fetch_request as fetch_wire;
use wire::messages::fetch_snapshot_request as snapshot_wire;
use wire::messages::vote_request as vote_wire;

use super::body::{PARTITION, RequestBody, TOPIC_ID, TOPIC_NAME};
use super::membership;
use crate::engine::{
    BeginQuorumEpochRequest, EndQuorumEpochRequest, FetchRequest, FetchSnapshotRequest, ReplicaKey, Request,
    VoteRequest,
};

/// Writes a request to another node of the cluster, which has `timeout_ms` for its answer.
///
/// # Panics
/// For DescribeQuorum and upgrades, which no engine asks of another.
pub(crate) fn write_request(request: &Request, cluster_id: &str, timeout_ms: i32) -> RequestBody {
    match request {
        Request::Vote(request) => RequestBody::Vote(write_vote(request, cluster_id)),
        Request::BeginQuorumEpoch(request) => RequestBody::BeginQuorumEpoch(write_begin(request, cluster_id)),
        Request::EndQuorumEpoch(request) => RequestBody::EndQuorumEpoch(write_end(request, cluster_id)),
        Request::Fetch(request) => RequestBody::Fetch(write_fetch(request, cluster_id)),
        Request::FetchSnapshot(request) => RequestBody::FetchSnapshot(write_snapshot(request, cluster_id)),
        Request::AddVoter(request) => {
            RequestBody::AddRaftVoter(membership::write_add(request, cluster_id, timeout_ms))
        }
        Request::RemoveVoter(request) => {
            RequestBody::RemoveRaftVoter(membership::write_remove(*request, cluster_id))
        }
        Request::UpdateVoter(request) => {
            RequestBody::UpdateRaftVoter(membership::write_update(request, cluster_id))
        }
        Request::ApiVersions => RequestBody::ApiVersions(membership::write_api_versions()),
        Request::DescribeQuorum | Request::UpgradeKRaftVersion(_) => {
            unreachable!("no engine asks this of a peer")
        }
    }
}

fn directory_id(key: Option<ReplicaKey>) -> Uuid {
    key.and_then(|key| key.directory_id).unwrap_or(Uuid::ZERO)
}

fn write_vote(request: &VoteRequest, cluster_id: &str) -> vote_wire::VoteRequest<'static> {
    let partition = vote_wire::PartitionData {
        partition_index: PARTITION,
        replica_epoch: request.epoch,
        replica_id: request.candidate.id,
        replica_directory_id: directory_id(Some(request.candidate)),
        voter_directory_id: directory_id(request.voter),
        last_offset_epoch: request.log_end.epoch,
        last_offset: request.log_end.offset,
        pre_vote: request.pre_vote,
    };
    vote_wire::VoteRequest {
        cluster_id: Some(cluster_id.to_owned().into()),
        voter_id: request.voter.map_or(-1, |key| key.id),
        topics: vec![vote_wire::TopicData {
            topic_name: TOPIC_NAME.into(),
            partitions: vec![partition].into(),
        }]
        .into(),
    }
}

fn write_begin(
    request: &BeginQuorumEpochRequest,
    cluster_id: &str,
) -> begin_wire::BeginQuorumEpochRequest<'static> {
    let partition = begin_wire::PartitionData {
        partition_index: PARTITION,
        voter_directory_id: directory_id(request.voter),
        leader_id: request.leader_id,
        leader_epoch: request.epoch,
    };
    let endpoints = request.leader_endpoints.iter().map(|endpoint| begin_wire::LeaderEndpoint {
        name: endpoint.listener.clone().into(),
        host: endpoint.host.clone().into(),
        port: endpoint.port,
    });
    begin_wire::BeginQuorumEpochRequest {
        cluster_id: Some(cluster_id.to_owned().into()),
        voter_id: request.voter.map_or(-1, |key| key.id),
        topics: vec![begin_wire::TopicData {
            topic_name: TOPIC_NAME.into(),
            partitions: vec![partition].into(),
        }]
        .into(),
        leader_endpoints: endpoints.collect(),
    }
}

fn write_end(request: &EndQuorumEpochRequest, cluster_id: &str) -> end_wire::EndQuorumEpochRequest<'static> {
    let candidates = request.preferred_candidates.iter();
    let partition = end_wire::PartitionData {
        partition_index: PARTITION,
        leader_id: request.leader_id,
        leader_epoch: request.epoch,
        preferred_successors: candidates.clone().map(|key| key.id).collect(),
        preferred_candidates: candidates
            .map(|key| end_wire::ReplicaInfo {
                candidate_id: key.id,
                candidate_directory_id: directory_id(Some(*key)),
            })
            .collect(),
    };
    let endpoints = request.leader_endpoints.iter().map(|endpoint| end_wire::LeaderEndpoint {
        name: endpoint.listener.clone().into(),
        host: endpoint.host.clone().into(),
        port: endpoint.port,
    });
    end_wire::EndQuorumEpochRequest {
        cluster_id: Some(cluster_id.to_owned().into()),
        topics: vec![end_wire::TopicData {
            topic_name: TOPIC_NAME.into(),
            partitions: vec![partition].into(),
        }]
        .into(),
        leader_endpoints: endpoints.collect(),
    }
}

fn write_fetch(request: &FetchRequest, cluster_id: &str) -> fetch_wire::FetchRequest<'static> {
    let partition = fetch_wire::FetchPartition {
        partition: PARTITION,
        current_leader_epoch: request.leader_epoch,
        fetch_offset: request.fetch_offset,
        last_fetched_epoch: request.last_fetched_epoch,
        replica_directory_id: directory_id(Some(request.replica)),
        high_watermark: request.high_watermark,
        ..Default::default()
    };
    fetch_wire::FetchRequest {
        cluster_id: Some(cluster_id.to_owned().into()),
        replica_id: request.replica.id,
        replica_state: fetch_wire::ReplicaState { replica_id: request.replica.id, ..Default::default() },
        max_wait_ms: request.max_wait_ms,
        max_bytes: request.max_bytes,
        topics: vec![fetch_wire::FetchTopic {
            topic: TOPIC_NAME.into(),
            topic_id: TOPIC_ID,
            partitions: vec![partition].into(),
        }]
        .into(),
        ..Default::default()
    }
}

fn write_snapshot(
    request: &FetchSnapshotRequest,
    cluster_id: &str,
) -> snapshot_wire::FetchSnapshotRequest<'static> {
    let partition = snapshot_wire::PartitionSnapshot {
        partition: PARTITION,
        current_leader_epoch: request.leader_epoch,
        snapshot_id: snapshot_wire::SnapshotId {
            end_offset: request.snapshot_id.offset,
            epoch: request.snapshot_id.epoch,
        },
        position: request.position,
        replica_directory_id: directory_id(Some(request.replica)),
    };
    snapshot_wire::FetchSnapshotRequest {
        cluster_id: Some(cluster_id.to_owned().into()),
        replica_id: request.replica.id,
        max_bytes: request.max_bytes,
        topics: vec![snapshot_wire::TopicSnapshot {
            name: TOPIC_NAME.into(),
            partitions: vec![partition].into(),
        }]
        .into(),
    }
}
