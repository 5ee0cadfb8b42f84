//! A controller that knows one broker, and whose changes are in force at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use metadata::delta::MetadataDelta;
use metadata::image::{MetadataImage, Provenance};
use parking_lot::Mutex;
use wire::Uuid;
use wire::messages::allocate_producer_ids_request::AllocateProducerIdsRequest;
use wire::messages::allocate_producer_ids_response::AllocateProducerIdsResponse;
use wire::messages::alter_configs_request::AlterConfigsRequest;
use wire::messages::alter_configs_response::AlterConfigsResponse;
use wire::messages::broker_heartbeat_request::BrokerHeartbeatRequest;
use wire::messages::broker_heartbeat_response::BrokerHeartbeatResponse;
use wire::messages::broker_registration_request::BrokerRegistrationRequest;
use wire::messages::broker_registration_response::BrokerRegistrationResponse;
use wire::messages::create_partitions_request::CreatePartitionsRequest;
use wire::messages::create_partitions_response::CreatePartitionsResponse;
use wire::messages::create_topics_request::CreateTopicsRequest;
use wire::messages::create_topics_response::{CreatableTopicResult, CreateTopicsResponse};
use wire::messages::delete_topics_request::DeleteTopicsRequest;
use wire::messages::delete_topics_response::DeleteTopicsResponse;
use wire::messages::describe_quorum_request::DescribeQuorumRequest;
use wire::messages::describe_quorum_response::DescribeQuorumResponse;
use wire::messages::elect_leaders_request::ElectLeadersRequest;
use wire::messages::elect_leaders_response::ElectLeadersResponse;
use wire::messages::incremental_alter_configs_request::IncrementalAlterConfigsRequest;
use wire::messages::incremental_alter_configs_response::IncrementalAlterConfigsResponse;
use wire::messages::list_partition_reassignments_request::ListPartitionReassignmentsRequest;
use wire::messages::list_partition_reassignments_response::ListPartitionReassignmentsResponse;
use wire::messages::unregister_broker_request::UnregisterBrokerRequest;
use wire::messages::unregister_broker_response::UnregisterBrokerResponse;
use wire::messages::update_features_request::UpdateFeaturesRequest;
use wire::messages::update_features_response::UpdateFeaturesResponse;
use wire::metadata_records::MetadataRecord;
use wire::metadata_records::config_record::ConfigRecord;
use wire::metadata_records::feature_level_record::FeatureLevelRecord;
use wire::metadata_records::partition_change_record::PartitionChangeRecord;
use wire::metadata_records::partition_record::PartitionRecord;
use wire::metadata_records::register_broker_record::{BrokerEndpoint, RegisterBrokerRecord};
use wire::metadata_records::remove_topic_record::RemoveTopicRecord;
use wire::metadata_records::topic_record::TopicRecord;

use crate::Broker;
use crate::controller::{Answer, Caller, ControllerChannel};

/// See the module.
#[derive(Default)]
pub(crate) struct TestController {
    image: Mutex<Arc<MetadataImage>>,
    broker: Mutex<Weak<Broker>>,
    topics: Mutex<u8>,
    producer_ids: Mutex<i64>,
}

const NODE: i32 = 1;

impl TestController {
    /// Makes `broker` the one broker of the cluster.
    pub(crate) fn attach(&self, broker: &Arc<Broker>) {
        *self.broker.lock() = Arc::downgrade(broker);
        let endpoints = broker.config().advertised_listeners.iter().map(|listener| BrokerEndpoint {
            name: listener.name.clone().into(),
            host: listener.host.clone().into(),
            port: listener.port,
            security_protocol: listener.security_protocol,
        });
        self.apply(&[
            FeatureLevelRecord { name: "metadata.version".into(), feature_level: 30 }.into(),
            RegisterBrokerRecord {
                broker_id: NODE,
                end_points: endpoints.collect(),
                fenced: false,
                ..RegisterBrokerRecord::default()
            }
            .into(),
        ]);
    }

    /// Writes records and publishes them to the broker.
    pub(crate) fn apply(&self, records: &[MetadataRecord<'static>]) {
        let mut image = self.image.lock();
        let mut delta = MetadataDelta::new(&image);
        for record in records {
            delta.replay(record).expect("the records fit");
        }
        let end_offset = image.provenance().end_offset + records.len() as i64;
        *image = Arc::new(delta.finish(Provenance { end_offset, epoch: 1, append_ms: 0 }));
        if let Some(broker) = self.broker.lock().upgrade() {
            broker.publish(&delta, &image);
        }
    }

    pub(crate) fn create_topic(
        &self,
        name: &str,
        partitions: i32,
        configs: &BTreeMap<String, String>,
    ) -> Uuid {
        let id = {
            let mut topics = self.topics.lock();
            *topics += 1;
            Uuid([*topics; 16])
        };
        let mut records: Vec<MetadataRecord<'static>> = Vec::new();
        for (key, value) in configs {
            records.push(config(2, name, key, Some(value)));
        }
        records.push(TopicRecord { name: name.to_owned().into(), topic_id: id }.into());
        for partition_id in 0..partitions {
            let record = PartitionRecord {
                partition_id,
                topic_id: id,
                replicas: vec![NODE].into(),
                isr: vec![NODE].into(),
                leader: NODE,
                leader_epoch: 0,
                partition_epoch: 0,
                ..PartitionRecord::default()
            };
            records.push(record.into());
        }
        self.apply(&records);
        id
    }

    pub(crate) fn delete_topic(&self, topic_id: Uuid) {
        self.apply(&[RemoveTopicRecord { topic_id }.into()]);
    }

    /// Sets a topic's or (type 4) a broker's setting.
    pub(crate) fn set_config(&self, resource_type: i8, resource: &str, key: &str, value: Option<&str>) {
        self.apply(&[config(resource_type, resource, key, value)]);
    }

    /// Makes `leader` the leader of a partition, with the next leader epoch.
    pub(crate) fn elect(&self, topic_id: Uuid, partition_id: i32, leader: i32) {
        let record =
            PartitionChangeRecord { topic_id, partition_id, leader, ..PartitionChangeRecord::default() };
        self.apply(&[record.into()]);
    }
}

fn config(resource_type: i8, resource: &str, key: &str, value: Option<&str>) -> MetadataRecord<'static> {
    let record = ConfigRecord {
        resource_type,
        resource_name: resource.to_owned().into(),
        name: key.to_owned().into(),
        value: value.map(|value| value.to_owned().into()),
    };
    record.into()
}

