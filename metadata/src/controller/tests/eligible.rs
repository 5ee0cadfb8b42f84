//! Eligible leader replicas (KIP-966), unclean elections, and what a leader may change.

use wire::messages::alter_partition_request::{AlterPartitionRequest, BrokerState, PartitionData, TopicData};
use wire::messages::alter_partition_response::AlterPartitionResponse;
use wire::messages::elect_leaders_request::ElectLeadersRequest;
use wire::messages::elect_leaders_response::ElectLeadersResponse;

use super::*;
use crate::image::LeaderRecoveryState;

const MIN_ISR_2: &[(&str, &str)] = &[("min.insync.replicas", "2")];

fn three(settings: &[(&'static str, &'static str)]) -> (Cluster, Uuid) {
    let mut cluster = Cluster::new();
    cluster.start_brokers(1..=3);
    let topic = cluster.create("t", &[vec![1, 2, 3]], settings);
    (cluster, topic)
}

#[test]
fn who_leaves_an_isr_below_its_minimum_stays_eligible() {
    let (mut cluster, topic) = three(MIN_ISR_2);
    cluster.kill(1);
    let partition = cluster.partition(topic, 0);
    assert_eq!((partition.isr(), partition.elr()), (&[2, 3][..], &[][..]), "the minimum holds");
    cluster.kill(2);
    let partition = cluster.partition(topic, 0);
    assert_eq!((partition.leader(), partition.isr(), partition.elr()), (3, &[3][..], &[2][..]));
    cluster.kill(3);
    let partition = cluster.partition(topic, 0);
    assert_eq!((partition.leader(), partition.isr(), partition.elr()), (-1, &[][..], &[2, 3][..]));
    assert_eq!(partition.last_known_elr(), [3], "the last leader");
    cluster.restart(2, 2, true);
    let partition = cluster.partition(topic, 0);
    assert_eq!((partition.leader(), partition.isr(), partition.elr()), (2, &[2][..], &[3][..]));
    assert_eq!(partition.leader_recovery_state(), LeaderRecoveryState::Recovered);
    assert!(partition.last_known_elr().is_empty());
}

#[test]
fn an_unclean_end_costs_eligibility() {
    let (mut cluster, topic) = three(MIN_ISR_2);
    [1, 2, 3].into_iter().for_each(|id| cluster.kill(id));
    cluster.restart(2, 2, false);
    let partition = cluster.partition(topic, 0);
    assert_eq!((partition.leader(), partition.isr(), partition.elr()), (-1, &[][..], &[3][..]));
    cluster.restart(3, 2, true);
    assert_eq!(cluster.partition(topic, 0).leader(), 3);
}

#[test]
fn the_last_known_leader_leads_when_nobody_is_eligible() {
    let (mut cluster, topic) = three(MIN_ISR_2);
    [1, 2, 3].into_iter().for_each(|id| cluster.kill(id));
    cluster.restart(2, 2, false);
    assert_eq!(cluster.partition(topic, 0).leader(), -1);
    cluster.restart(3, 2, false);
    let partition = cluster.partition(topic, 0);
    assert_eq!((partition.leader(), partition.isr()), (3, &[3][..]));
    assert_eq!(partition.leader_recovery_state(), LeaderRecoveryState::Recovering);
}

#[test]
fn an_unclean_leader_is_elected_only_where_it_is_allowed() {
    let (mut cluster, topic) = three(&[("unclean.leader.election.enable", "true")]);
    cluster.kill(2);
    cluster.kill(3);
    cluster.kill(1);
    assert_eq!(cluster.partition(topic, 0).leader(), -1);
    cluster.restart(2, 2, true);
    let partition = cluster.partition(topic, 0);
    assert_eq!((partition.leader(), partition.isr()), (2, &[2][..]));
    assert_eq!(partition.leader_recovery_state(), LeaderRecoveryState::Recovering);
}

#[test]
fn preferred_leaders_come_back_when_asked_or_in_time() {
    let (mut cluster, topic) = three(&[]);
    cluster.kill(1);
    cluster.restart(1, 2, true);
    alter(&mut cluster, topic, 2, &[2, 3, 1]).expect("in sync");
    let request = ElectLeadersRequest { topic_partitions: None, ..ElectLeadersRequest::default() };
    let _: ElectLeadersResponse<'_> = cluster.ask(request).expect("accepted");
    assert_eq!(cluster.partition(topic, 0).leader(), 1);
    cluster.kill(1);
    cluster.restart(1, 3, true);
    alter(&mut cluster, topic, 2, &[2, 3, 1]).expect("in sync");
    cluster.now_ms += 300_000;
    for id in 1..=3 {
        cluster.heartbeat(id);
    }
    cluster.tick();
    assert_eq!(cluster.partition(topic, 0).leader(), 1);
}

