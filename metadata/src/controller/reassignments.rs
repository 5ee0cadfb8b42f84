//! ListPartitionReassignments.

use wire::messages::list_partition_reassignments_request::ListPartitionReassignmentsRequest;
use wire::messages::list_partition_reassignments_response::{
    ListPartitionReassignmentsResponse, OngoingPartitionReassignment, OngoingTopicReassignment,
};

use super::plan::{Plan, Planned, Planning};
use crate::image::{Partition, Topic};

pub(crate) fn plan(
    p: &Planning<'_>,
    request: &ListPartitionReassignmentsRequest<'_>,
) -> Plan<ListPartitionReassignmentsResponse<'static>> {
    let topics = p.image().topics();
    let ongoing = match &request.topics {
        None => topics.iter().filter_map(|topic| list(topic, |_| true)).collect(),
        Some(wanted) => {
            let listed = wanted.iter().filter_map(|wanted| {
                let topic = topics.by_name(&wanted.name)?;
                list(topic, |number| wanted.partition_indexes.iter().any(|index| index == number))
            });
            listed.collect()
        }
    };
    let response = ListPartitionReassignmentsResponse {
        error_message: None,
        topics: ongoing,
        ..ListPartitionReassignmentsResponse::default()
    };
    Ok(Planned::answer(response))
}

fn list(topic: &Topic, is_wanted: impl Fn(i32) -> bool) -> Option<OngoingTopicReassignment<'static>> {
    let moving =
        topic.partitions().filter(|(number, partition)| partition.is_reassigning() && is_wanted(*number));
    let partitions: Vec<_> = moving.map(|(number, partition)| describe(number, partition)).collect();
    (!partitions.is_empty()).then(|| OngoingTopicReassignment {
        name: topic.name().to_string().into(),
        partitions: partitions.into(),
    })
}

fn describe(partition_index: i32, partition: &Partition) -> OngoingPartitionReassignment<'static> {
    OngoingPartitionReassignment {
        partition_index,
        replicas: partition.replicas().to_vec().into(),
        adding_replicas: partition.adding_replicas().to_vec().into(),
        removing_replicas: partition.removing_replicas().to_vec().into(),
    }
}