fn now<T: Send + 'static>(answer: T) -> Answer<T> {
    Box::pin(std::future::ready(answer))
}

impl ControllerChannel for TestController {
    fn active_controller(&self) -> i32 {
        NODE
    }

    fn broker_registration(
        &self,
        _: BrokerRegistrationRequest<'static>,
    ) -> Answer<BrokerRegistrationResponse> {
        // The image has the registration already, as its last record.
        let broker_epoch = self.image.lock().provenance().end_offset - 1;
        now(BrokerRegistrationResponse { broker_epoch, ..Default::default() })
    }

    fn broker_heartbeat(&self, request: BrokerHeartbeatRequest<'static>) -> Answer<BrokerHeartbeatResponse> {
        let should_shut_down = request.want_shut_down;
        now(BrokerHeartbeatResponse {
            is_caught_up: true,
            is_fenced: false,
            should_shut_down,
            ..Default::default()
        })
    }

    fn allocate_producer_ids(&self, _: AllocateProducerIdsRequest) -> Answer<AllocateProducerIdsResponse> {
        let mut next = self.producer_ids.lock();
        *next += 1000;
        now(AllocateProducerIdsResponse {
            producer_id_start: *next - 1000,
            producer_id_len: 1000,
            ..Default::default()
        })
    }

    fn create_topics(
        &self,
        _: Caller,
        request: CreateTopicsRequest<'static>,
    ) -> Answer<CreateTopicsResponse<'static>> {
        let topics = request.topics.into_iter().map(|topic| {
            let topic_id = self.create_topic(&topic.name, topic.num_partitions.max(1), &BTreeMap::new());
            CreatableTopicResult { name: topic.name, topic_id, ..Default::default() }
        });
        now(CreateTopicsResponse { topics: topics.collect(), ..Default::default() })
    }

    fn delete_topics(
        &self,
        _: Caller,
        _: DeleteTopicsRequest<'static>,
    ) -> Answer<DeleteTopicsResponse<'static>> {
        now(DeleteTopicsResponse::default())
    }

    fn create_partitions(
        &self,
        _: Caller,
        _: CreatePartitionsRequest<'static>,
    ) -> Answer<CreatePartitionsResponse<'static>> {
        now(CreatePartitionsResponse::default())
    }

    fn alter_configs(
        &self,
        _: Caller,
        _: AlterConfigsRequest<'static>,
    ) -> Answer<AlterConfigsResponse<'static>> {
        now(AlterConfigsResponse::default())
    }

    fn incremental_alter_configs(
        &self,
        _: Caller,
        request: IncrementalAlterConfigsRequest<'static>,
    ) -> Answer<IncrementalAlterConfigsResponse<'static>> {
        for resource in &request.resources {
            for entry in &resource.configs {
                self.set_config(
                    resource.resource_type,
                    &resource.resource_name,
                    &entry.name,
                    entry.value.as_deref(),
                );
            }
        }
        now(IncrementalAlterConfigsResponse::default())
    }

    fn elect_leaders(
        &self,
        _: Caller,
        _: ElectLeadersRequest<'static>,
    ) -> Answer<ElectLeadersResponse<'static>> {
        now(ElectLeadersResponse::default())
    }

    fn list_partition_reassignments(
        &self,
        _: Caller,
        _: ListPartitionReassignmentsRequest<'static>,
    ) -> Answer<ListPartitionReassignmentsResponse<'static>> {
        now(ListPartitionReassignmentsResponse::default())
    }

    fn update_features(
        &self,
        _: Caller,
        _: UpdateFeaturesRequest<'static>,
    ) -> Answer<UpdateFeaturesResponse<'static>> {
        now(UpdateFeaturesResponse::default())
    }

    fn unregister_broker(
        &self,
        _: Caller,
        _: UnregisterBrokerRequest,
    ) -> Answer<UnregisterBrokerResponse<'static>> {
        now(UnregisterBrokerResponse::default())
    }

    fn describe_quorum(
        &self,
        _: Caller,
        _: DescribeQuorumRequest<'static>,
    ) -> Answer<DescribeQuorumResponse<'static>> {
        now(DescribeQuorumResponse::default())
    }
}
