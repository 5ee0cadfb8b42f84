//! Answers from the wire, as the engine reads them.

use super::body::{ResponseBody, TOPIC_NAME};
use super::codes::refusal;
use super::membership;
use super::records::{DamagedBatch, summarise};
use crate::engine::{
    Endpoint, EpochResponse, FetchOutcome, FetchResponse, FetchSnapshotResponse, LeaderAndEpoch,
    OffsetAndEpoch, Refusal, Response, SnapshotChunk, VoteResponse,
};

/// What a peer's answer amounts to.
#[derive(Debug)]
pub(crate) enum Answer {
    /// For the engine.
    Response(Response),
    /// The request was refused as a whole.
    Refused(Refusal),
}

/// Why an answer cannot be used; it is as if none had come.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnusableAnswer {
    /// It is not about the metadata log.
    #[error("the answer is not about {TOPIC_NAME}")]
    OtherPartition,
    /// The records in it are damaged.
    #[error("fetched a damaged batch: {0}")]
    Damaged(#[from] DamagedBatch),
}

/// Reads an answer. `listener` is the controllers' listener, which the leader's endpoint in it is of.
pub(crate) fn read_answer(body: &ResponseBody, listener: &str) -> Result<Answer, UnusableAnswer> {
    let error_code = match body {
        ResponseBody::Vote(response) => response.error_code,
        ResponseBody::BeginQuorumEpoch(response) => response.error_code,
        ResponseBody::EndQuorumEpoch(response) => response.error_code,
        ResponseBody::Fetch(response) => response.error_code,
        ResponseBody::FetchSnapshot(response) => response.error_code,
        ResponseBody::DescribeQuorum(_) => return Err(UnusableAnswer::OtherPartition),
        _ => return Ok(read_membership(body, listener)),
    };
    if let Some(refusal) = refusal(error_code) {
        return Ok(Answer::Refused(refusal));
    }
    let response = read_partition(body, listener)?;
    response.map(Answer::Response).ok_or(UnusableAnswer::OtherPartition)
}

/// Answers that are not about a partition.
fn read_membership(body: &ResponseBody, listener: &str) -> Answer {
    let response = match body {
        ResponseBody::AddRaftVoter(response) => Ok(Response::AddVoter(refusal(response.error_code))),
        ResponseBody::RemoveRaftVoter(response) => Ok(Response::RemoveVoter(refusal(response.error_code))),
        ResponseBody::UpdateRaftVoter(response) => {
            membership::read_update_answer(response, listener).map(Response::UpdateVoter)
        }
        ResponseBody::ApiVersions(response) => {
            Ok(Response::ApiVersions(membership::read_api_versions(response)))
        }
        _ => unreachable!("the others are about the metadata log"),
    };
    response.map_or_else(Answer::Refused, Answer::Response)
}

fn leader(id: i32, epoch: i32) -> LeaderAndEpoch {
    LeaderAndEpoch { leader_id: (id >= 0).then_some(id), epoch }
}

