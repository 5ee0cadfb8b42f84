//! What the cluster knows of consumer groups.

use std::collections::BTreeMap;

use wire::embedded::consumer_protocol_assignment::ConsumerProtocolAssignment;
use wire::messages::describe_groups_request::DescribeGroupsRequest;
use wire::messages::find_coordinator_request::FindCoordinatorRequest;
use wire::messages::list_groups_request::ListGroupsRequest;
use wire::messages::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use wire::messages::offset_fetch_request::{OffsetFetchRequest, OffsetFetchRequestGroup};
use wire::{ErrorCode, Message, Reader, Uuid};

use super::table::TopicPartition;
use crate::client::{ClientError, Cluster, broker_error};

/// A group in a list.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Listed {
    pub(super) id: String,
    /// `Classic` or `Consumer`.
    pub(super) kind: String,
    pub(super) state: String,
}

/// A group as its coordinator describes it.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) coordinator: Coordinator,
    /// Kafka's name of it; `Dead` where there is no such group.
    pub(super) state: String,
    pub(super) assignor: String,
    pub(super) members: Vec<Member>,
}

/// The broker that keeps a group.
#[derive(Debug, Default, Clone)]
pub(super) struct Coordinator {
    pub(super) id: i32,
    pub(super) host: String,
    pub(super) port: i32,
}

/// A member of a group.
#[derive(Debug, Default)]
pub(super) struct Member {
    pub(super) id: String,
    pub(super) instance_id: String,
    pub(super) client_id: String,
    pub(super) host: String,
    pub(super) partitions: Vec<TopicPartition>,
}

/// An offset that a group has committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Committed {
    pub(super) offset: i64,
    pub(super) leader_epoch: Option<i32>,
}

/// The consumer groups of all brokers, of the given states and types or of all.
pub(super) fn list(
    cluster: &mut Cluster,
    states: &[String],
    types: &[String],
) -> Result<Vec<Listed>, ClientError> {
    cluster.describe(Some(&[]), false)?;
    let owned = |words: &[String]| words.iter().map(|word| word.clone().into()).collect();
    let request = ListGroupsRequest { states_filter: owned(states), types_filter: owned(types) };
    let mut found = Vec::new();
    for node in cluster.live() {
        let reply = cluster.ask(node, &request)?;
        let response = reply.get()?;
        broker_error(response.error_code, None)?;
        let consumers =
            response.groups.iter().filter(|group| matches!(&*group.protocol_type, "consumer" | ""));
        found.extend(consumers.map(|group| Listed {
            id: group.group_id.into_owned(),
            kind: capitalised(&group.group_type),
            state: group.group_state.into_owned(),
        }));
    }
    found.sort();
    Ok(found)
}

/// As Kafka's Java client prints the names of types, whatever the broker's case.
fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

pub(super) fn coordinator(cluster: &mut Cluster, group: &str) -> Result<Coordinator, ClientError> {
    let request = FindCoordinatorRequest {
        coordinator_keys: vec![group.to_owned().into()].into(),
        ..FindCoordinatorRequest::default()
    };
    cluster.retry(|cluster| {
        let reply = cluster.ask_any(&request)?;
        let response = reply.get()?;
        let Some(found) = response.coordinators.iter().next() else {
            return Err(ClientError::TimedOut("the broker names no coordinator".to_owned()));
        };
        broker_error(found.error_code, found.error_message.as_deref())?;
        cluster.note_node(found.node_id, &found.host, found.port);
        Ok(Coordinator { id: found.node_id, host: found.host.into_owned(), port: found.port })
    })
}

pub(super) fn describe(cluster: &mut Cluster, id: &str) -> Result<Group, ClientError> {
    let coordinator = coordinator(cluster, id)?;
    let request = DescribeGroupsRequest {
        groups: vec![id.to_owned().into()].into(),
        ..DescribeGroupsRequest::default()
    };
    cluster.retry(|cluster| {
        let reply = cluster.ask(coordinator.id, &request)?;
        let mut described = Group { coordinator: coordinator.clone(), ..Group::default() };
        for group in reply.get()?.groups.iter() {
            if ErrorCode::from_code(group.error_code) == Some(ErrorCode::GroupIdNotFound) {
                "Dead".clone_into(&mut described.state);
                continue;
            }
            broker_error(group.error_code, group.error_message.as_deref())?;
            described.state = group.group_state.into_owned();
            described.assignor = group.protocol_data.into_owned();
            described.members = group
                .members
                .iter()
                .map(|member| Member {
                    id: member.member_id.into_owned(),
                    instance_id: member.group_instance_id.map(|id| id.into_owned()).unwrap_or_default(),
                    client_id: member.client_id.into_owned(),
                    host: member.client_host.into_owned(),
                    partitions: assigned(&member.member_assignment),
                })
                .collect();
        }
        Ok(described)
    })
}

