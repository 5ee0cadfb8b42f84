//! The engine's replies as answers on the wire.

use wire::ErrorCode;
use wire::Uuid;
use wire::messages::begin_quorum_epoch_response as begin_wire;
use wire::messages::describe_quorum_response as describe_wire;
use wire::messages::end_quorum_epoch_response as end_wire;
use wire::messages::fetch_response as fetch_wire;
use wire::messages::fetch_snapshot_response as snapshot_wire;
use wire::messages::vote_response as vote_wire;

use super::body::{PARTITION, ResponseBody, TOPIC_ID, TOPIC_NAME};
use super::codes::code;
use super::membership;
use crate::engine::{
    Endpoint, EpochResponse, FetchOutcome, FetchResponse, FetchSnapshotResponse, LeaderAndEpoch, LogRange,
    QuorumDescription, Refusal, ReplicaDescription, Reply, SnapshotRange, VoteResponse,
};

/// What an answer depends on beside the reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplyContext<'a> {
    /// Version of the request.
    pub(crate) api_version: i16,
    /// The listener that the request came in on.
    pub(crate) listener: &'a str,
    /// Add this to the engine's time for milliseconds since 1970.
    pub(crate) clock_offset_ms: i64,
}

impl ReplyContext<'_> {
    /// Where the leader listens on the listener that was used, as (id, host, port).
    pub(super) fn leader_node(
        &self,
        leader: LeaderAndEpoch,
        endpoints: &[Endpoint],
    ) -> Option<(i32, String, u16)> {
        let endpoint = endpoints.iter().find(|endpoint| endpoint.listener == self.listener)?;
        Some((leader.leader_id?, endpoint.host.clone(), endpoint.port))
    }
}

/// Bytes that the executor read for a reply: records and nothing else, or a piece of a snapshot with
/// the size of the whole.
#[derive(Debug, Default)]
pub(crate) struct FetchedBytes {
    pub(crate) bytes: Vec<u8>,
    pub(crate) size: i64,
}

/// Writes a reply. `fetched` is what its range holds, or why it could not be read.
///
/// # Panics
/// For UpgradeKRaftVersion, which is not asked for on the wire.
pub(crate) fn write_reply(
    reply: &Reply,
    fetched: Result<FetchedBytes, Refusal>,
    context: ReplyContext<'_>,
) -> ResponseBody {
    match reply {
        Reply::Vote(response) => ResponseBody::Vote(write_vote(response, context)),
        Reply::BeginQuorumEpoch(response) => ResponseBody::BeginQuorumEpoch(write_begin(response, context)),
        Reply::EndQuorumEpoch(response) => ResponseBody::EndQuorumEpoch(write_end(response, context)),
        Reply::Fetch(response) => ResponseBody::Fetch(write_fetch(response, fetched, context)),
        Reply::FetchSnapshot(response) => {
            ResponseBody::FetchSnapshot(write_fetch_snapshot(response, fetched, context))
        }
        Reply::DescribeQuorum(response) => ResponseBody::DescribeQuorum(write_describe(response, context)),
        Reply::AddVoter(result) => ResponseBody::AddRaftVoter(membership::write_add_reply(result)),
        Reply::RemoveVoter(result) => ResponseBody::RemoveRaftVoter(membership::write_remove_reply(result)),
        Reply::UpdateVoter(response) => {
            ResponseBody::UpdateRaftVoter(membership::write_update_reply(response, context))
        }
        Reply::UpgradeKRaftVersion(_) => unreachable!("no peer asks for an upgrade"),
    }
}

fn leader_id(leader: LeaderAndEpoch) -> i32 {
    leader.leader_id.unwrap_or(-1)
}