fn read_partition(body: &ResponseBody, listener: &str) -> Result<Option<Response>, UnusableAnswer> {
    let endpoint =
        |host: &str, port: u16| Endpoint { listener: listener.to_owned(), host: host.to_owned(), port };
    Ok(match body {
        ResponseBody::Vote(body) => body.topics.iter().next().and_then(|topic| {
            let partition = topic.partitions.iter().next()?;
            let node = body.node_endpoints.iter().find(|node| node.node_id == partition.leader_id);
            Some(Response::Vote(VoteResponse {
                refusal: refusal(partition.error_code),
                leader: leader(partition.leader_id, partition.leader_epoch),
                leader_endpoints: node.iter().map(|node| endpoint(&node.host, node.port)).collect(),
                vote_granted: partition.vote_granted,
            }))
        }),
        ResponseBody::BeginQuorumEpoch(body) => body.topics.iter().next().and_then(|topic| {
            let partition = topic.partitions.iter().next()?;
            let node = body.node_endpoints.iter().find(|node| node.node_id == partition.leader_id);
            Some(Response::BeginQuorumEpoch(EpochResponse {
                refusal: refusal(partition.error_code),
                leader: leader(partition.leader_id, partition.leader_epoch),
                leader_endpoints: node.iter().map(|node| endpoint(&node.host, node.port)).collect(),
            }))
        }),
        ResponseBody::EndQuorumEpoch(body) => body.topics.iter().next().and_then(|topic| {
            let partition = topic.partitions.iter().next()?;
            let node = body.node_endpoints.iter().find(|node| node.node_id == partition.leader_id);
            Some(Response::EndQuorumEpoch(EpochResponse {
                refusal: refusal(partition.error_code),
                leader: leader(partition.leader_id, partition.leader_epoch),
                leader_endpoints: node.iter().map(|node| endpoint(&node.host, node.port)).collect(),
            }))
        }),
        ResponseBody::Fetch(body) => read_fetch(body, endpoint)?.map(Response::Fetch),
        ResponseBody::FetchSnapshot(body) => read_snapshot(body, endpoint).map(Response::FetchSnapshot),
        _ => None,
    })
}

fn read_fetch(
    body: &wire::messages::fetch_response::FetchResponse<'_>,
    endpoint: impl Fn(&str, u16) -> Endpoint,
) -> Result<Option<FetchResponse<crate::engine::FetchedBatches>>, UnusableAnswer> {
    let Some(topic) = body.responses.iter().next() else { return Ok(None) };
    let Some(partition) = topic.partitions.iter().next() else { return Ok(None) };
    let node = body.node_endpoints.iter().find(|node| node.node_id == partition.current_leader.leader_id);
    let node = node.and_then(|node| Some(endpoint(&node.host, u16::try_from(node.port).ok()?)));
    let outcome = if partition.diverging_epoch.epoch >= 0 {
        let end = &partition.diverging_epoch;
        FetchOutcome::Diverging(OffsetAndEpoch::new(end.end_offset, end.epoch))
    } else if partition.snapshot_id.epoch >= 0 || partition.snapshot_id.end_offset >= 0 {
        let id = &partition.snapshot_id;
        FetchOutcome::Snapshot(OffsetAndEpoch::new(id.end_offset, id.epoch))
    } else {
        let records = partition.records.as_ref().and_then(|records| records.bytes()).unwrap_or_default();
        FetchOutcome::Records(summarise(records)?)
    };
    Ok(Some(FetchResponse {
        refusal: refusal(partition.error_code),
        leader: leader(partition.current_leader.leader_id, partition.current_leader.leader_epoch),
        leader_endpoints: node.into_iter().collect(),
        high_watermark: partition.high_watermark,
        log_start: partition.log_start_offset,
        outcome,
    }))
}

fn read_snapshot(
    body: &wire::messages::fetch_snapshot_response::FetchSnapshotResponse<'_>,
    endpoint: impl Fn(&str, u16) -> Endpoint,
) -> Option<FetchSnapshotResponse<SnapshotChunk>> {
    let topic = body.topics.iter().next()?;
    let partition = topic.partitions.iter().next()?;
    let node = body.node_endpoints.iter().find(|node| node.node_id == partition.current_leader.leader_id);
    let bytes = partition.unaligned_records.as_ref().and_then(|records| records.bytes()).unwrap_or_default();
    let chunk = match refusal(partition.error_code) {
        Some(refusal) => Err(refusal),
        None => Ok(SnapshotChunk {
            id: OffsetAndEpoch::new(partition.snapshot_id.end_offset, partition.snapshot_id.epoch),
            size: partition.size,
            position: partition.position,
            bytes: bytes.to_vec(),
        }),
    };
    Some(FetchSnapshotResponse {
        leader: leader(partition.current_leader.leader_id, partition.current_leader.leader_epoch),
        leader_endpoints: node.iter().map(|node| endpoint(&node.host, node.port)).collect(),
        chunk,
    })
}
