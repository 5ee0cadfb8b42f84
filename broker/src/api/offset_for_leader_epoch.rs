//! OffsetForLeaderEpoch: where an epoch ends, for clients whose log may have been cut (KIP-320).

use wire::ErrorCode;
use wire::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition,
};
use wire::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};

use crate::authorise::{Operation, Resource};
use crate::context::RequestContext;
use crate::errors::Fault;

pub(crate) fn handle(
    ctx: &RequestContext<'_>,
    request: OffsetForLeaderEpochRequest<'_>,
) -> OffsetForLeaderEpochResponse<'static> {
    let topics = request.topics.iter().map(|topic| {
        let allowed = ctx.authorise(Operation::ClusterAction, Resource::Cluster)
            || ctx.authorise(Operation::Describe, Resource::Topic(&topic.topic));
        let partitions = topic.partitions.iter().map(|wanted| match allowed {
            true => find(ctx, &topic.topic, &wanted),
            false => failed(wanted.partition, ErrorCode::TopicAuthorizationFailed),
        });
        OffsetForLeaderTopicResult { topic: topic.topic.to_string().into(), partitions: partitions.collect() }
    });
    OffsetForLeaderEpochResponse { topics: topics.collect(), ..OffsetForLeaderEpochResponse::default() }
}

fn find(ctx: &RequestContext<'_>, topic: &str, wanted: &OffsetForLeaderPartition) -> EpochEndOffset {
    let partition = ctx.broker.partitions().by_name(topic, wanted.partition).map_err(Fault::from);
    let found = partition
        .and_then(|partition| Ok(partition.epoch_end(wanted.current_leader_epoch, wanted.leader_epoch)?));
    match found {
        Err(fault) => failed(wanted.partition, fault.code()),
        Ok(None) => failed(wanted.partition, ErrorCode::None),
        Ok(Some((leader_epoch, end_offset))) => EpochEndOffset {
            partition: wanted.partition,
            leader_epoch,
            end_offset,
            ..EpochEndOffset::default()
        },
    }
}

fn failed(partition: i32, code: ErrorCode) -> EpochEndOffset {
    EpochEndOffset { partition, error_code: code.code(), leader_epoch: -1, end_offset: -1 }
}