/// The partitions in a member's assignment; none while it has none that can be read.
fn assigned(bytes: &[u8]) -> Vec<TopicPartition> {
    let Some((version, body)) = bytes.split_first_chunk::<2>() else { return Vec::new() };
    let newest = ConsumerProtocolAssignment::VERSIONS.max;
    let version = i16::from_be_bytes(*version).clamp(0, newest);
    let Ok(assignment) = ConsumerProtocolAssignment::decode(&mut Reader::new(body), version) else {
        return Vec::new();
    };
    let mut partitions: Vec<TopicPartition> = Vec::new();
    for topic in assignment.assigned_partitions.iter() {
        partitions.extend(topic.partitions.iter().map(|number| (topic.topic.to_string(), number)));
    }
    partitions.sort();
    partitions
}

/// All offsets that a group has committed.
pub(super) fn committed(
    cluster: &mut Cluster,
    coordinator: i32,
    group: &str,
) -> Result<BTreeMap<TopicPartition, Committed>, ClientError> {
    let topics = cluster.describe(None, false)?;
    let names: BTreeMap<Uuid, String> = topics.into_iter().map(|topic| (topic.id, topic.name)).collect();
    let asked =
        OffsetFetchRequestGroup { group_id: group.to_owned().into(), topics: None, ..Default::default() };
    let request = OffsetFetchRequest { groups: vec![asked].into(), ..OffsetFetchRequest::default() };
    cluster.retry(|cluster| {
        let reply = cluster.ask(coordinator, &request)?;
        let mut committed = BTreeMap::new();
        for group in reply.get()?.groups.iter() {
            broker_error(group.error_code, None)?;
            for topic in group.topics.iter() {
                // Newer versions name topics by their ids alone.
                let name = if topic.name.is_empty() { names.get(&topic.topic_id).cloned() } else { None };
                let name = name.unwrap_or_else(|| topic.name.to_string());
                for partition in topic.partitions.iter().filter(|partition| partition.committed_offset >= 0) {
                    broker_error(partition.error_code, None)?;
                    let epoch = partition.committed_leader_epoch;
                    let told = Committed {
                        offset: partition.committed_offset,
                        leader_epoch: Some(epoch).filter(|epoch| *epoch >= 0),
                    };
                    committed.insert((name.clone(), partition.partition_index), told);
                }
            }
        }
        Ok(committed)
    })
}

/// Commits offsets for a group that has no members.
pub(super) fn commit(
    cluster: &mut Cluster,
    group: &str,
    offsets: &BTreeMap<TopicPartition, i64>,
) -> Result<(), ClientError> {
    let coordinator = coordinator(cluster, group)?;
    let ids: BTreeMap<String, Uuid> =
        cluster.describe(None, false)?.into_iter().map(|topic| (topic.name, topic.id)).collect();
    let mut topics: BTreeMap<&str, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
    for ((topic, number), offset) in offsets {
        topics.entry(topic).or_default().push(OffsetCommitRequestPartition {
            partition_index: *number,
            committed_offset: *offset,
            committed_leader_epoch: -1,
            committed_metadata: Some("".into()),
        });
    }
    let topics = topics.into_iter().map(|(name, partitions)| OffsetCommitRequestTopic {
        name: name.to_owned().into(),
        topic_id: ids.get(name).copied().unwrap_or(Uuid::ZERO),
        partitions: partitions.into(),
    });
    let request = OffsetCommitRequest {
        group_id: group.to_owned().into(),
        generation_id_or_member_epoch: -1,
        topics: topics.collect(),
        ..OffsetCommitRequest::default()
    };
    cluster.retry(|cluster| {
        let reply = cluster.ask(coordinator.id, &request)?;
        for topic in reply.get()?.topics.iter() {
            for partition in topic.partitions.iter() {
                broker_error(partition.error_code, None)?;
            }
        }
        Ok(())
    })
}
