//! List and describe.

use std::collections::BTreeMap;
use std::io::Write;

use wire::messages::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};
use wire::messages::describe_topic_partitions_request::{
    Cursor, DescribeTopicPartitionsRequest, TopicRequest,
};
use wire::messages::describe_topic_partitions_response::DescribeTopicPartitionsResponsePartition;
use wire::messages::list_partition_reassignments_request::ListPartitionReassignmentsRequest;
use wire::{ApiKey, ErrorCode};

use super::view::{Description, Reassignment, Reassignments, Setting};
use super::{Problem, Topics};
use crate::client::{ClientError, Cluster, PartitionView, TopicView, broker_error};

/// Resource type of topics in configuration requests.
const TOPIC_RESOURCE: i8 = 2;
/// Source of a value that nobody set.
const DEFAULT_CONFIG: i8 = 5;

impl Topics {
    pub(super) fn list(&self, cluster: &mut Cluster, out: &mut dyn Write) -> Result<(), Problem> {
        let names: Vec<String> = self.matching(cluster)?.into_iter().map(|topic| topic.name).collect();
        Ok(writeln!(out, "{}", names.join("\n"))?)
    }

    pub(super) fn describe(&self, cluster: &mut Cluster, out: &mut dyn Write) -> Result<(), Problem> {
        let topics = self.chosen(cluster)?;
        if topics.is_empty() {
            return Ok(());
        }
        let live = cluster.live();
        let topics = self.with_elr(cluster, topics)?;
        let settings = settings_of(cluster, &topics)?;
        let mut moving = reassignments(cluster)?;
        for (topic, settings) in topics.into_iter().zip(settings) {
            let reassignments = moving.remove(&topic.name).unwrap_or_default();
            self.print(&Description { topic, settings, reassignments }, &live, out)?;
        }
        Ok(())
    }

    fn chosen(&self, cluster: &mut Cluster) -> Result<Vec<TopicView>, Problem> {
        let Some(id) = self.topic_id.filter(|id| !id.is_zero()) else { return self.existing(cluster) };
        let mut topics = cluster.describe(None, false)?;
        topics.retain(|topic| topic.id == id && !(self.exclude_internal && topic.is_internal));
        if topics.is_empty() && !self.if_exists {
            return Err(Problem::Said(format!("TopicId '{id}' does not exist as expected")));
        }
        Ok(topics)
    }

    fn print(&self, description: &Description, live: &[i32], out: &mut dyn Write) -> Result<(), Problem> {
        let filters = &self.filters;
        if filters.topics_with_overrides {
            if description.has_overrides() {
                description.print_topic(out)?;
            }
            return Ok(());
        }
        let is_filtered = filters.under_replicated_partitions
            || filters.unavailable_partitions
            || filters.under_min_isr_partitions
            || filters.at_min_isr_partitions;
        if !is_filtered {
            description.print_topic(out)?;
        }
        for partition in &description.topic.partitions {
            let is_shown = !is_filtered
                || (filters.under_replicated_partitions && description.is_under_replicated(partition))
                || (filters.unavailable_partitions && !live.contains(&partition.leader))
                || (filters.under_min_isr_partitions && description.is_under_min_isr(partition))
                || (filters.at_min_isr_partitions && description.is_at_min_isr(partition));
            if is_shown {
                description.print_partition(partition, out)?;
            }
        }
        Ok(())
    }

