//! OffsetDelete: a group forgets how far it has come in topics that it no longer reads.

use wire::ErrorCode;
use wire::messages::offset_delete_request::{OffsetDeleteRequest, OffsetDeleteRequestTopic};
use wire::messages::offset_delete_response::{
    OffsetDeleteResponse, OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};

use super::coordination::{answer, group_partition, now};
use crate::authorise::{Operation, Resource};
use crate::context::RequestContext;

pub(crate) fn handle(
    context: &RequestContext<'_>,
    mut request: OffsetDeleteRequest<'_>,
) -> impl Future<Output = OffsetDeleteResponse<'static>> + Send + use<> {
    let mut refused = Vec::new();
    let mut admitted = Vec::new();
    for topic in request.topics.to_vec() {
        admit(context, topic, &mut admitted, &mut refused);
    }
    request.topics = admitted.into();
    let waiting = group_partition(context, Operation::Delete, &request.group_id)
        .and_then(|partition| context.broker.groups().delete_offsets(now(context), partition, &request));
    async move {
        let refuse =
            |error: ErrorCode| OffsetDeleteResponse { error_code: error.code(), ..Default::default() };
        let mut response = answer(waiting, refuse).await;
        if response.error_code == ErrorCode::None.code() {
            refused.extend(response.topics.iter());
            response.topics = refused.into();
        }
        response
    }
}

/// Sorts the partitions of a topic into those whose offsets go and those that are refused.
fn admit<'a>(
    context: &RequestContext<'_>,
    topic: OffsetDeleteRequestTopic<'a>,
    admitted: &mut Vec<OffsetDeleteRequestTopic<'a>>,
    refused: &mut Vec<OffsetDeleteResponseTopic<'static>>,
) {
    if !context.authorise(Operation::Read, Resource::Topic(&topic.name)) {
        return refused.push(refuse(&topic, ErrorCode::TopicAuthorizationFailed));
    }
    let image = context.broker.image();
    let found = image.topics().by_name(&topic.name);
    let exists = |index: i32| found.is_some_and(|found| found.partition(index).is_some());
    let (there, absent): (Vec<_>, Vec<_>) =
        topic.partitions.to_vec().into_iter().partition(|partition| exists(partition.partition_index));
    if !absent.is_empty() {
        let absent = OffsetDeleteRequestTopic { partitions: absent.into(), ..topic.clone() };
        refused.push(refuse(&absent, ErrorCode::UnknownTopicOrPartition));
    }
    if !there.is_empty() {
        admitted.push(OffsetDeleteRequestTopic { partitions: there.into(), ..topic });
    }
}

fn refuse(topic: &OffsetDeleteRequestTopic<'_>, error: ErrorCode) -> OffsetDeleteResponseTopic<'static> {
    let refused = |index| OffsetDeleteResponsePartition { partition_index: index, error_code: error.code() };
    let partitions: Vec<_> = topic.partitions.iter().map(|p| refused(p.partition_index)).collect();
    OffsetDeleteResponseTopic { name: topic.name.to_string().into(), partitions: partitions.into() }
}
