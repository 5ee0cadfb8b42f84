//! OffsetFetch: how far groups have come.

use wire::messages::offset_fetch_request::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use wire::messages::offset_fetch_response::{
    OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use wire::{ErrorCode, Uuid};

use super::coordination::{group_partition, now};
use crate::authorise::{Operation, Resource};
use crate::context::RequestContext;

/// From this version a request asks for several groups.
const GROUPS_VERSION: i16 = 8;
/// From this version topics are named by id.
const TOPIC_ID_VERSION: i16 = 10;

pub(crate) fn handle(
    context: &RequestContext<'_>,
    request: OffsetFetchRequest<'_>,
) -> OffsetFetchResponse<'static> {
    if context.api_version >= GROUPS_VERSION {
        let fetch = |group: OffsetFetchRequestGroup<'_>| fetch_group(context, &group, request.require_stable);
        let groups: Vec<_> = request.groups.iter().map(fetch).collect();
        return OffsetFetchResponse { groups: groups.into(), ..OffsetFetchResponse::default() };
    }
    let topic =
        |topic: wire::messages::offset_fetch_request::OffsetFetchRequestTopic<'_>| OffsetFetchRequestTopics {
            name: topic.name.into_owned().into(),
            partition_indexes: topic.partition_indexes.to_vec().into(),
            ..OffsetFetchRequestTopics::default()
        };
    let group = OffsetFetchRequestGroup {
        group_id: request.group_id.clone(),
        topics: request.topics.as_ref().map(|topics| topics.iter().map(topic).collect::<Vec<_>>().into()),
        ..OffsetFetchRequestGroup::default()
    };
    about_one_group(fetch_group(context, &group, request.require_stable))
}

fn fetch_group(
    context: &RequestContext<'_>,
    group: &OffsetFetchRequestGroup<'_>,
    require_stable: bool,
) -> OffsetFetchResponseGroup<'static> {
    let id = group.group_id.to_string();
    let fetched =
        group_partition(context, Operation::Describe, &id).and_then(|partition| match &group.topics {
            None => fetch_all(context, partition, &id, require_stable),
            Some(topics) => topics
                .iter()
                .map(|topic| fetch_topic(context, partition, &id, &topic, require_stable))
                .collect(),
        });
    let (topics, error) = match fetched {
        Ok(topics) => (topics, ErrorCode::None),
        Err(error) => (Vec::new(), error),
    };
    OffsetFetchResponseGroup { group_id: id.into(), topics: topics.into(), error_code: error.code() }
}

fn fetch_topic(
    context: &RequestContext<'_>,
    partition: i32,
    group: &str,
    topic: &OffsetFetchRequestTopics<'_>,
    require_stable: bool,
) -> Result<OffsetFetchResponseTopics<'static>, ErrorCode> {
    let image = context.broker.image();
    let name = match context.api_version >= TOPIC_ID_VERSION {
        true => match image.topics().by_id(topic.topic_id) {
            Some(found) => found.name().to_string(),
            None => return Ok(refused(topic, ErrorCode::UnknownTopicId)),
        },
        false => topic.name.to_string(),
    };
    if !context.authorise(Operation::Describe, Resource::Topic(&name)) {
        return Ok(refused(topic, ErrorCode::TopicAuthorizationFailed));
    }
    let indexes = topic.partition_indexes.iter();
    let topic = (name.as_str(), topic.topic_id);
    context.broker.groups().fetch_offsets(now(context), partition, group, topic, indexes, require_stable)
}

fn fetch_all(
    context: &RequestContext<'_>,
    partition: i32,
    group: &str,
    require_stable: bool,
) -> Result<Vec<OffsetFetchResponseTopics<'static>>, ErrorCode> {
    let mut topics =
        context.broker.groups().fetch_all_offsets(now(context), partition, group, require_stable)?;
    topics.retain(|topic| context.authorise(Operation::Describe, Resource::Topic(&topic.name)));
    if context.api_version >= TOPIC_ID_VERSION {
        let image = context.broker.image();
        for topic in &mut topics {
            topic.topic_id = image.topics().by_name(&topic.name).map_or(Uuid::ZERO, |found| found.id());
        }
        // A topic that is gone has no id to be named by.
        topics.retain(|topic| topic.topic_id != Uuid::ZERO);
    }
    Ok(topics)
}

fn refused(topic: &OffsetFetchRequestTopics<'_>, error: ErrorCode) -> OffsetFetchResponseTopics<'static> {
    let refuse = |index| OffsetFetchResponsePartitions {
        partition_index: index,
        committed_offset: -1,
        committed_leader_epoch: -1,
        error_code: error.code(),
        ..OffsetFetchResponsePartitions::default()
    };
    OffsetFetchResponseTopics {
        name: topic.name.to_string().into(),
        topic_id: topic.topic_id,
        partitions: topic.partition_indexes.iter().map(refuse).collect::<Vec<_>>().into(),
    }
}

/// The answer where old clients look for it.
fn about_one_group(group: OffsetFetchResponseGroup<'static>) -> OffsetFetchResponse<'static> {
    let partition = |p: OffsetFetchResponsePartitions<'static>| OffsetFetchResponsePartition {
        partition_index: p.partition_index,
        committed_offset: p.committed_offset,
        committed_leader_epoch: p.committed_leader_epoch,
        metadata: p.metadata,
        error_code: p.error_code,
    };
    let topic = |topic: OffsetFetchResponseTopics<'static>| OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic.partitions.iter().map(partition).collect::<Vec<_>>().into(),
    };
    OffsetFetchResponse {
        topics: group.topics.iter().map(topic).collect::<Vec<_>>().into(),
        error_code: group.error_code,
        ..OffsetFetchResponse::default()
    }
}
