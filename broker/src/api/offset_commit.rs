//! OffsetCommit: how far a group has come.

use wire::messages::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use wire::messages::offset_commit_response::{
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use wire::{ErrorCode, Uuid};

use super::coordination::{answer, group_partition, now};
use crate::authorise::{Operation, Resource};
use crate::context::RequestContext;

/// From this version topics are named by id.
const TOPIC_ID_VERSION: i16 = 10;

pub(crate) fn handle(
    context: &RequestContext<'_>,
    mut request: OffsetCommitRequest<'_>,
) -> impl Future<Output = OffsetCommitResponse<'static>> + Send + use<> {
    let mut refused = Vec::new();
    let mut admitted = Vec::new();
    let group = group_partition(context, Operation::Read, &request.group_id);
    for topic in request.topics.to_vec() {
        match &group {
            Ok(_) => admit(context, topic, &mut admitted, &mut refused),
            Err(error) => refused.push(refuse(&topic, *error)),
        }
    }
    let everything: Vec<_> = admitted.iter().map(|topic| (answered_topic(topic), indexes(topic))).collect();
    let waiting = match group {
        Ok(partition) if !admitted.is_empty() => {
            request.topics = admitted.into();
            let version = context.api_version;
            Some(context.broker.groups().commit_offsets(now(context), partition, version, &request))
        }
        _ => None,
    };
    async move {
        if let Some(waiting) = waiting {
            let response = answer(waiting, |error| refuse_everything(everything, error)).await;
            refused.extend(response.topics.iter());
        }
        OffsetCommitResponse { topics: refused.into(), ..OffsetCommitResponse::default() }
    }
}

/// Sorts the partitions of a topic into those to commit and those to refuse.
fn admit<'a>(
    context: &RequestContext<'_>,
    mut topic: OffsetCommitRequestTopic<'a>,
    admitted: &mut Vec<OffsetCommitRequestTopic<'a>>,
    refused: &mut Vec<OffsetCommitResponseTopic<'static>>,
) {
    let image = context.broker.image();
    let by_id = context.api_version >= TOPIC_ID_VERSION;
    let found =
        if by_id { image.topics().by_id(topic.topic_id) } else { image.topics().by_name(&topic.name) };
    if let (true, Some(found)) = (by_id, found) {
        topic.name = found.name().to_string().into();
    }
    if by_id && found.is_none() {
        return refused.push(refuse(&topic, ErrorCode::UnknownTopicId));
    }
    if !context.authorise(Operation::Read, Resource::Topic(&topic.name)) {
        return refused.push(refuse(&topic, ErrorCode::TopicAuthorizationFailed));
    }
    let Some(found) = found else {
        return refused.push(refuse(&topic, ErrorCode::UnknownTopicOrPartition));
    };
    topic.topic_id = found.id();
    let exists = |p: &OffsetCommitRequestPartition<'_>| found.partition(p.partition_index).is_some();
    let (there, absent): (Vec<_>, Vec<_>) = topic.partitions.to_vec().into_iter().partition(exists);
    if !absent.is_empty() {
        let absent = OffsetCommitRequestTopic { partitions: absent.into(), ..topic.clone() };
        refused.push(refuse(&absent, ErrorCode::UnknownTopicOrPartition));
    }
    if !there.is_empty() {
        admitted.push(OffsetCommitRequestTopic { partitions: there.into(), ..topic });
    }
}

fn indexes(topic: &OffsetCommitRequestTopic<'_>) -> Vec<i32> {
    topic.partitions.iter().map(|partition| partition.partition_index).collect()
}

fn answered_topic(topic: &OffsetCommitRequestTopic<'_>) -> (String, Uuid) {
    (topic.name.to_string(), topic.topic_id)
}

fn refuse(topic: &OffsetCommitRequestTopic<'_>, error: ErrorCode) -> OffsetCommitResponseTopic<'static> {
    refuse_partitions(answered_topic(topic), indexes(topic), error)
}

fn refuse_partitions(
    (name, topic_id): (String, Uuid),
    indexes: Vec<i32>,
    error: ErrorCode,
) -> OffsetCommitResponseTopic<'static> {
    let refused = |index| OffsetCommitResponsePartition { partition_index: index, error_code: error.code() };
    let partitions: Vec<_> = indexes.into_iter().map(refused).collect();
    OffsetCommitResponseTopic { name: name.into(), topic_id, partitions: partitions.into() }
}

fn refuse_everything(
    topics: Vec<((String, Uuid), Vec<i32>)>,
    error: ErrorCode,
) -> OffsetCommitResponse<'static> {
    let refused = topics.into_iter().map(|(topic, indexes)| refuse_partitions(topic, indexes, error));
    OffsetCommitResponse { topics: refused.collect::<Vec<_>>().into(), ..OffsetCommitResponse::default() }
}
