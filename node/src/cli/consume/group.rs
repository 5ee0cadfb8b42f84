//! A member of a consumer group, in the classic protocol.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use wire::embedded::consumer_protocol_assignment::{ConsumerProtocolAssignment, TopicPartition};
use wire::embedded::consumer_protocol_subscription::ConsumerProtocolSubscription;
use wire::messages::find_coordinator_request::FindCoordinatorRequest;
use wire::messages::heartbeat_request::HeartbeatRequest;
use wire::messages::join_group_request::{JoinGroupRequest, JoinGroupRequestProtocol};
use wire::messages::join_group_response::JoinGroupResponse;
use wire::messages::leave_group_request::{LeaveGroupRequest, MemberIdentity};
use wire::messages::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use wire::messages::offset_fetch_request::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use wire::messages::sync_group_request::{SyncGroupRequest, SyncGroupRequestAssignment};
use wire::{ErrorCode, Message, Reader, Writer};

use super::Failure;
use super::offsets::{self, Begin};
use crate::client::{ClientError, Cluster, TopicView, broker_error};

const SESSION_TIMEOUT_MS: i32 = 45_000;
const REBALANCE_TIMEOUT_MS: i32 = 60_000;
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(3);
const PROTOCOL: &str = "range";
/// Version of subscriptions and assignments that every client reads.
const EMBEDDED_VERSION: i16 = 0;

/// A member and its place in the group.
pub(super) struct Member<'a> {
    group: String,
    topic: &'a TopicView,
    coordinator: i32,
    id: String,
    generation: i32,
    last_heartbeat: Instant,
    committed: BTreeMap<i32, i64>,
}

impl<'a> Member<'a> {
    pub(super) fn new(group: &str, topic: &'a TopicView) -> Self {
        Self {
            group: group.to_owned(),
            topic,
            coordinator: -1,
            id: String::new(),
            generation: -1,
            last_heartbeat: Instant::now(),
            committed: BTreeMap::new(),
        }
    }

