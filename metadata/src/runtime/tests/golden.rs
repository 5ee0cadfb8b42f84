//! What Apache Kafka 4.3.1 answered to a table of requests, good and bad, in one run: the same here.

use wire::ErrorCode;
use wire::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsRequest, CreatePartitionsTopic,
};
use wire::messages::create_partitions_response::CreatePartitionsResponse;
use wire::messages::create_topics_request::{CreatableReplicaAssignment, CreatableTopicConfig};
use wire::messages::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};
use wire::messages::delete_topics_response::DeleteTopicsResponse;
use wire::messages::elect_leaders_request::{ElectLeadersRequest, TopicPartitions};
use wire::messages::elect_leaders_response::ElectLeadersResponse;
use wire::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use wire::messages::incremental_alter_configs_response::IncrementalAlterConfigsResponse;
use wire::messages::unregister_broker_request::UnregisterBrokerRequest;
use wire::messages::unregister_broker_response::UnregisterBrokerResponse;
use wire::messages::update_features_request::{FeatureUpdateKey, UpdateFeaturesRequest};
use wire::messages::update_features_response::UpdateFeaturesResponse;

use super::*;

const REFUSALS: &str = include_str!("../../../testdata/refusals.tsv");

/// Error code and sentence, of the request or of the one thing in it.
type Verdict = (i16, Option<String>);

fn settings<'w>(words: &'w [&'w str]) -> impl Iterator<Item = (&'w str, &'w str)> {
    words.iter().map(|word| word.split_once('=').expect("name=value"))
}

fn ids(text: &str) -> Vec<i32> {
    text.split(',').filter(|id| !id.is_empty()).map(|id| id.parse().expect("an id")).collect()
}

fn number<T: std::str::FromStr>(word: &str) -> T {
    word.parse().unwrap_or_else(|_| panic!("{word} is no number"))
}

impl Node {
    /// Asks and reduces the answer to its verdict.
    fn judge<T: TryFrom<ControllerResponse>>(
        &mut self,
        request: impl Into<ControllerRequest>,
        verdict: impl FnOnce(T) -> Verdict,
    ) -> Verdict {
        match self.ask(request) {
            Ok(response) => verdict(response),
            Err(error) => (error.code.code(), error.message),
        }
    }

