//! Log directories of brokers (KIP-858, KIP-1066): which are offline or cordoned, and which replica is where.

use std::collections::BTreeSet;

use wire::messages::assign_replicas_to_dirs_request::{AssignReplicasToDirsRequest, TopicData};
use wire::messages::assign_replicas_to_dirs_response::{
    AssignReplicasToDirsResponse, DirectoryData as DirectoryAnswer, PartitionData as PartitionAnswer,
    TopicData as TopicAnswer,
};
use wire::messages::broker_heartbeat_request::BrokerHeartbeatRequest;
use wire::metadata_records::broker_registration_change_record::BrokerRegistrationChangeRecord;
use wire::{ErrorCode, Uuid};

use super::error::ApiError;
use super::indexes::PartitionKey;
use super::partition_change::{Election, PartitionChange};
use super::plan::{Plan, Planned, Planning, View};
use crate::image::BrokerRegistration;
use crate::record::Record;

/// Directories that a heartbeat reports as offline or cordoned.
pub(crate) fn plan_reported(
    view: View<'_>,
    broker: &BrokerRegistration,
    request: &BrokerHeartbeatRequest<'_>,
) -> Vec<Record> {
    let version = view.image().features().metadata_version_or_minimum();
    let mut records = Vec::new();
    if version.has_directory_assignment() {
        records.extend(plan_offline(view, broker, &request.offline_log_dirs.to_vec()));
    }
    if version.has_cordoned_log_dirs()
        && let Some(cordoned) = &request.cordoned_log_dirs
    {
        records.extend(plan_cordoned(broker, cordoned.to_vec()));
    }
    records
}

fn plan_offline(view: View<'_>, broker: &BrokerRegistration, offline: &[Uuid]) -> Vec<Record> {
    let lost: BTreeSet<Uuid> = broker.directories.iter().copied().filter(|d| offline.contains(d)).collect();
    if lost.is_empty() {
        return Vec::new();
    }
    let mut records: Vec<Record> = partitions_on(view, broker.id, &lost)
        .filter_map(|key| without_broker(view, key, broker.id))
        .collect();
    let online = broker.directories.iter().copied().filter(|directory| !lost.contains(directory));
    let record = BrokerRegistrationChangeRecord {
        broker_id: broker.id,
        broker_epoch: broker.epoch,
        log_dirs: online.collect(),
        ..BrokerRegistrationChangeRecord::default()
    };
    records.push(Record::new(record, 2));
    records
}

/// Partitions that a broker is in sync with on one of these directories.
fn partitions_on<'v>(
    view: View<'v>,
    broker: i32,
    directories: &'v BTreeSet<Uuid>,
) -> impl Iterator<Item = PartitionKey> + 'v {
    let topics = view.state.indexes().topics_of(broker, Uuid::ZERO);
    let topics = topics.filter_map(move |id| view.image().topics().by_id(id));
    topics.flat_map(move |topic| {
        let there = topic.partitions().filter(move |(_, partition)| {
            partition.directory(broker).is_some_and(|directory| directories.contains(&directory))
        });
        there.map(|(number, _)| (topic.id(), number))
    })
}

/// The change that takes a broker out of a partition's ISR.
fn without_broker(view: View<'_>, key: PartitionKey, broker: i32) -> Option<Record> {
    let topic = view.image().topics().by_id(key.0)?;
    let may_lead = |candidate: i32| candidate != broker && view.is_active(candidate);
    let partition = topic.partition(key.1)?;
    let mut change = PartitionChange::new(partition, key, view.circumstances(topic), &may_lead);
    if view.elects_uncleanly(topic.name()) {
        change.election = Election::Unclean;
    }
    change.isr.retain(|replica| *replica != broker);
    change.build()
}

fn plan_cordoned(broker: &BrokerRegistration, cordoned: Vec<Uuid>) -> Option<Record> {
    let as_set = |list: &[Uuid]| -> BTreeSet<Uuid> { list.iter().copied().collect() };
    let present = broker.cordoned_directories.as_deref().unwrap_or_default();
    if as_set(present) == as_set(&cordoned) {
        return None;
    }
    let record = BrokerRegistrationChangeRecord {
        broker_id: broker.id,
        broker_epoch: broker.epoch,
        cordoned_log_dirs: Some(cordoned.into()),
        ..BrokerRegistrationChangeRecord::default()
    };
    Some(Record::new(record, 3))
}

pub(crate) fn plan_assign(
    p: &Planning<'_>,
    request: &AssignReplicasToDirsRequest<'_>,
) -> Plan<AssignReplicasToDirsResponse<'static>> {
    if !p.version().has_directory_assignment() {
        let message = "Directory assignment is not supported yet.";
        return Err(ApiError::new(ErrorCode::UnsupportedVersion, message));
    }
    let broker = p.view().check_broker_epoch(request.broker_id, request.broker_epoch)?;
    let mut records = Vec::new();
    let directories = request.directories.iter().map(|directory| {
        let topics = directory.topics.iter();
        let topics = topics.map(|topic| assign_topic(p.view(), broker, directory.id, &topic, &mut records));
        DirectoryAnswer { id: directory.id, topics: topics.collect() }
    });
    let directories = directories.collect();
    let response = AssignReplicasToDirsResponse { directories, ..AssignReplicasToDirsResponse::default() };
    Ok(Planned::new(records, response))
}

fn assign_topic(
    view: View<'_>,
    broker: &BrokerRegistration,
    directory: Uuid,
    request: &TopicData<'_>,
    records: &mut Vec<Record>,
) -> TopicAnswer<'static> {
    let partitions = request.partitions.iter().map(|partition| {
        let key = (request.topic_id, partition.partition_index);
        let error = match assign(view, broker, directory, key) {
            Ok(record) => {
                records.extend(record);
                ErrorCode::None
            }
            Err(error) => error,
        };
        PartitionAnswer { partition_index: key.1, error_code: error.code() }
    });
    TopicAnswer { topic_id: request.topic_id, partitions: partitions.collect() }
}

fn assign(
    view: View<'_>,
    broker: &BrokerRegistration,
    directory: Uuid,
    key: PartitionKey,
) -> Result<Option<Record>, ErrorCode> {
    let topic = view.image().topics().by_id(key.0).ok_or(ErrorCode::UnknownTopicId)?;
    let partition = topic.partition(key.1).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    if !partition.replicas().contains(&broker.id) {
        return Err(ErrorCode::NotLeaderOrFollower);
    }
    let is_offline = !view.has_online_directory(broker.id, directory);
    let may_lead = |candidate: i32| view.is_active(candidate) && !(is_offline && candidate == broker.id);
    let mut change = PartitionChange::new(partition, key, view.circumstances(topic), &may_lead);
    change.directories.push((broker.id, directory));
    if is_offline {
        change.isr.retain(|replica| *replica != broker.id);
    }
    Ok(change.build())
}