    /// Joins or rejoins the group; the partitions this member has then.
    pub(super) fn join(&mut self, cluster: &mut Cluster) -> Result<Vec<i32>, Failure> {
        loop {
            self.find_coordinator(cluster)?;
            match self.join_once(cluster) {
                Ok(partitions) => {
                    self.last_heartbeat = Instant::now();
                    return Ok(partitions);
                }
                Err(ClientError::Refused(refusal)) => match refusal.code {
                    ErrorCode::MemberIdRequired | ErrorCode::RebalanceInProgress => {}
                    ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration => self.id.clear(),
                    code if code.is_retriable() => {}
                    _ => return Err(ClientError::Refused(refusal).into()),
                },
                Err(ClientError::Lost { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
    }

    fn find_coordinator(&mut self, cluster: &mut Cluster) -> Result<(), Failure> {
        let request = FindCoordinatorRequest {
            coordinator_keys: vec![self.group.clone().into()].into(),
            ..FindCoordinatorRequest::default()
        };
        self.coordinator = cluster.retry(|cluster| {
            let reply = cluster.ask_any(&request)?;
            let response = reply.get()?;
            let Some(found) = response.coordinators.iter().next() else {
                return Err(ClientError::TimedOut("the broker names no coordinator".to_owned()));
            };
            broker_error(found.error_code, found.error_message.as_deref())?;
            cluster.note_node(found.node_id, &found.host, found.port);
            Ok(found.node_id)
        })?;
        Ok(())
    }

    fn join_once(&mut self, cluster: &mut Cluster) -> Result<Vec<i32>, ClientError> {
        let subscription = ConsumerProtocolSubscription {
            topics: vec![self.topic.name.clone().into()].into(),
            ..Default::default()
        };
        let protocol =
            JoinGroupRequestProtocol { name: PROTOCOL.into(), metadata: embed(&subscription).into() };
        let request = JoinGroupRequest {
            group_id: self.group.clone().into(),
            session_timeout_ms: SESSION_TIMEOUT_MS,
            rebalance_timeout_ms: REBALANCE_TIMEOUT_MS,
            member_id: self.id.clone().into(),
            protocol_type: "consumer".into(),
            protocols: vec![protocol].into(),
            ..JoinGroupRequest::default()
        };
        let reply = cluster.ask(self.coordinator, &request)?;
        let response = reply.get()?;
        if !response.member_id.is_empty() {
            self.id = response.member_id.clone().into_owned();
        }
        broker_error(response.error_code, None)?;
        self.generation = response.generation_id;
        let assignments =
            if response.leader == response.member_id { self.assign(&response) } else { Vec::new() };
        self.sync(cluster, assignments)
    }

    /// As the leader: the partitions in ranges over the members, in the order of their ids.
    fn assign(&self, response: &JoinGroupResponse<'_>) -> Vec<SyncGroupRequestAssignment<'static>> {
        let mut members: Vec<String> =
            response.members.iter().map(|member| member.member_id.into_owned()).collect();
        members.sort();
        let partitions: Vec<i32> = self.topic.partitions.iter().map(|partition| partition.index).collect();
        let ranges = ranges(&partitions, members.len());
        let assignment = |(member_id, range): (String, Vec<i32>)| {
            let assigned = TopicPartition { topic: self.topic.name.clone().into(), partitions: range.into() };
            let message =
                ConsumerProtocolAssignment { assigned_partitions: vec![assigned].into(), user_data: None };
            SyncGroupRequestAssignment { member_id: member_id.into(), assignment: embed(&message).into() }
        };
        members.into_iter().zip(ranges).map(assignment).collect()
    }

    fn sync(
        &self,
        cluster: &mut Cluster,
        assignments: Vec<SyncGroupRequestAssignment<'static>>,
    ) -> Result<Vec<i32>, ClientError> {
        let request = SyncGroupRequest {
            group_id: self.group.clone().into(),
            generation_id: self.generation,
            member_id: self.id.clone().into(),
            protocol_type: Some("consumer".into()),
            protocol_name: Some(PROTOCOL.into()),
            assignments: assignments.into(),
            ..SyncGroupRequest::default()
        };
        let reply = cluster.ask(self.coordinator, &request)?;
        let response = reply.get()?;
        broker_error(response.error_code, None)?;
        Ok(assigned(&response.assignment, &self.topic.name))
    }

    /// Where the group left off; where it never was, an end of the partition.
    pub(super) fn positions(
        &mut self,
        cluster: &mut Cluster,
        partitions: &[i32],
        begin: Begin,
    ) -> Result<BTreeMap<i32, i64>, Failure> {
        let (name, id) = (&self.topic.name, self.topic.id);
        let topic = OffsetFetchRequestTopics {
            name: name.clone().into(),
            topic_id: id,
            partition_indexes: partitions.to_vec().into(),
        };
        let group = OffsetFetchRequestGroup {
            group_id: self.group.clone().into(),
            topics: Some(vec![topic].into()),
            ..OffsetFetchRequestGroup::default()
        };
        let request = OffsetFetchRequest { groups: vec![group].into(), ..OffsetFetchRequest::default() };
        let coordinator = self.coordinator;
        let mut positions = cluster.retry(|cluster| {
            let reply = cluster.ask(coordinator, &request)?;
            let response = reply.get()?;
            let mut positions = BTreeMap::new();
            for group in response.groups.iter() {
                broker_error(group.error_code, None)?;
                for partition in group.topics.iter().flat_map(|topic| topic.partitions.to_vec()) {
                    broker_error(partition.error_code, None)?;
                    positions.insert(partition.partition_index, partition.committed_offset);
                }
            }
            Ok(positions)
        })?;
        positions.retain(|_, offset| *offset >= 0);
        let new: Vec<i32> =
            partitions.iter().copied().filter(|index| !positions.contains_key(index)).collect();
        positions.extend(offsets::list(cluster, self.topic, &new, begin)?);
        self.committed.clone_from(&positions);
        Ok(positions)
    }

    /// Sends a heartbeat when one is due; false when the group takes its members together again.
    pub(super) fn is_in_step(&mut self, cluster: &mut Cluster) -> Result<bool, Failure> {
        if self.last_heartbeat.elapsed() < HEARTBEAT_INTERVAL {
            return Ok(true);
        }
        self.last_heartbeat = Instant::now();
        let request = HeartbeatRequest {
            group_id: self.group.clone().into(),
            generation_id: self.generation,
            member_id: self.id.clone().into(),
            ..HeartbeatRequest::default()
        };
        let reply = match cluster.ask(self.coordinator, &request) {
            Err(ClientError::Lost { .. }) => return Ok(false),
            other => other?,
        };
        let code = reply.get()?.error_code;
        Ok(self.stays(code)?)
    }

    /// Remembers positions for the group, where they moved.
    pub(super) fn commit(
        &mut self,
        cluster: &mut Cluster,
        positions: &BTreeMap<i32, i64>,
    ) -> Result<(), Failure> {
        if *positions == self.committed {
            return Ok(());
        }
        let partition = |(&partition_index, &committed_offset): (&i32, &i64)| OffsetCommitRequestPartition {
            partition_index,
            committed_offset,
            committed_metadata: Some("".into()),
            ..OffsetCommitRequestPartition::default()
        };
        let topic = OffsetCommitRequestTopic {
            name: self.topic.name.clone().into(),
            topic_id: self.topic.id,
            partitions: positions.iter().map(partition).collect(),
        };
        let request = OffsetCommitRequest {
            group_id: self.group.clone().into(),
            generation_id_or_member_epoch: self.generation,
            member_id: self.id.clone().into(),
            topics: vec![topic].into(),
            ..OffsetCommitRequest::default()
        };
        let reply = cluster.ask(self.coordinator, &request)?;
        for topic in reply.get()?.topics.iter() {
            for partition in topic.partitions.iter() {
                self.stays(partition.error_code)?;
            }
        }
        self.committed.clone_from(positions);
        Ok(())
    }

    /// Whether this member keeps its partitions after an answer; other errors are errors.
    fn stays(&mut self, code: i16) -> Result<bool, ClientError> {
        match broker_error(code, None) {
            Ok(()) => Ok(true),
            Err(refusal) => match refusal.code {
                ErrorCode::RebalanceInProgress
                | ErrorCode::IllegalGeneration
                | ErrorCode::UnknownMemberId
                | ErrorCode::NotCoordinator
                | ErrorCode::CoordinatorNotAvailable => {
                    // The next round of heartbeats finds it out as well, and joins again.
                    self.last_heartbeat =
                        Instant::now().checked_sub(HEARTBEAT_INTERVAL).unwrap_or(self.last_heartbeat);
                    Ok(false)
                }
                _ => Err(refusal.into()),
            },
        }
    }

    /// Leaves, so that others need not wait for the session to end. It does not matter whether it is heard.
    pub(super) fn leave(&self, cluster: &mut Cluster) {
        let member = MemberIdentity { member_id: self.id.clone().into(), ..MemberIdentity::default() };
        let request = LeaveGroupRequest {
            group_id: self.group.clone().into(),
            members: vec![member].into(),
            ..LeaveGroupRequest::default()
        };
        let _ = cluster.ask(self.coordinator, &request);
    }
}

/// Splits partitions into as many ranges as there are members, the first ones longer by one.
fn ranges(partitions: &[i32], members: usize) -> Vec<Vec<i32>> {
    let members = members.max(1);
    let (each, more) = (partitions.len() / members, partitions.len() % members);
    let mut rest = partitions;
    let range = |index: usize| {
        let (range, after) = rest.split_at(each + usize::from(index < more));
        rest = after;
        range.to_vec()
    };
    (0..members).map(range).collect()
}

/// A message behind its version, as members exchange it.
fn embed<'a>(message: &impl Message<'a>) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.i16(EMBEDDED_VERSION);
    message.encode(&mut writer, EMBEDDED_VERSION).expect("version 0 holds what this client says");
    writer.into_bytes()
}

/// The partitions of a topic in an assignment; none in one that can't be read.
fn assigned(bytes: &[u8], topic: &str) -> Vec<i32> {
    let mut reader = Reader::new(bytes);
    let Ok(version) = reader.i16() else { return Vec::new() };
    let version = version.min(ConsumerProtocolAssignment::VERSIONS.max);
    let Ok(assignment) = ConsumerProtocolAssignment::decode(&mut reader, version) else { return Vec::new() };
    let ours = assignment.assigned_partitions.iter().filter(|assigned| assigned.topic == topic);
    ours.flat_map(|assigned| assigned.partitions.to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_every_partition_once() {
        assert_eq!(ranges(&[0, 1, 2, 3, 4], 2), [vec![0, 1, 2], vec![3, 4]]);
        assert_eq!(ranges(&[0], 3), [vec![0], vec![], vec![]]);
    }

    #[test]
    fn an_assignment_is_read_as_it_is_written() {
        let assigned_partitions = vec![TopicPartition { topic: "t".into(), partitions: vec![1, 2].into() }];
        let message =
            ConsumerProtocolAssignment { assigned_partitions: assigned_partitions.into(), user_data: None };
        let bytes = embed(&message);
        assert_eq!(assigned(&bytes, "t"), [1, 2]);
        assert!(assigned(&bytes, "other").is_empty());
        assert!(assigned(&[], "t").is_empty());
    }
}
