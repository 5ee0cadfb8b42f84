//! Create, alter, delete.

use std::io::Write;

use metadata::config_defs;
use wire::ErrorCode;
use wire::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsRequest, CreatePartitionsTopic,
};
use wire::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use wire::messages::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};

use super::{Problem, Topics};
use crate::client::{ClientError, Cluster, Refusal, TopicView, broker_error};

/// How long the controller may take, in milliseconds.
const TIMEOUT_MS: i32 = 60_000;

impl Topics {
    pub(super) fn create(&self, cluster: &mut Cluster, out: &mut dyn Write) -> Result<(), Problem> {
        let name = self.topic.as_deref().unwrap_or_default();
        if name.contains(['.', '_']) {
            writeln!(
                out,
                "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could \
                 collide. To avoid issues it is best to use either, but not both."
            )?;
        }
        let topic = self.creatable(name)?;
        let request =
            CreateTopicsRequest { topics: vec![topic].into(), timeout_ms: TIMEOUT_MS, validate_only: false };
        let created = cluster.retry(|cluster| {
            let reply = cluster.ask_controller(&request)?;
            for result in reply.get()?.topics.iter() {
                broker_error(result.error_code, result.error_message.as_deref())?;
            }
            Ok(())
        });
        match created {
            Ok(()) => Ok(writeln!(out, "Created topic {name}.")?),
            Err(error) if self.if_not_exists && is_refusal(&error, ErrorCode::TopicAlreadyExists) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn creatable(&self, name: &str) -> Result<CreatableTopic<'static>, Problem> {
        let factor = self.replication_factor.unwrap_or(-1);
        if self.replication_factor.is_some_and(|factor| !(1..=i32::from(i16::MAX)).contains(&factor)) {
            return Err(said("The replication factor must be between 1 and 32767 inclusive"));
        }
        if self.partitions.is_some_and(|partitions| partitions < 1) {
            return Err(said("The partitions must be greater than 0"));
        }
        let assignments = self.assignments()?;
        let numbered = assignments.iter().enumerate().map(|(index, brokers)| CreatableReplicaAssignment {
            partition_index: index as i32,
            broker_ids: brokers.clone().into(),
        });
        Ok(CreatableTopic {
            name: name.to_owned().into(),
            num_partitions: self.partitions.unwrap_or(-1),
            replication_factor: factor as i16,
            assignments: numbered.collect(),
            configs: self.configs()?.into(),
        })
    }

    /// Settings from `--config`, checked here as Apache checks them before it asks the cluster.
    fn configs(&self) -> Result<Vec<CreatableTopicConfig<'static>>, Problem> {
        let setting = |pair: &String| {
            let (name, value) = pair.split_once('=').ok_or_else(|| {
                said("requirement failed: Invalid topic config: all configs to be added must be in the format \"key=val\".")
            })?;
            let (name, value) = (name.trim(), value.trim());
            let known = config_defs::topic().get(name);
            let known = known.ok_or_else(|| said(format!("Unknown topic config name: {name}")))?;
            known.parse(Some(value)).map_err(|error| said(error.to_string()))?;
            Ok(CreatableTopicConfig { name: name.to_owned().into(), value: Some(value.to_owned().into()) })
        };
        self.config.iter().map(setting).collect()
    }

    /// Brokers of each partition, from `--replica-assignment`.
    fn assignments(&self) -> Result<Vec<Vec<i32>>, Problem> {
        let Some(text) = &self.replica_assignment else { return Ok(Vec::new()) };
        if self.action.create && (self.partitions.is_some() || self.replication_factor.is_some()) {
            return Err(said(
                "--replica-assignment says the partitions and replicas: give it without --partitions and --replication-factor",
            ));
        }
        let mut partitions: Vec<Vec<i32>> = Vec::new();
        for (index, part) in text.split(',').enumerate() {
            let brokers: Result<Vec<i32>, _> = part.split(':').map(|broker| broker.trim().parse()).collect();
            let brokers = brokers.map_err(|_| {
                said(format!("For input string: {part:?}: expected broker ids, broker:broker"))
            })?;
            if let Some(twice) = brokers.iter().enumerate().find(|(at, id)| brokers[..*at].contains(id)) {
                return Err(said(format!(
                    "Partition replica lists may not contain duplicate entries: {}",
                    twice.1
                )));
            }
            if partitions.first().is_some_and(|first| first.len() != brokers.len()) {
                return Err(said(format!("Partition {index} has different replication factor: {brokers:?}")));
            }
            partitions.push(brokers);
        }
        Ok(partitions)
    }

    pub(super) fn alter(&self, cluster: &mut Cluster) -> Result<(), Problem> {
        let Some(count) = self.partitions else {
            return Err(said("Missing required argument \"[partitions]\""));
        };
        let topics = self.existing(cluster)?;
        if topics.is_empty() {
            return Ok(());
        }
        let assignments = self.assignments()?;
        let topic = |topic: &TopicView| {
            let new = assignments.iter().skip(topic.partitions.len());
            let new: Vec<_> = new
                .map(|brokers| CreatePartitionsAssignment { broker_ids: brokers.clone().into() })
                .collect();
            CreatePartitionsTopic {
                name: topic.name.clone().into(),
                count,
                assignments: (!assignments.is_empty()).then(|| new.into()),
            }
        };
        let request = CreatePartitionsRequest {
            topics: topics.iter().map(topic).collect(),
            timeout_ms: TIMEOUT_MS,
            validate_only: false,
        };
        Ok(cluster.retry(|cluster| {
            let reply = cluster.ask_controller(&request)?;
            for result in reply.get()?.results.iter() {
                broker_error(result.error_code, result.error_message.as_deref())?;
            }
            Ok(())
        })?)
    }

    pub(super) fn delete(&self, cluster: &mut Cluster) -> Result<(), Problem> {
        let topics = self.existing(cluster)?;
        if topics.is_empty() {
            return Ok(());
        }
        let names = || topics.iter().map(|topic| topic.name.clone());
        let state =
            |name: String| DeleteTopicState { name: Some(name.into()), ..DeleteTopicState::default() };
        let request = DeleteTopicsRequest {
            topics: names().map(state).collect(),
            topic_names: names().map(Into::into).collect(),
            timeout_ms: TIMEOUT_MS,
        };
        Ok(cluster.retry(|cluster| {
            let reply = cluster.ask_controller(&request)?;
            for result in reply.get()?.responses.iter() {
                broker_error(result.error_code, result.error_message.as_deref())?;
            }
            Ok(())
        })?)
    }
}

fn said(message: impl Into<String>) -> Problem {
    Problem::Said(message.into())
}

fn is_refusal(error: &ClientError, code: ErrorCode) -> bool {
    matches!(error, ClientError::Refused(Refusal { code: found, .. }) if *found == code)
}
