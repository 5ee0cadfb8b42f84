//! DescribeTopicPartitions: topics in pages (KIP-966).

use std::borrow::Cow;
use std::collections::BTreeSet;

use metadata::image::{MetadataImage, Topic};
use wire::messages::describe_topic_partitions_request::DescribeTopicPartitionsRequest;
use wire::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponse, DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic,
};
use wire::{ErrorCode, Uuid};

use crate::authorise::{Operation, Resource};
use crate::cluster_view::ClusterView;
use crate::context::RequestContext;
use crate::topic_names;

pub(crate) fn handle(
    ctx: &RequestContext<'_>,
    request: DescribeTopicPartitionsRequest<'_>,
) -> DescribeTopicPartitionsResponse<'static> {
    let from = request.cursor.as_ref().map_or("", |cursor| &*cursor.topic_name);
    let first = request.cursor.as_ref().map_or(0, |cursor| cursor.partition_index);
    let named: BTreeSet<Cow<'_, str>> = request.topics.iter().map(|topic| topic.name).collect();
    let is_listed = request.cursor.is_none() || named.is_empty() || named.contains(from);
    if first < 0 || !is_listed {
        return refused(&request);
    }
    let image = ctx.broker.image();
    let asked = usize::try_from(request.response_partition_limit).unwrap_or(0);
    let left = asked.min(ctx.broker.settings().request_partitions_max).max(1);
    let mut page = Page { ctx, image: &image, from, first, left, topics: Vec::new(), next: None };
    if named.is_empty() {
        page.all_topics();
    } else {
        page.named_topics(named.iter().filter(|name| name.as_ref() >= from));
    }
    DescribeTopicPartitionsResponse {
        topics: page.topics.into(),
        next_cursor: page.next,
        ..DescribeTopicPartitionsResponse::default()
    }
}

/// A page that is being filled.
struct Page<'a> {
    ctx: &'a RequestContext<'a>,
    image: &'a MetadataImage,
    /// Topic and partition to begin with.
    from: &'a str,
    first: i32,
    /// Partitions that still fit.
    left: usize,
    topics: Vec<DescribeTopicPartitionsResponseTopic<'static>>,
    next: Option<Cursor<'static>>,
}

impl Page<'_> {
    fn all_topics(&mut self) {
        let image = self.image;
        for topic in image.topics().iter_from(self.from) {
            if self.may_describe(topic.name()) && !self.add(topic) {
                return;
            }
        }
    }

    fn named_topics<'n>(&mut self, names: impl Iterator<Item = &'n Cow<'n, str>>) {
        let mut hidden = Vec::new();
        for name in names {
            if !self.may_describe(name) {
                hidden.push(bare_topic(name, ErrorCode::TopicAuthorizationFailed));
            } else if let Some(topic) = self.image.topics().by_name(name) {
                if !self.add(topic) {
                    break;
                }
            } else if self.left == 0 {
                self.continue_at(name, 0);
                break;
            } else if topic_names::is_valid(name) {
                self.topics.push(bare_topic(name, ErrorCode::UnknownTopicOrPartition));
            } else {
                self.topics.push(bare_topic(name, ErrorCode::InvalidTopicException));
            }
        }
        self.topics.extend(hidden);
    }

    fn may_describe(&self, name: &str) -> bool {
        self.ctx.authorise(Operation::Describe, Resource::Topic(name))
    }

    /// Adds what fits of a topic. False when the page is full.
    fn add(&mut self, topic: &Topic) -> bool {
        let name = topic.name();
        if self.left == 0 {
            self.continue_at(name, 0);
            return false;
        }
        let first = if **name == *self.from { self.first } else { 0 };
        let end = (first as usize + self.left).min(topic.partition_count() as usize) as i32;
        let partitions: Vec<_> = (first..end).filter_map(|index| self.describe(topic, index)).collect();
        self.left -= partitions.len();
        self.topics.push(DescribeTopicPartitionsResponseTopic {
            name: Some(name.to_string().into()),
            topic_id: topic.id(),
            is_internal: topic_names::is_internal(name),
            partitions: partitions.into(),
            topic_authorized_operations: self.ctx.authorised_operations(Resource::Topic(name)),
            ..DescribeTopicPartitionsResponseTopic::default()
        });
        if end < topic.partition_count() {
            self.continue_at(name, end);
            return false;
        }
        true
    }

    fn continue_at(&mut self, topic: &str, partition_index: i32) {
        self.next = Some(Cursor { topic_name: topic.to_owned().into(), partition_index });
    }

    fn describe(
        &self,
        topic: &Topic,
        index: i32,
    ) -> Option<DescribeTopicPartitionsResponsePartition<'static>> {
        let partition = topic.partition(index)?;
        let view = ClusterView::new(self.image.cluster(), &self.ctx.listener.name);
        Some(DescribeTopicPartitionsResponsePartition {
            partition_index: index,
            leader_id: view.broker(partition.leader()).map_or(-1, |(broker, _)| broker.id),
            leader_epoch: partition.leader_epoch(),
            replica_nodes: partition.replicas().to_vec().into(),
            isr_nodes: partition.isr().to_vec().into(),
            eligible_leader_replicas: Some(partition.elr().to_vec().into()),
            last_known_elr: Some(partition.last_known_elr().to_vec().into()),
            offline_replicas: view.offline_replicas(partition).into(),
            ..DescribeTopicPartitionsResponsePartition::default()
        })
    }
}

fn bare_topic(name: &str, error: ErrorCode) -> DescribeTopicPartitionsResponseTopic<'static> {
    DescribeTopicPartitionsResponseTopic {
        error_code: error.code(),
        name: Some(name.to_owned().into()),
        topic_id: Uuid::ZERO,
        is_internal: error != ErrorCode::TopicAuthorizationFailed && topic_names::is_internal(name),
        ..DescribeTopicPartitionsResponseTopic::default()
    }
}

/// A cursor that points nowhere: every topic of the request gets the error.
fn refused(request: &DescribeTopicPartitionsRequest<'_>) -> DescribeTopicPartitionsResponse<'static> {
    let topics = request.topics.iter().map(|topic| bare_topic(&topic.name, ErrorCode::InvalidRequest));
    DescribeTopicPartitionsResponse { topics: topics.collect(), ..DescribeTopicPartitionsResponse::default() }
}
