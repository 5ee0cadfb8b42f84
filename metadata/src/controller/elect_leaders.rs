//! ElectLeaders, and the elections that the controller holds by itself.

use wire::messages::elect_leaders_request::ElectLeadersRequest;
use wire::messages::elect_leaders_response::{ElectLeadersResponse, PartitionResult, ReplicaElectionResult};
use wire::{ErrorCode, Uuid};

use super::error::ApiError;
use super::indexes::PartitionKey;
use super::partition_change::{Election, PartitionChange};
use super::plan::{Plan, Planned, Planning, View};
use crate::image::{NO_LEADER, Topic};
use crate::limits::{ELECTIONS_PER_ROUND, RECORDS_PER_REQUEST};
use crate::record::Record;

pub(crate) fn plan(
    p: &Planning<'_>,
    request: &ElectLeadersRequest<'_>,
) -> Plan<ElectLeadersResponse<'static>> {
    let election = match request.election_type {
        0 => Election::Preferred,
        1 => Election::Unclean,
        other => return Err(ApiError::invalid_request(format!("Unknown election type {other}"))),
    };
    let mut records = Vec::new();
    let results = match &request.topic_partitions {
        Some(topics) => {
            let results = topics.iter().map(|topic| {
                elect_in_topic(p.view(), &topic.topic, topic.partitions.iter(), election, &mut records)
            });
            results.collect()
        }
        None => elect_everywhere(p.view(), election, &mut records),
    };
    if records.len() > RECORDS_PER_REQUEST {
        return Err(ApiError::too_many_records());
    }
    let response =
        ElectLeadersResponse { replica_election_results: results, ..ElectLeadersResponse::default() };
    Ok(Planned::new(records, response))
}

fn elect_everywhere(
    view: View<'_>,
    election: Election,
    records: &mut Vec<Record>,
) -> wire::Array<'static, ReplicaElectionResult<'static>> {
    let topics = view.image().topics().iter().map(|topic| {
        let mut result = elect_in_topic(view, topic.name(), 0..topic.partition_count(), election, records);
        let needed = |result: &PartitionResult<'_>| result.error_code != ErrorCode::ElectionNotNeeded.code();
        result.partition_result = result.partition_result.into_iter().filter(needed).collect();
        result
    });
    topics.collect()
}

fn elect_in_topic(
    view: View<'_>,
    name: &str,
    partitions: impl Iterator<Item = i32>,
    election: Election,
    records: &mut Vec<Record>,
) -> ReplicaElectionResult<'static> {
    let partition_result = partitions.map(|partition_id| {
        let error = match elect(view, name, partition_id, election) {
            Ok(record) => {
                records.push(record);
                None
            }
            Err(error) => Some(error),
        };
        let (error_code, error_message) = error.map_or((0, None), ApiError::fields);
        PartitionResult { partition_id, error_code, error_message }
    });
    let partition_result = partition_result.collect();
    ReplicaElectionResult { topic: name.to_owned().into(), partition_result }
}

fn elect(view: View<'_>, name: &str, number: i32, election: Election) -> Result<Record, ApiError> {
    let unknown = |message| ApiError::new(ErrorCode::UnknownTopicOrPartition, message);
    let topics = view.image().topics();
    let topic = topics.by_name(name).ok_or_else(|| unknown(format!("No such topic as {name}")))?;
    let partition =
        topic.partition(number).ok_or_else(|| unknown(format!("No such partition as {name}-{number}")))?;
    let is_needed = match election {
        Election::Preferred => partition.leader() != partition.preferred_leader(),
        Election::Unclean | Election::Online => partition.leader() == NO_LEADER,
    };
    if !is_needed {
        return Err(ApiError::of(ErrorCode::ElectionNotNeeded));
    }
    let unavailable = match election {
        Election::Preferred => ErrorCode::PreferredLeaderNotAvailable,
        Election::Unclean | Election::Online => ErrorCode::EligibleLeadersNotAvailable,
    };
    change(view, topic, number, election).ok_or_else(|| ApiError::of(unavailable))
}

fn change(view: View<'_>, topic: &Topic, number: i32, election: Election) -> Option<Record> {
    let partition = topic.partition(number)?;
    let may_lead = |broker| view.is_active(broker);
    let key: (Uuid, i32) = (topic.id(), number);
    let mut change = PartitionChange::new(partition, key, view.circumstances(topic), &may_lead);
    change.election = election;
    change.build()
}

/// Moves leadership back to preferred replicas, for as many partitions as one round takes. `true` if there may be
/// more.
pub(crate) fn balance_leaders(view: View<'_>) -> (Vec<Record>, bool) {
    elect_all(view, view.state.indexes().imbalanced(), Election::Preferred)
}

/// Elects leaders uncleanly where topics ask for that. `true` if there may be more.
pub(crate) fn elect_unclean_leaders(view: View<'_>) -> (Vec<Record>, bool) {
    let leaderless = view.state.indexes().leaderless_from((Uuid::ZERO, 0));
    let asked_for = leaderless.filter(move |(id, _)| {
        let topic = view.image().topics().by_id(*id);
        topic.is_some_and(|topic| view.elects_uncleanly(topic.name()))
    });
    elect_all(view, asked_for, Election::Unclean)
}

fn elect_all(
    view: View<'_>,
    partitions: impl Iterator<Item = PartitionKey>,
    election: Election,
) -> (Vec<Record>, bool) {
    let mut records = Vec::new();
    for (id, number) in partitions {
        if records.len() >= ELECTIONS_PER_ROUND {
            return (records, true);
        }
        let topic = view.image().topics().by_id(id);
        records.extend(topic.and_then(|topic| change(view, topic, number, election)));
    }
    (records, false)
}
