//! DeleteRecords: moves the start of partitions up (KIP-107).

use wire::ErrorCode;
use wire::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsRequest};
use wire::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsResponse, DeleteRecordsTopicResult,
};

use crate::authorise::{Operation, Resource};
use crate::context::RequestContext;
use crate::errors::Fault;
use crate::topic_names;

pub(crate) fn handle(
    ctx: &RequestContext<'_>,
    request: DeleteRecordsRequest<'_>,
) -> DeleteRecordsResponse<'static> {
    let topics = request.topics.iter().map(|topic| {
        let refused = refusal(ctx, &topic.name);
        let partitions = topic.partitions.iter().map(|wanted| match refused {
            Some(code) => failed(wanted.partition_index, code),
            None => delete(ctx, &topic.name, &wanted),
        });
        DeleteRecordsTopicResult { name: topic.name.to_string().into(), partitions: partitions.collect() }
    });
    DeleteRecordsResponse { topics: topics.collect(), ..DeleteRecordsResponse::default() }
}

fn refusal(ctx: &RequestContext<'_>, topic: &str) -> Option<ErrorCode> {
    if !ctx.authorise(Operation::Delete, Resource::Topic(topic)) {
        return Some(ErrorCode::TopicAuthorizationFailed);
    }
    if ctx.broker.image().topics().by_name(topic).is_none() {
        return Some(ErrorCode::UnknownTopicOrPartition);
    }
    topic_names::is_internal(topic).then_some(ErrorCode::InvalidTopicException)
}

fn delete(
    ctx: &RequestContext<'_>,
    topic: &str,
    wanted: &DeleteRecordsPartition,
) -> DeleteRecordsPartitionResult {
    let partition = ctx.broker.partitions().by_name(topic, wanted.partition_index).map_err(Fault::from);
    match partition.and_then(|partition| Ok(partition.delete_records(wanted.offset)?)) {
        Err(fault) => failed(wanted.partition_index, fault.code()),
        Ok(low_watermark) => DeleteRecordsPartitionResult {
            partition_index: wanted.partition_index,
            low_watermark,
            ..DeleteRecordsPartitionResult::default()
        },
    }
}

fn failed(partition_index: i32, code: ErrorCode) -> DeleteRecordsPartitionResult {
    DeleteRecordsPartitionResult { partition_index, low_watermark: -1, error_code: code.code() }
}
