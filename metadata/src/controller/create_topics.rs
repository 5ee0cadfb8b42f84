//! CreateTopics.

use std::collections::{BTreeMap, BTreeSet};

use wire::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreateTopicsRequest,
};
use wire::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult, CreateTopicsResponse,
};
use wire::metadata_records::topic_record::TopicRecord;
use wire::{ErrorCode, Uuid};

use super::api::Access;
use super::configs;
use super::error::ApiError;
use super::partitions::{check_assignment, new_partition};
use super::placement::Placer;
use super::plan::{Plan, Planned, Planning};
use super::topic_names::{CLUSTER_METADATA, validate_topic_name};
use crate::config_defs;
use crate::image::{ConfigResource, ConfigValues, Partition, partition_record};
use crate::limits::{PARTITIONS_PER_REQUEST, RECORDS_PER_REQUEST};
use crate::record::Record;

/// Replicas of the new partitions, by their numbers.
type Assignments = BTreeMap<i32, Vec<i32>>;

pub(crate) fn plan(
    p: &mut Planning<'_>,
    request: &CreateTopicsRequest<'_>,
) -> Plan<CreateTopicsResponse<'static>> {
    check_partition_count(p, request)?;
    let mut records = Vec::new();
    let mut seen = BTreeSet::new();
    let mut refused_twice = BTreeSet::new();
    let mut results = Vec::with_capacity(request.topics.len());
    let names: Vec<String> = request.topics.iter().map(|topic| topic.name.into_owned()).collect();
    for topic in &request.topics {
        let is_duplicate = names.iter().filter(|name| **name == topic.name).count() > 1;
        if is_duplicate {
            if refused_twice.insert(topic.name.to_string()) {
                let error = ApiError::invalid_request("Duplicate topic name.");
                results.push(refusal(&topic.name, error));
            }
            continue;
        }
        let before = records.len();
        let result = plan_topic(p, &topic, &seen, &mut records);
        results.push(result.unwrap_or_else(|error| {
            records.truncate(before);
            refusal(&topic.name, error)
        }));
        seen.insert(topic.name.to_string());
        if records.len() > RECORDS_PER_REQUEST {
            return Err(ApiError::too_many_records());
        }
    }
    if request.validate_only {
        records.clear();
    }
    Ok(Planned::new(records, CreateTopicsResponse { throttle_time_ms: 0, topics: results.into() }))
}

/// One request may not create more partitions than the controller can take in one go.
fn check_partition_count(p: &Planning<'_>, request: &CreateTopicsRequest<'_>) -> Result<(), ApiError> {
    let default = p.config.integer("num.partitions");
    let count = |topic: CreatableTopic<'_>| match topic.num_partitions {
        _ if !topic.assignments.is_empty() => topic.assignments.len() as i64,
        -1 => default,
        count => i64::from(count.max(0)),
    };
    if request.topics.iter().map(count).sum::<i64>() > PARTITIONS_PER_REQUEST as i64 {
        let message = "Excessively large number of partitions per request.";
        return Err(ApiError::new(ErrorCode::PolicyViolation, message));
    }
    Ok(())
}

fn refusal(name: &str, error: ApiError) -> CreatableTopicResult<'static> {
    let (error_code, error_message) = error.fields();
    CreatableTopicResult {
        name: name.to_owned().into(),
        error_code,
        error_message,
        ..CreatableTopicResult::default()
    }
}

fn plan_topic(
    p: &mut Planning<'_>,
    topic: &CreatableTopic<'_>,
    seen: &BTreeSet<String>,
    records: &mut Vec<Record>,
) -> Result<CreatableTopicResult<'static>, ApiError> {
    check_name(p, &topic.name, seen)?;
    let settings = settings_of(topic)?;
    let resource = ConfigResource::topic(&topic.name);
    let config_records = configs::plan_new_resource(p.view(), &resource, &settings)?;
    let assignments = assign(p, topic)?;
    let topic_id = new_topic_id(p);
    records.push(Record::v0(TopicRecord { name: topic.name.to_string().into(), topic_id }));
    records.extend(config_records);
    for (number, replicas) in &assignments {
        let state =
            new_partition(p.view(), replicas).ok_or_else(|| nobody_active(topic, *number, replicas))?;
        records.push(partition_record(topic_id, *number, &Partition::pack(&state), p.version()));
    }
    Ok(describe(p, topic, topic_id, &settings, &assignments))
}

/// An id that no topic has.
fn new_topic_id(p: &mut Planning<'_>) -> Uuid {
    loop {
        let id = p.dice.uuid();
        if p.image().topics().by_id(id).is_none() {
            return id;
        }
    }
}

fn check_name(p: &Planning<'_>, name: &str, seen: &BTreeSet<String>) -> Result<(), ApiError> {
    if name == CLUSTER_METADATA {
        let message = format!("Creation of internal topic {CLUSTER_METADATA} is prohibited.");
        return Err(ApiError::invalid_request(message));
    }
    if !p.context.access.allows(Access::Create, name) {
        return Err(ApiError::new(ErrorCode::TopicAuthorizationFailed, "Authorization failed."));
    }
    validate_topic_name(name)?;
    if p.image().topics().by_name(name).is_some() {
        let message = format!("Topic '{name}' already exists.");
        return Err(ApiError::new(ErrorCode::TopicAlreadyExists, message));
    }
    let unified = name.replace('.', "_");
    let in_request = seen.iter().map(String::as_str).find(|other| other.replace('.', "_") == unified);
    if let Some(other) = p.state.indexes().collision(name).or(in_request) {
        let message = format!("Topic '{name}' collides with existing topic: {other}");
        return Err(ApiError::new(ErrorCode::InvalidTopicException, message));
    }
    Ok(())
}