    fn try_create(&mut self, topic: CreatableTopic<'static>, validate_only: bool) -> Verdict {
        let request = CreateTopicsRequest { topics: vec![topic].into(), validate_only, timeout_ms: 0 };
        self.judge(request, |response: CreateTopicsResponse<'_>| {
            let result = response.topics.iter().next().expect("one topic");
            (result.error_code, result.error_message.map(|message| message.into_owned()))
        })
    }

    fn try_delete(&mut self, topic: DeleteTopicState<'static>) -> Verdict {
        let request = DeleteTopicsRequest { topics: vec![topic].into(), ..DeleteTopicsRequest::default() };
        self.judge(request, |response: DeleteTopicsResponse<'_>| {
            let result = response.responses.iter().next().expect("one topic");
            (result.error_code, result.error_message.map(|message| message.into_owned()))
        })
    }

    fn try_grow(&mut self, name: &str, count: i32, assignments: &[&str]) -> Verdict {
        let assigned =
            assignments.iter().map(|brokers| CreatePartitionsAssignment { broker_ids: ids(brokers).into() });
        let topic = CreatePartitionsTopic {
            name: name.to_owned().into(),
            count,
            assignments: (!assignments.is_empty()).then(|| assigned.collect()),
        };
        let request =
            CreatePartitionsRequest { topics: vec![topic].into(), ..CreatePartitionsRequest::default() };
        self.judge(request, |response: CreatePartitionsResponse<'_>| {
            let result = response.results.iter().next().expect("one topic");
            (result.error_code, result.error_message.map(|message| message.into_owned()))
        })
    }

    fn try_alter(&mut self, words: &[&str]) -> Verdict {
        let resource_type = match words[0] {
            "topic" => 2,
            "broker" => 4,
            "group" => 32,
            _ => 16,
        };
        let operations = ["set", "delete", "append", "subtract"];
        let config_operation = operations.iter().position(|o| *o == words[2]).expect("an operation") as i8;
        let configs = settings(&words[3..]).map(|(name, value)| AlterableConfig {
            name: name.to_owned().into(),
            config_operation,
            value: Some(value.to_owned().into()),
        });
        let resource_name = if words[1] == "_" { "" } else { words[1] }.to_owned().into();
        let resource = AlterConfigsResource { resource_type, resource_name, configs: configs.collect() };
        let request =
            IncrementalAlterConfigsRequest { resources: vec![resource].into(), validate_only: false };
        self.judge(request, |response: IncrementalAlterConfigsResponse<'_>| {
            let result = response.responses.iter().next().expect("one resource");
            (result.error_code, result.error_message.map(|message| message.into_owned()))
        })
    }

    fn try_elect(&mut self, kind: &str, topic: &str, partition: i32) -> Verdict {
        let partitions =
            TopicPartitions { topic: topic.to_owned().into(), partitions: vec![partition].into() };
        let request = ElectLeadersRequest {
            election_type: i8::from(kind == "unclean"),
            topic_partitions: Some(vec![partitions].into()),
            timeout_ms: 0,
        };
        self.judge(request, |response: ElectLeadersResponse<'_>| {
            let topic = response.replica_election_results.iter().next().expect("one topic");
            let result = topic.partition_result.iter().next().expect("one partition");
            (result.error_code, result.error_message.map(|message| message.into_owned()))
        })
    }

    fn try_feature(&mut self, feature: &str, level: i16, kind: &str) -> Verdict {
        let upgrade_type =
            ["", "upgrade", "safe", "unsafe"].iter().position(|k| *k == kind).expect("a kind") as i8;
        let update = FeatureUpdateKey {
            feature: feature.to_owned().into(),
            max_version_level: level,
            upgrade_type,
            ..FeatureUpdateKey::default()
        };
        let request = UpdateFeaturesRequest {
            feature_updates: vec![update].into(),
            ..UpdateFeaturesRequest::default()
        };
        self.judge(request, |response: UpdateFeaturesResponse<'_>| {
            (response.error_code, response.error_message.map(|message| message.into_owned()))
        })
    }

    fn perform(&mut self, line: &str) -> Verdict {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            [verb @ ("create" | "create-validate"), name, partitions, factor, ref configs @ ..] => {
                let configs = settings(configs).map(|(name, value)| CreatableTopicConfig {
                    name: name.to_owned().into(),
                    value: Some(value.to_owned().into()),
                });
                let topic = CreatableTopic {
                    name: name.to_owned().into(),
                    num_partitions: number(partitions),
                    replication_factor: number(factor),
                    configs: configs.collect(),
                    ..CreatableTopic::default()
                };
                self.try_create(topic, verb == "create-validate")
            }
            ["assign", name, ref assignments @ ..] => {
                let assignments = assignments.iter().map(|word| {
                    let (index, brokers) = word.split_once(':').expect("partition:brokers");
                    CreatableReplicaAssignment {
                        partition_index: number(index),
                        broker_ids: ids(brokers).into(),
                    }
                });
                let topic = CreatableTopic {
                    name: name.to_owned().into(),
                    num_partitions: -1,
                    replication_factor: -1,
                    assignments: assignments.collect(),
                    ..CreatableTopic::default()
                };
                self.try_create(topic, false)
            }
            ["delete", name] => {
                self.try_delete(DeleteTopicState { name: Some(name.to_owned().into()), topic_id: Uuid::ZERO })
            }
            ["delete-id", id] => {
                let topic_id = id.parse().expect("a topic id");
                self.try_delete(DeleteTopicState { name: None, topic_id })
            }
            ["grow", name, count, ref assignments @ ..] => self.try_grow(name, number(count), assignments),
            ["alter", ref rest @ ..] => self.try_alter(rest),
            ["elect", kind, topic, partition] => self.try_elect(kind, topic, number(partition)),
            ["feature", name, level, kind] => self.try_feature(name, number(level), kind),
            ["unregister", id] => {
                let request = UnregisterBrokerRequest { broker_id: number(id) };
                self.judge(request, |response: UnregisterBrokerResponse<'_>| (response.error_code, None))
            }
            _ => panic!("{line}"),
        }
    }
}

#[test]
fn requests_are_answered_as_by_apache() {
    let mut node = Node::new();
    node.elect(EPOCH);
    node.start_broker(NODE);
    let mut differences = Vec::new();
    for line in REFUSALS.lines().filter(|line| !line.starts_with('#')) {
        let [request, code, message] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let records_before = node.quorum.log.lock().expect("free").end_offset;
        let verdict = node.perform(request);
        let ours = ErrorCode::from_code(verdict.0).expect("a code").name();
        let sentence = verdict.1.unwrap_or_default();
        if ours != code || message != "(usual)" && sentence != message {
            differences.push(format!("{request}\n  apache: {code} {message}\n  here:   {ours} {sentence}"));
        }
        let wrote = node.quorum.log.lock().expect("free").end_offset > records_before;
        assert!(code == "NONE" || !wrote, "{request}: a refusal writes nothing");
    }
    assert_eq!(REFUSALS.lines().filter(|line| !line.starts_with('#')).count(), 90);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