fn write_vote(response: &VoteResponse, context: ReplyContext<'_>) -> vote_wire::VoteResponse<'static> {
    let partition = vote_wire::PartitionData {
        partition_index: PARTITION,
        error_code: code(response.refusal),
        leader_id: leader_id(response.leader),
        leader_epoch: response.leader.epoch,
        vote_granted: response.vote_granted,
    };
    let node = context.leader_node(response.leader, &response.leader_endpoints);
    let node = node.filter(|_| context.api_version >= 1);
    vote_wire::VoteResponse {
        topics: vec![vote_wire::TopicData {
            topic_name: TOPIC_NAME.into(),
            partitions: vec![partition].into(),
        }]
        .into(),
        node_endpoints: node
            .into_iter()
            .map(|(node_id, host, port)| vote_wire::NodeEndpoint { node_id, host: host.into(), port })
            .collect(),
        ..Default::default()
    }
}

fn write_begin(
    response: &EpochResponse,
    context: ReplyContext<'_>,
) -> begin_wire::BeginQuorumEpochResponse<'static> {
    let partition = begin_wire::PartitionData {
        partition_index: PARTITION,
        error_code: code(response.refusal),
        leader_id: leader_id(response.leader),
        leader_epoch: response.leader.epoch,
    };
    let node = context.leader_node(response.leader, &response.leader_endpoints);
    let node = node.filter(|_| context.api_version >= 1);
    begin_wire::BeginQuorumEpochResponse {
        topics: vec![begin_wire::TopicData {
            topic_name: TOPIC_NAME.into(),
            partitions: vec![partition].into(),
        }]
        .into(),
        node_endpoints: node
            .into_iter()
            .map(|(node_id, host, port)| begin_wire::NodeEndpoint { node_id, host: host.into(), port })
            .collect(),
        ..Default::default()
    }
}

fn write_end(
    response: &EpochResponse,
    context: ReplyContext<'_>,
) -> end_wire::EndQuorumEpochResponse<'static> {
    let partition = end_wire::PartitionData {
        partition_index: PARTITION,
        error_code: code(response.refusal),
        leader_id: leader_id(response.leader),
        leader_epoch: response.leader.epoch,
    };
    let node = context.leader_node(response.leader, &response.leader_endpoints);
    let node = node.filter(|_| context.api_version >= 1);
    end_wire::EndQuorumEpochResponse {
        topics: vec![end_wire::TopicData {
            topic_name: TOPIC_NAME.into(),
            partitions: vec![partition].into(),
        }]
        .into(),
        node_endpoints: node
            .into_iter()
            .map(|(node_id, host, port)| end_wire::NodeEndpoint { node_id, host: host.into(), port })
            .collect(),
        ..Default::default()
    }
}

fn write_fetch(
    response: &FetchResponse<LogRange>,
    fetched: Result<FetchedBytes, Refusal>,
    context: ReplyContext<'_>,
) -> fetch_wire::FetchResponse<'static> {
    let (refusal, records) = match fetched {
        Ok(fetched) => (response.refusal, fetched.bytes),
        Err(refusal) => (Some(refusal), Vec::new()),
    };
    let mut partition = fetch_wire::PartitionData {
        partition_index: PARTITION,
        error_code: code(refusal),
        high_watermark: response.high_watermark,
        log_start_offset: response.log_start,
        current_leader: fetch_wire::LeaderIdAndEpoch {
            leader_id: leader_id(response.leader),
            leader_epoch: response.leader.epoch,
        },
        records: Some(records.into()),
        ..Default::default()
    };
    match response.outcome {
        FetchOutcome::Records(_) => {}
        FetchOutcome::Diverging(end) => {
            partition.diverging_epoch.epoch = end.epoch;
            partition.diverging_epoch.end_offset = end.offset;
        }
        FetchOutcome::Snapshot(id) => {
            partition.snapshot_id.epoch = id.epoch;
            partition.snapshot_id.end_offset = id.offset;
        }
    }
    let node = context.leader_node(response.leader, &response.leader_endpoints);
    let node = node.filter(|_| context.api_version >= 17);
    fetch_wire::FetchResponse {
        responses: vec![fetch_wire::FetchableTopicResponse {
            topic: TOPIC_NAME.into(),
            topic_id: TOPIC_ID,
            partitions: vec![partition].into(),
        }]
        .into(),
        node_endpoints: node
            .into_iter()
            .map(|(node_id, host, port)| fetch_wire::NodeEndpoint {
                node_id,
                host: host.into(),
                port: i32::from(port),
                rack: None,
            })
            .collect(),
        ..Default::default()
    }
}