fn settings_of(topic: &CreatableTopic<'_>) -> Result<ConfigValues, ApiError> {
    let mut settings = ConfigValues::new();
    let mut without_value = Vec::new();
    for config in &topic.configs {
        match config.value {
            Some(value) => {
                settings.insert(config.name.into_owned(), value.into_owned());
            }
            None => without_value.push(config.name.into_owned()),
        }
    }
    if without_value.is_empty() {
        return Ok(settings);
    }
    let message = format!("Null value not supported for topic configs: {}", without_value.join(","));
    Err(ApiError::new(ErrorCode::InvalidConfig, message))
}

fn assign(p: &mut Planning<'_>, topic: &CreatableTopic<'_>) -> Result<Assignments, ApiError> {
    if !topic.assignments.is_empty() {
        return assign_by_hand(p, topic);
    }
    if topic.replication_factor < -1 || topic.replication_factor == 0 {
        let message = "Replication factor must be larger than 0, or -1 to use the default value.";
        return Err(ApiError::new(ErrorCode::InvalidReplicationFactor, message));
    }
    if topic.num_partitions < -1 || topic.num_partitions == 0 {
        let message = "Number of partitions was set to an invalid non-positive value.";
        return Err(ApiError::new(ErrorCode::InvalidPartitions, message));
    }
    let (partitions, factor) = counts(p, topic);
    let view = p.view();
    let mut placer = Placer::new(view, p.dice);
    let mut assignments = Assignments::new();
    for number in 0..partitions {
        let replicas = placer.place(factor).map_err(|error| cannot_replicate(factor, error))?;
        assignments.insert(number, replicas);
    }
    Ok(assignments)
}

fn counts(p: &Planning<'_>, topic: &CreatableTopic<'_>) -> (i32, i16) {
    let partitions = match topic.num_partitions {
        -1 => p.config.integer("num.partitions") as i32,
        count => count,
    };
    let factor = match topic.replication_factor {
        -1 => p.config.integer("default.replication.factor") as i16,
        factor => factor,
    };
    (partitions, factor)
}

fn cannot_replicate(factor: i16, error: ApiError) -> ApiError {
    let reason = error.message.unwrap_or_default();
    let message = format!("Unable to replicate the partition {factor} time(s): {reason}");
    ApiError::new(ErrorCode::InvalidReplicationFactor, message)
}

fn nobody_active(topic: &CreatableTopic<'_>, number: i32, replicas: &[i32]) -> ApiError {
    if topic.assignments.is_empty() {
        let reason = "All brokers are currently fenced or in controlled shutdown.";
        return cannot_replicate(
            replicas.len() as i16,
            ApiError::new(ErrorCode::InvalidReplicationFactor, reason),
        );
    }
    let message = format!(
        "All brokers specified in the manual partition assignment for partition {number} are fenced or in \
         controlled shutdown."
    );
    ApiError::new(ErrorCode::InvalidReplicaAssignment, message)
}

fn assign_by_hand(p: &Planning<'_>, topic: &CreatableTopic<'_>) -> Result<Assignments, ApiError> {
    if topic.replication_factor != -1 {
        return Err(ApiError::invalid_request(
            "A manual partition assignment was specified, but replication factor was not set to -1.",
        ));
    }
    if topic.num_partitions != -1 {
        return Err(ApiError::invalid_request(
            "A manual partition assignment was specified, but numPartitions was not set to -1.",
        ));
    }
    let mut assignments = Assignments::new();
    let mut factor = None;
    for CreatableReplicaAssignment { partition_index, broker_ids } in &topic.assignments {
        if assignments.contains_key(&partition_index) {
            let message =
                format!("Found multiple manual partition assignments for partition {partition_index}");
            return Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, message));
        }
        let replicas = broker_ids.to_vec();
        check_assignment(p.view(), &replicas, factor)?;
        factor = Some(replicas.len());
        if !replicas.iter().any(|broker| p.view().is_active(*broker)) {
            return Err(nobody_active(topic, partition_index, &replicas));
        }
        assignments.insert(partition_index, replicas);
    }
    if !assignments.keys().copied().eq(0..assignments.len() as i32) {
        let message = "partitions should be a consecutive 0-based integer sequence";
        return Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, message));
    }
    Ok(assignments)
}

fn describe(
    p: &Planning<'_>,
    topic: &CreatableTopic<'_>,
    topic_id: Uuid,
    settings: &ConfigValues,
    assignments: &Assignments,
) -> CreatableTopicResult<'static> {
    let mut result = CreatableTopicResult {
        name: topic.name.to_string().into(),
        topic_id,
        error_message: None,
        ..CreatableTopicResult::default()
    };
    if p.context.access.allows(Access::DescribeConfigs, &topic.name) {
        result.num_partitions = assignments.len() as i32;
        result.replication_factor = assignments.values().next().map_or(-1, |replicas| replicas.len() as i16);
        result.configs = Some(describe_settings(p, settings).into());
    } else {
        result.topic_config_error_code = ErrorCode::TopicAuthorizationFailed.code();
    }
    result
}

fn describe_settings(p: &Planning<'_>, settings: &ConfigValues) -> Vec<CreatableTopicConfigs<'static>> {
    let shown = config_defs::topic().iter().filter(|def| !def.internal || settings.contains_key(def.name));
    shown
        .map(|def| {
            let (value, source) = p.view().effective_topic_setting(settings, def.name);
            CreatableTopicConfigs {
                name: def.name.into(),
                value: value.filter(|_| !def.is_sensitive()).map(Into::into),
                read_only: false,
                config_source: source as i8,
                is_sensitive: def.is_sensitive(),
            }
        })
        .collect()
}
