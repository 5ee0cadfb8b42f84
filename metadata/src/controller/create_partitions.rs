//! CreatePartitions.

use std::collections::BTreeSet;

use wire::ErrorCode;
use wire::messages::create_partitions_request::{CreatePartitionsRequest, CreatePartitionsTopic};
use wire::messages::create_partitions_response::{CreatePartitionsResponse, CreatePartitionsTopicResult};

use super::api::Access;
use super::error::ApiError;
use super::partitions::{check_assignment, new_partition};
use super::placement::Placer;
use super::plan::{Plan, Planned, Planning};
use crate::image::{Partition, Topic, partition_record};
use crate::limits::RECORDS_PER_REQUEST;
use crate::record::Record;

pub(crate) fn plan(
    p: &mut Planning<'_>,
    request: &CreatePartitionsRequest<'_>,
) -> Plan<CreatePartitionsResponse<'static>> {
    let mut records = Vec::new();
    let mut results = Vec::new();
    let names: Vec<String> = request.topics.iter().map(|topic| topic.name.into_owned()).collect();
    let mut answered = BTreeSet::new();
    for topic in &request.topics {
        if !answered.insert(topic.name.to_string()) {
            continue;
        }
        let is_duplicate = names.iter().filter(|name| **name == topic.name).count() > 1;
        let before = records.len();
        let outcome = if is_duplicate {
            Err(ApiError::invalid_request("Duplicate topic name."))
        } else {
            plan_topic(p, &topic, &mut records)
        };
        if outcome.is_err() {
            records.truncate(before);
        }
        let (error_code, error_message) = outcome.err().map_or((0, None), ApiError::fields);
        let name = topic.name.to_string().into();
        results.push(CreatePartitionsTopicResult { name, error_code, error_message });
        if records.len() > RECORDS_PER_REQUEST {
            return Err(ApiError::too_many_records());
        }
    }
    if request.validate_only {
        records.clear();
    }
    Ok(Planned::new(records, CreatePartitionsResponse { throttle_time_ms: 0, results: results.into() }))
}

fn plan_topic(
    p: &mut Planning<'_>,
    request: &CreatePartitionsTopic<'_>,
    records: &mut Vec<Record>,
) -> Result<(), ApiError> {
    if !p.context.access.allows(Access::Alter, &request.name) {
        return Err(ApiError { code: ErrorCode::TopicAuthorizationFailed, message: None });
    }
    let unknown = || ApiError::of(ErrorCode::UnknownTopicOrPartition);
    let topic = p.image().topics().by_name(&request.name).ok_or_else(unknown)?.clone();
    let first = topic.partition_count();
    let additional = check_count(request, first)?;
    if additional as usize > RECORDS_PER_REQUEST {
        return Err(ApiError::too_many_records());
    }
    let assignments = assign(p, request, &topic, additional)?;
    for (number, replicas) in (first..).zip(&assignments) {
        let state =
            new_partition(p.view(), replicas).ok_or_else(|| nobody_active(request, number, replicas))?;
        records.push(partition_record(topic.id(), number, &Partition::pack(&state), p.version()));
    }
    Ok(())
}

fn check_count(request: &CreatePartitionsTopic<'_>, present: i32) -> Result<i32, ApiError> {
    let refuse = |message| Err(ApiError::new(ErrorCode::InvalidPartitions, message));
    if request.count == present {
        return refuse(format!("Topic already has {present} partition(s)."));
    }
    if request.count < present {
        return refuse(format!(
            "The topic {} currently has {present} partition(s); {} would not be an increase.",
            request.name, request.count
        ));
    }
    let additional = request.count - present;
    match &request.assignments {
        Some(assignments) if assignments.len() != additional as usize => Err(ApiError::new(
            ErrorCode::InvalidReplicaAssignment,
            format!(
                "Attempted to add {additional} additional partition(s), but only {} assignment(s) were specified.",
                assignments.len()
            ),
        )),
        _ => Ok(additional),
    }
}

fn assign(
    p: &mut Planning<'_>,
    request: &CreatePartitionsTopic<'_>,
    topic: &Topic,
    additional: i32,
) -> Result<Vec<Vec<i32>>, ApiError> {
    let factor = topic.partition(0).map_or(0, |first| first.replicas().len());
    let view = p.view();
    let Some(assignments) = &request.assignments else {
        let mut placer = Placer::new(view, p.dice);
        return (0..additional).map(|_| placer.place(factor as i16)).collect();
    };
    let mut all = Vec::with_capacity(assignments.len());
    for assignment in assignments {
        let replicas = assignment.broker_ids.to_vec();
        check_assignment(view, &replicas, Some(factor))?;
        all.push(replicas);
    }
    Ok(all)
}

fn nobody_active(request: &CreatePartitionsTopic<'_>, number: i32, replicas: &[i32]) -> ApiError {
    if request.assignments.is_some() {
        let message = format!(
            "All brokers specified in the manual partition assignment for partition {number} are fenced or in \
             controlled shutdown."
        );
        return ApiError::new(ErrorCode::InvalidReplicaAssignment, message);
    }
    let message = format!(
        "Unable to replicate the partition {} time(s): All brokers are currently fenced or in controlled shutdown.",
        replicas.len()
    );
    ApiError::new(ErrorCode::InvalidReplicationFactor, message)
}