fn write_fetch_snapshot(
    response: &FetchSnapshotResponse<SnapshotRange>,
    fetched: Result<FetchedBytes, Refusal>,
    context: ReplyContext<'_>,
) -> snapshot_wire::FetchSnapshotResponse<'static> {
    let mut partition = snapshot_wire::PartitionSnapshot {
        index: PARTITION,
        current_leader: snapshot_wire::LeaderIdAndEpoch {
            leader_id: leader_id(response.leader),
            leader_epoch: response.leader.epoch,
        },
        unaligned_records: Some(Vec::new().into()),
        ..Default::default()
    };
    match (response.chunk, fetched) {
        (Err(refusal), _) | (Ok(_), Err(refusal)) => partition.error_code = code(Some(refusal)),
        (Ok(range), Ok(fetched)) => {
            partition.snapshot_id.end_offset = range.id.offset;
            partition.snapshot_id.epoch = range.id.epoch;
            partition.size = fetched.size;
            partition.position = range.position;
            partition.unaligned_records = Some(fetched.bytes.into());
        }
    }
    let node = context.leader_node(response.leader, &response.leader_endpoints);
    let node = node.filter(|_| context.api_version >= 1);
    snapshot_wire::FetchSnapshotResponse {
        topics: vec![snapshot_wire::TopicSnapshot {
            name: TOPIC_NAME.into(),
            partitions: vec![partition].into(),
        }]
        .into(),
        node_endpoints: node
            .into_iter()
            .map(|(node_id, host, port)| snapshot_wire::NodeEndpoint { node_id, host: host.into(), port })
            .collect(),
        ..Default::default()
    }
}

fn write_describe(
    response: &Result<QuorumDescription, Refusal>,
    context: ReplyContext<'_>,
) -> describe_wire::DescribeQuorumResponse<'static> {
    let partition = match response {
        // Who leads is not said: Apache does not either.
        Err(refusal) => describe_wire::PartitionData {
            partition_index: PARTITION,
            error_code: code(Some(*refusal)),
            error_message: Some(ErrorCode::NotLeaderOrFollower.message().into()),
            ..Default::default()
        },
        Ok(quorum) => describe_wire::PartitionData {
            partition_index: PARTITION,
            leader_id: quorum.leader_id,
            leader_epoch: quorum.epoch,
            high_watermark: quorum.high_watermark,
            current_voters: quorum.voters.iter().map(|replica| replica_state(replica, context)).collect(),
            observers: quorum.observers.iter().map(|replica| replica_state(replica, context)).collect(),
            ..Default::default()
        },
    };
    let voters = response.as_ref().map_or(&[][..], |quorum| &quorum.voters);
    let nodes = voters.iter().filter(|_| context.api_version >= 2).map(describe_node);
    describe_wire::DescribeQuorumResponse {
        topics: vec![describe_wire::TopicData {
            topic_name: TOPIC_NAME.into(),
            partitions: vec![partition].into(),
        }]
        .into(),
        nodes: nodes.collect(),
        ..Default::default()
    }
}

fn replica_state(replica: &ReplicaDescription, context: ReplyContext<'_>) -> describe_wire::ReplicaState {
    let timestamp = |engine_ms: Option<u64>| {
        engine_ms
            .map_or(-1, |ms| i64::try_from(ms).unwrap_or(i64::MAX).saturating_add(context.clock_offset_ms))
    };
    describe_wire::ReplicaState {
        replica_id: replica.key.id,
        replica_directory_id: match replica.key.directory_id {
            Some(directory_id) if context.api_version >= 2 => directory_id,
            _ => Uuid::ZERO,
        },
        log_end_offset: replica.log_end,
        last_fetch_timestamp: timestamp(replica.last_fetch_ms),
        last_caught_up_timestamp: timestamp(replica.last_caught_up_ms),
    }
}

fn describe_node(voter: &ReplicaDescription) -> describe_wire::Node<'static> {
    let listener = |endpoint: &Endpoint| describe_wire::Listener {
        name: endpoint.listener.clone().into(),
        host: endpoint.host.clone().into(),
        port: endpoint.port,
    };
    describe_wire::Node { node_id: voter.key.id, listeners: voter.endpoints.iter().map(listener).collect() }
}
