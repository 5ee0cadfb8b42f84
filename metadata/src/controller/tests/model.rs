//! Random histories: after each step the rules hold, the indexes are what the image says, and the records alone
//! lead to the same image.

use proptest::prelude::*;
use wire::messages::create_partitions_request::{CreatePartitionsRequest, CreatePartitionsTopic};
use wire::messages::create_partitions_response::CreatePartitionsResponse;
use wire::messages::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};
use wire::messages::delete_topics_response::DeleteTopicsResponse;
use wire::messages::elect_leaders_request::ElectLeadersRequest;
use wire::messages::elect_leaders_response::ElectLeadersResponse;

use super::*;
use crate::controller::indexes::Indexes;
use crate::image::NO_LEADER;

#[derive(Debug, Clone)]
enum Step {
    Create { name: u8, partitions: i32, factor: i16 },
    Delete(u8),
    Grow { name: u8, count: i32 },
    Kill(i32),
    Restart { id: i32, cleanly: bool },
    Elect { unclean: bool },
    FailOver,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u8..6, 1..5, 1i16..4).prop_map(|(name, partitions, factor)| Step::Create { name, partitions, factor }),
        1 => (0u8..6).prop_map(Step::Delete),
        1 => (0u8..6, 1..9).prop_map(|(name, count)| Step::Grow { name, count }),
        4 => (1..5).prop_map(Step::Kill),
        5 => (1..5, any::<bool>()).prop_map(|(id, cleanly)| Step::Restart { id, cleanly }),
        1 => any::<bool>().prop_map(|unclean| Step::Elect { unclean }),
        1 => Just(Step::FailOver),
    ]
}

fn perform(cluster: &mut Cluster, step: &Step, incarnation: u8) {
    match step {
        Step::Create { name, partitions, factor } => {
            let topic = CreatableTopic {
                name: format!("t{name}").into(),
                num_partitions: *partitions,
                replication_factor: *factor,
                configs: vec![CreatableTopicConfig {
                    name: "min.insync.replicas".into(),
                    value: Some("2".into()),
                }]
                .into(),
                ..CreatableTopic::default()
            };
            let request =
                CreateTopicsRequest { topics: vec![topic].into(), ..CreateTopicsRequest::default() };
            let _: CreateTopicsResponse<'_> = cluster.ask(request).expect("accepted");
        }
        Step::Delete(name) => {
            let topic = DeleteTopicState { name: Some(format!("t{name}").into()), topic_id: Uuid::ZERO };
            let request =
                DeleteTopicsRequest { topics: vec![topic].into(), ..DeleteTopicsRequest::default() };
            let _: DeleteTopicsResponse<'_> = cluster.ask(request).expect("accepted");
        }
        Step::Grow { name, count } => {
            let topic =
                CreatePartitionsTopic { name: format!("t{name}").into(), count: *count, assignments: None };
            let request =
                CreatePartitionsRequest { topics: vec![topic].into(), ..CreatePartitionsRequest::default() };
            let _: CreatePartitionsResponse<'_> = cluster.ask(request).expect("accepted");
        }
        Step::Kill(id) => {
            if cluster.image().cluster().broker(*id).is_some_and(|broker| !broker.fenced) {
                cluster.kill(*id);
            }
        }
        Step::Restart { id, cleanly } => {
            if cluster.image().cluster().broker(*id).is_some_and(|broker| broker.fenced) {
                cluster.restart(*id, incarnation, *cleanly);
                cluster.sweep_all();
            }
        }
        Step::Elect { unclean } => {
            let request = ElectLeadersRequest {
                election_type: i8::from(*unclean),
                topic_partitions: None,
                timeout_ms: 0,
            };
            let _: ElectLeadersResponse<'_> = cluster.ask(request).expect("accepted");
        }
        Step::FailOver => {
            cluster.fail_over();
            cluster.sweep_all();
        }
    }
}

/// The rules about one partition that hold whatever happened.
fn check_partition(cluster: &Cluster, partition: &Partition) -> Result<(), TestCaseError> {
    let (leader, isr, elr) = (partition.leader(), partition.isr(), partition.elr());
    let is_active = |id: &i32| {
        cluster.image().cluster().broker(*id).is_some_and(|b| !b.fenced && !b.in_controlled_shutdown)
    };
    prop_assert!(leader == NO_LEADER || isr.contains(&leader), "leader in ISR: {:?}", partition);
    prop_assert!(leader == NO_LEADER || is_active(&leader), "a leader is active: {:?}", partition);
    prop_assert!(isr.iter().all(|id| partition.replicas().contains(id)), "ISR of replicas: {:?}", partition);
    prop_assert!(isr.iter().all(is_active), "the ISR is active: {:?}", partition);
    prop_assert!(elr.iter().all(|id| partition.replicas().contains(id)), "ELR of replicas: {:?}", partition);
    prop_assert!(elr.iter().all(|id| !isr.contains(id)), "ELR apart from ISR: {:?}", partition);
    prop_assert!(isr.is_empty() == (leader == NO_LEADER), "in sync with somebody: {:?}", partition);
    Ok(())
}

fn check(cluster: &Cluster, before: &MetadataImage) -> Result<(), TestCaseError> {
    for topic in cluster.image().topics().iter() {
        for (number, partition) in topic.partitions() {
            check_partition(cluster, partition)?;
            let Some(earlier) = before.topics().partition(topic.id(), number) else { continue };
            prop_assert!(partition.leader_epoch() >= earlier.leader_epoch());
            prop_assert!(partition.partition_epoch() >= earlier.partition_epoch());
            let changed_leader = partition.leader() != earlier.leader();
            prop_assert!(!changed_leader || partition.leader_epoch() > earlier.leader_epoch());
            prop_assert!(partition == earlier || partition.partition_epoch() > earlier.partition_epoch());
        }
    }
    prop_assert!(cluster.state.indexes().follow_from(&Indexes::of_image(cluster.image())));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_rules_hold_after_every_step(steps in prop::collection::vec(step(), 1..40)) {
        let mut cluster = Cluster::new();
        cluster.start_brokers(1..5);
        for (number, step) in steps.iter().enumerate() {
            let before = cluster.image().clone();
            perform(&mut cluster, step, 2 + number as u8);
            check(&cluster, &before)?;
        }
        let mut replayed = ControllerState::default();
        let messages = cluster.records.iter().map(|record| &record.message);
        let provenance = cluster.image().provenance();
        replayed.replay((0..).zip(messages), provenance).expect("the records fit");
        prop_assert_eq!(replayed.image(), cluster.image());
        prop_assert_eq!(&replayed, &cluster.state);
    }
}
