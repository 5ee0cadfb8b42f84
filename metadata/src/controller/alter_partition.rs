//! AlterPartition: a leader changes its ISR.

use wire::messages::alter_partition_request::{AlterPartitionRequest, BrokerState, PartitionData, TopicData};
use wire::messages::alter_partition_response::{
    AlterPartitionResponse, PartitionData as PartitionAnswer, TopicData as TopicAnswer,
};
use wire::metadata_records::MetadataRecord;
use wire::{ErrorCode, Uuid};

use super::partition_change::{Election, PartitionChange};
use super::plan::{Plan, Planned, Planning, View};
use crate::image::{LeaderRecoveryState, NO_LEADER_CHANGE, Partition, PartitionState, Topic};
use crate::record::Record;

pub(crate) fn plan(
    p: &Planning<'_>,
    request: &AlterPartitionRequest<'_>,
) -> Plan<AlterPartitionResponse<'static>> {
    p.view().check_broker_epoch(request.broker_id, request.broker_epoch)?;
    let mut records = Vec::new();
    let topics = request.topics.iter().map(|topic| plan_topic(p, request.broker_id, &topic, &mut records));
    let topics = topics.collect();
    let response = AlterPartitionResponse { topics, ..AlterPartitionResponse::default() };
    Ok(Planned::new(records, response))
}

fn plan_topic(
    p: &Planning<'_>,
    broker: i32,
    request: &TopicData<'_>,
    records: &mut Vec<Record>,
) -> TopicAnswer<'static> {
    let topic = p.image().topics().by_id(request.topic_id);
    let partitions = request.partitions.iter().map(|wanted| match topic {
        Some(topic) => plan_partition(p.view(), broker, topic, &Wanted::new(p, &wanted), records),
        None => refusal(wanted.partition_index, ErrorCode::UnknownTopicId),
    });
    TopicAnswer { topic_id: request.topic_id, partitions: partitions.collect() }
}

fn refusal(partition_index: i32, error: ErrorCode) -> PartitionAnswer<'static> {
    PartitionAnswer { partition_index, error_code: error.code(), ..PartitionAnswer::default() }
}

/// What the leader asks for.
struct Wanted {
    partition: i32,
    leader_epoch: i32,
    partition_epoch: i32,
    recovery: LeaderRecoveryState,
    /// Members with their broker epochs, -1 where the request has none.
    isr: Vec<BrokerState>,
}

impl Wanted {
    fn new(p: &Planning<'_>, request: &PartitionData<'_>) -> Self {
        let isr = if p.context.api_version < 3 {
            let without_epoch = |broker_id| BrokerState { broker_id, broker_epoch: -1 };
            request.new_isr.iter().map(without_epoch).collect()
        } else {
            request.new_isr_with_epochs.to_vec()
        };
        Self {
            partition: request.partition_index,
            leader_epoch: request.leader_epoch,
            partition_epoch: request.partition_epoch,
            recovery: LeaderRecoveryState::from_code(request.leader_recovery_state).unwrap_or_default(),
            isr,
        }
    }

    fn members(&self) -> Vec<i32> {
        self.isr.iter().map(|state| state.broker_id).collect()
    }
}

fn plan_partition(
    view: View<'_>,
    broker: i32,
    topic: &Topic,
    wanted: &Wanted,
    records: &mut Vec<Record>,
) -> PartitionAnswer<'static> {
    let Some(partition) = topic.partition(wanted.partition) else {
        return refusal(wanted.partition, ErrorCode::UnknownTopicOrPartition);
    };
    if let Err(error) = check(view, broker, partition, wanted) {
        return refusal(wanted.partition, error);
    }
    let may_lead = |broker| view.is_active(broker);
    let key: (Uuid, i32) = (topic.id(), wanted.partition);
    let mut change = PartitionChange::new(partition, key, view.circumstances(topic), &may_lead);
    if view.elects_uncleanly(topic.name()) {
        change.election = Election::Unclean;
    }
    change.isr = wanted.members();
    change.recovery = wanted.recovery;
    let mut after = partition.unpack();
    if let Some(record) = change.build() {
        let MetadataRecord::PartitionChange(changed) = &record.message else {
            unreachable!("a partition changes by a PartitionChangeRecord")
        };
        after.merge(changed);
        let leader = changed.leader;
        records.push(record);
        if leader != broker && leader != NO_LEADER_CHANGE {
            return refusal(wanted.partition, ErrorCode::NewLeaderElected);
        }
    }
    answer(wanted.partition, after)
}

fn answer(partition_index: i32, state: PartitionState) -> PartitionAnswer<'static> {
    PartitionAnswer {
        partition_index,
        leader_id: state.leader,
        leader_epoch: state.leader_epoch,
        leader_recovery_state: state.leader_recovery_state.code(),
        partition_epoch: state.partition_epoch,
        isr: state.isr.into(),
        ..PartitionAnswer::default()
    }
}

fn check(view: View<'_>, broker: i32, partition: &Partition, wanted: &Wanted) -> Result<(), ErrorCode> {
    let knows_more = wanted.leader_epoch > partition.leader_epoch()
        || wanted.partition_epoch > partition.partition_epoch();
    if knows_more {
        return Err(ErrorCode::NotController);
    }
    if wanted.leader_epoch < partition.leader_epoch() {
        return Err(ErrorCode::FencedLeaderEpoch);
    }
    if broker != partition.leader() {
        return Err(ErrorCode::InvalidRequest);
    }
    if wanted.partition_epoch < partition.partition_epoch() {
        return Err(ErrorCode::InvalidUpdateVersion);
    }
    check_isr(view, partition, wanted)
}

fn check_isr(view: View<'_>, partition: &Partition, wanted: &Wanted) -> Result<(), ErrorCode> {
    let mut members = wanted.members();
    let has_leader = members.contains(&partition.leader());
    let are_replicas = members.iter().all(|member| partition.replicas().contains(member));
    members.sort_unstable();
    let is_set = members.windows(2).all(|pair| pair[0] != pair[1]);
    if !has_leader || !are_replicas || !is_set {
        return Err(ErrorCode::InvalidRequest);
    }
    if wanted.recovery == LeaderRecoveryState::Recovering
        && (members.len() > 1 || partition.leader_recovery_state() == LeaderRecoveryState::Recovered)
    {
        return Err(ErrorCode::InvalidRequest);
    }
    let is_eligible = |member: &BrokerState| {
        let is_incarnation = |epoch| member.broker_epoch == -1 || member.broker_epoch == epoch;
        view.is_active(member.broker_id)
            && view.broker(member.broker_id).is_some_and(|broker| is_incarnation(broker.epoch))
    };
    if wanted.isr.iter().all(is_eligible) { Ok(()) } else { Err(ErrorCode::IneligibleReplica) }
}