/// The leader `broker` asks for an ISR, with the epochs that it should know.
fn alter(cluster: &mut Cluster, topic: Uuid, broker: i32, isr: &[i32]) -> Result<(), ErrorCode> {
    let partition = cluster.partition(topic, 0).clone();
    let epoch = |id| cluster.image().cluster().broker(id).map_or(-1, |broker| broker.epoch);
    let members = isr.iter().map(|id| BrokerState { broker_id: *id, broker_epoch: epoch(*id) });
    let wanted = PartitionData {
        leader_epoch: partition.leader_epoch(),
        partition_epoch: partition.partition_epoch(),
        new_isr_with_epochs: members.collect(),
        ..PartitionData::default()
    };
    send(cluster, broker, topic, wanted)
}

fn send(
    cluster: &mut Cluster,
    broker: i32,
    topic_id: Uuid,
    wanted: PartitionData<'static>,
) -> Result<(), ErrorCode> {
    let broker_epoch = cluster.image().cluster().broker(broker).expect("known").epoch;
    let topics = vec![TopicData { topic_id, partitions: vec![wanted].into() }].into();
    let request = AlterPartitionRequest { broker_id: broker, broker_epoch, topics };
    let response: AlterPartitionResponse<'_> = cluster.ask(request).expect("accepted");
    let topic = response.topics.iter().next().expect("one topic");
    let result = topic.partitions.iter().next().expect("one partition");
    match ErrorCode::from_code(result.error_code).expect("known") {
        ErrorCode::None => Ok(()),
        error => Err(error),
    }
}

#[test]
fn a_leader_changes_its_isr_within_what_it_knows() {
    let (mut cluster, topic) = three(&[]);
    assert_eq!(alter(&mut cluster, topic, 1, &[1, 2]), Ok(()));
    let partition = cluster.partition(topic, 0);
    assert_eq!((partition.isr(), partition.leader_epoch(), partition.partition_epoch()), (&[1, 2][..], 0, 1));
    assert_eq!(alter(&mut cluster, topic, 1, &[1, 2]), Ok(()), "no change is no error");
    assert_eq!(cluster.partition(topic, 0).partition_epoch(), 1);
    assert_eq!(alter(&mut cluster, topic, 2, &[1, 2]), Err(ErrorCode::InvalidRequest), "not the leader");
    assert_eq!(alter(&mut cluster, topic, 1, &[2]), Err(ErrorCode::InvalidRequest), "without the leader");
    assert_eq!(alter(&mut cluster, topic, 1, &[1, 9]), Err(ErrorCode::InvalidRequest), "no replica");
    assert_eq!(alter(&mut cluster, topic, 1, &[1, 1]), Err(ErrorCode::InvalidRequest), "twice");
    let unknown = PartitionData { partition_index: 7, ..PartitionData::default() };
    assert_eq!(send(&mut cluster, 1, topic, unknown.clone()), Err(ErrorCode::UnknownTopicOrPartition));
    assert_eq!(send(&mut cluster, 1, Uuid([9; 16]), unknown), Err(ErrorCode::UnknownTopicId));
}

#[test]
fn epochs_say_who_is_behind() {
    let (mut cluster, topic) = three(&[]);
    alter(&mut cluster, topic, 1, &[1, 2]).expect("accepted");
    let data = |leader_epoch, partition_epoch| PartitionData {
        leader_epoch,
        partition_epoch,
        new_isr_with_epochs: vec![BrokerState { broker_id: 1, broker_epoch: -1 }].into(),
        ..PartitionData::default()
    };
    assert_eq!(send(&mut cluster, 1, topic, data(0, 0)), Err(ErrorCode::InvalidUpdateVersion));
    assert_eq!(send(&mut cluster, 1, topic, data(1, 1)), Err(ErrorCode::NotController));
    assert_eq!(send(&mut cluster, 1, topic, data(0, 2)), Err(ErrorCode::NotController));
    assert_eq!(send(&mut cluster, 1, topic, data(-1, 1)), Err(ErrorCode::FencedLeaderEpoch));
}

#[test]
fn a_fenced_or_older_broker_cannot_be_in_sync() {
    let (mut cluster, topic) = three(&[]);
    cluster.kill(3);
    assert_eq!(alter(&mut cluster, topic, 1, &[1, 2, 3]), Err(ErrorCode::IneligibleReplica));
    let old_epoch = cluster.image().cluster().broker(3).expect("known").epoch;
    cluster.restart(3, 2, true);
    let partition = cluster.partition(topic, 0).clone();
    let members = [(1, -1), (2, -1), (3, old_epoch)];
    let members = members.map(|(broker_id, broker_epoch)| BrokerState { broker_id, broker_epoch });
    let wanted = PartitionData {
        leader_epoch: partition.leader_epoch(),
        partition_epoch: partition.partition_epoch(),
        new_isr_with_epochs: members.to_vec().into(),
        ..PartitionData::default()
    };
    assert_eq!(send(&mut cluster, 1, topic, wanted), Err(ErrorCode::IneligibleReplica));
    assert_eq!(alter(&mut cluster, topic, 1, &[1, 2, 3]), Ok(()));
}
