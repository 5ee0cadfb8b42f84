//! ListOffsets: offsets by their place in the log or by time.

use std::collections::BTreeSet;

use log_store::log::OffsetSpec;
use wire::ErrorCode;
use wire::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use wire::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};

use crate::authorise::{Operation, Resource};
use crate::context::RequestContext;
use crate::errors::Fault;
use crate::partition::UpTo;

/// First version whose answers can carry a leader epoch.
const FIRST_VERSION_WITH_EPOCHS: i16 = 4;

/// Replica id of a client that is no broker.
const CONSUMER: i32 = -1;

/// Timestamps that stand for a place, and the first version that knows them.
mod place {
    pub(super) const LATEST: i64 = -1;
    pub(super) const EARLIEST: i64 = -2;
    pub(super) const MAX_TIMESTAMP: i64 = -3;
    pub(super) const EARLIEST_LOCAL: i64 = -4;
    pub(super) const LATEST_TIERED: i64 = -5;
    pub(super) const EARLIEST_PENDING_UPLOAD: i64 = -6;

    pub(super) fn first_version(timestamp: i64) -> Option<i16> {
        match timestamp {
            LATEST | EARLIEST | 0.. => Some(1),
            MAX_TIMESTAMP => Some(7),
            EARLIEST_LOCAL => Some(8),
            LATEST_TIERED => Some(9),
            EARLIEST_PENDING_UPLOAD => Some(11),
            _ => None,
        }
    }
}

pub(crate) fn handle(
    ctx: &RequestContext<'_>,
    request: ListOffsetsRequest<'_>,
) -> ListOffsetsResponse<'static> {
    let up_to = match (request.replica_id, request.isolation_level) {
        (CONSUMER, 1) => UpTo::LastStable,
        (CONSUMER, _) => UpTo::HighWatermark,
        _ => UpTo::LogEnd,
    };
    let repeated = repeated(&request);
    let topics = request.topics.iter().map(|topic| {
        let allowed = ctx.authorise(Operation::Describe, Resource::Topic(&topic.name));
        let partitions = topic.partitions.iter().map(|wanted| match allowed {
            false => failed(wanted.partition_index, ErrorCode::TopicAuthorizationFailed),
            true if repeated.contains(&(topic.name.to_string(), wanted.partition_index)) => {
                failed(wanted.partition_index, ErrorCode::InvalidRequest)
            }
            true => find(ctx, &topic, &wanted, up_to),
        });
        ListOffsetsTopicResponse { name: topic.name.to_string().into(), partitions: partitions.collect() }
    });
    ListOffsetsResponse { topics: topics.collect(), ..ListOffsetsResponse::default() }
}

/// Partitions that a request names twice.
fn repeated(request: &ListOffsetsRequest<'_>) -> BTreeSet<(String, i32)> {
    let mut seen = BTreeSet::new();
    let all = request.topics.iter().flat_map(|topic| {
        let indexes = topic.partitions.to_vec();
        indexes.into_iter().map(move |partition| (topic.name.to_string(), partition.partition_index))
    });
    all.filter(|partition| !seen.insert(partition.clone())).collect()
}

fn find(
    ctx: &RequestContext<'_>,
    topic: &ListOffsetsTopic<'_>,
    wanted: &ListOffsetsPartition,
    up_to: UpTo,
) -> ListOffsetsPartitionResponse {
    let known = place::first_version(wanted.timestamp).is_some_and(|first| ctx.api_version >= first);
    if !known {
        return failed(wanted.partition_index, ErrorCode::UnsupportedVersion);
    }
    let spec = match wanted.timestamp {
        place::LATEST => Some(OffsetSpec::Latest),
        place::EARLIEST | place::EARLIEST_LOCAL => Some(OffsetSpec::Earliest),
        place::MAX_TIMESTAMP => Some(OffsetSpec::MaxTimestamp),
        at if at >= 0 => Some(OffsetSpec::At(at)),
        // Nothing is tiered here.
        _ => None,
    };
    let partition = ctx.broker.partitions().by_name(&topic.name, wanted.partition_index);
    let found = partition.map_err(Fault::from).and_then(|partition| match spec {
        Some(spec) => Ok(partition.offset_for(wanted.current_leader_epoch, spec, up_to)?),
        None => Ok(partition.check_epoch(wanted.current_leader_epoch).map(|_| None)?),
    });
    match found {
        Err(fault) => failed(wanted.partition_index, fault.code()),
        Ok(None) => failed(wanted.partition_index, ErrorCode::None),
        Ok(Some(found)) => ListOffsetsPartitionResponse {
            partition_index: wanted.partition_index,
            timestamp: found.timestamp,
            offset: found.offset,
            leader_epoch: found
                .leader_epoch
                .filter(|_| ctx.api_version >= FIRST_VERSION_WITH_EPOCHS)
                .unwrap_or(-1),
            ..ListOffsetsPartitionResponse::default()
        },
    }
}

fn failed(partition_index: i32, code: ErrorCode) -> ListOffsetsPartitionResponse {
    ListOffsetsPartitionResponse {
        partition_index,
        error_code: code.code(),
        timestamp: -1,
        offset: -1,
        leader_epoch: -1,
    }
}
