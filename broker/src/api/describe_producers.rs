//! DescribeProducers: who writes to a partition with sequences or transactions (KIP-664).

use log_store::log::Log;
use log_store::producers::ProducerEntry;
use wire::ErrorCode;
use wire::messages::describe_producers_request::DescribeProducersRequest;
use wire::messages::describe_producers_response::{
    DescribeProducersResponse, PartitionResponse, ProducerState, TopicResponse,
};

use crate::authorise::{Operation, Resource};
use crate::context::RequestContext;
use crate::errors::Fault;
use crate::partitions::LookupFault;

pub(crate) fn handle(
    ctx: &RequestContext<'_>,
    request: DescribeProducersRequest<'_>,
) -> DescribeProducersResponse<'static> {
    let topics = request.topics.iter().map(|topic| {
        let allowed = ctx.authorise(Operation::Read, Resource::Topic(&topic.name));
        let partitions = topic.partition_indexes.iter().map(|index| {
            let described = match allowed {
                true => describe(ctx, &topic.name, index).map_err(|fault| fault.code()),
                false => Err(ErrorCode::TopicAuthorizationFailed),
            };
            let error_code = described.as_ref().err().copied().unwrap_or_default().code();
            PartitionResponse {
                partition_index: index,
                error_code,
                error_message: None,
                active_producers: described.unwrap_or_default().into(),
            }
        });
        TopicResponse { name: topic.name.to_string().into(), partitions: partitions.collect() }
    });
    DescribeProducersResponse { topics: topics.collect(), ..DescribeProducersResponse::default() }
}

fn describe(ctx: &RequestContext<'_>, topic: &str, index: i32) -> Result<Vec<ProducerState>, Fault> {
    let partition = ctx.broker.partitions().by_name(topic, index)?;
    partition.check_epoch(-1)?;
    let all = |log: &mut Log| log.producers().iter().map(|(id, entry)| state(id, entry)).collect();
    Ok(partition.with_log(all).ok_or(LookupFault::Unknown)?)
}

fn state(producer_id: i64, entry: &ProducerEntry) -> ProducerState {
    ProducerState {
        producer_id,
        producer_epoch: i32::from(entry.producer_epoch),
        last_sequence: entry.last_sequence(),
        last_timestamp: entry.last_timestamp,
        coordinator_epoch: entry.coordinator_epoch,
        current_txn_start_offset: entry.current_txn_first_offset.unwrap_or(-1),
    }
}