    /// The same topics with their eligible leader replicas, where the server tells them.
    fn with_elr(&self, cluster: &mut Cluster, topics: Vec<TopicView>) -> Result<Vec<TopicView>, ClientError> {
        if !cluster.offers(ApiKey::DescribeTopicPartitions)? {
            return Ok(topics);
        }
        let mut found: BTreeMap<String, TopicView> = topics
            .iter()
            .map(|topic| (topic.name.clone(), TopicView { partitions: Vec::new(), ..topic.clone() }))
            .collect();
        let mut cursor: Option<Cursor<'static>> = None;
        loop {
            let named = topics
                .iter()
                .filter(|topic| cursor.as_ref().is_none_or(|from| *topic.name >= *from.topic_name));
            let request = DescribeTopicPartitionsRequest {
                topics: named.map(|topic| TopicRequest { name: topic.name.clone().into() }).collect(),
                response_partition_limit: self.partition_size_limit_per_response,
                cursor,
            };
            let reply = cluster.ask_any(&request)?;
            let response = reply.get()?;
            for topic in response.topics.iter() {
                broker_error(topic.error_code, None)?;
                let name = topic.name.as_deref().unwrap_or_default();
                if let Some(view) = found.get_mut(name) {
                    view.partitions
                        .extend(topic.partitions.iter().map(|partition| partition_view(&partition)));
                }
            }
            match &response.next_cursor {
                None => return Ok(found.into_values().collect()),
                Some(next) => {
                    let topic_name = next.topic_name.clone().into_owned().into();
                    cursor = Some(Cursor { topic_name, partition_index: next.partition_index });
                }
            }
        }
    }
}

fn partition_view(partition: &DescribeTopicPartitionsResponsePartition<'_>) -> PartitionView {
    PartitionView {
        index: partition.partition_index,
        leader: partition.leader_id,
        replicas: partition.replica_nodes.to_vec(),
        isr: partition.isr_nodes.to_vec(),
        elr: partition.eligible_leader_replicas.as_ref().map(|ids| ids.to_vec()),
        last_known_elr: partition.last_known_elr.as_ref().map(|ids| ids.to_vec()),
    }
}

/// Settings of each topic, in the order of the topics.
fn settings_of(cluster: &mut Cluster, topics: &[TopicView]) -> Result<Vec<Vec<Setting>>, ClientError> {
    let resource = |topic: &TopicView| DescribeConfigsResource {
        resource_type: TOPIC_RESOURCE,
        resource_name: topic.name.clone().into(),
        configuration_keys: None,
    };
    let request = DescribeConfigsRequest {
        resources: topics.iter().map(resource).collect(),
        ..DescribeConfigsRequest::default()
    };
    let reply = cluster.ask_any(&request)?;
    let response = reply.get()?;
    let mut by_name: BTreeMap<String, Vec<Setting>> = BTreeMap::new();
    for result in response.results.iter() {
        broker_error(result.error_code, result.error_message.as_deref())?;
        let settings = result.configs.iter().map(|config| Setting {
            name: config.name.clone().into_owned(),
            value: config.value.as_deref().unwrap_or("null").to_owned(),
            is_default: config.config_source == DEFAULT_CONFIG,
        });
        by_name.insert(result.resource_name.clone().into_owned(), settings.collect());
    }
    Ok(topics.iter().map(|topic| by_name.remove(&topic.name).unwrap_or_default()).collect())
}

/// Reassignments in progress by topic; none where the server doesn't tell or may not.
fn reassignments(cluster: &mut Cluster) -> Result<BTreeMap<String, Reassignments>, ClientError> {
    if !cluster.offers(ApiKey::ListPartitionReassignments)? {
        return Ok(BTreeMap::new());
    }
    let reply = cluster.ask_controller(&ListPartitionReassignmentsRequest::default())?;
    let response = reply.get()?;
    if response.error_code == ErrorCode::ClusterAuthorizationFailed.code() {
        return Ok(BTreeMap::new());
    }
    broker_error(response.error_code, response.error_message.as_deref())?;
    let mut moving: BTreeMap<String, Reassignments> = BTreeMap::new();
    for topic in response.topics.iter() {
        let partitions = topic.partitions.iter().map(|partition| {
            let reassignment = Reassignment {
                replicas: partition.replicas.to_vec(),
                adding: partition.adding_replicas.to_vec(),
                removing: partition.removing_replicas.to_vec(),
            };
            (partition.partition_index, reassignment)
        });
        moving.insert(topic.name.clone().into_owned(), partitions.collect());
    }
    Ok(moving)
}
