//! What is asked of the controller, and what an answer promises.

use std::pin::Pin;

use metadata::controller::supported_features;
use metadata::image::MetadataImage;
use metadata::{ApiError, ControllerContext, ControllerHandle};
use rand_core::Rng;
use rand_pcg::Pcg64;
use wire::Uuid;
use wire::messages::broker_heartbeat_request::BrokerHeartbeatRequest;
use wire::messages::broker_registration_request::{BrokerRegistrationRequest, Feature, Listener};
use wire::messages::create_partitions_request::{CreatePartitionsRequest, CreatePartitionsTopic};
use wire::messages::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use wire::messages::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};
use wire::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};

use crate::node::CLUSTER;

const TOPICS: u32 = 8;
const BROKERS: u32 = 3;
const PARTITIONS_MAX: i32 = 12;

/// Simulated time does not reach the futures of requests, and none of them waits this long.
const TIMEOUT_MS: u64 = 3_600_000;

/// The type of topics among config resources.
const TOPIC_RESOURCE: i8 = 2;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Create { name: String, partitions: i32 },
    Delete { id: Uuid },
    Grow { name: String, id: Uuid, count: i32 },
    Alter { name: String, id: Uuid, retention_ms: String },
    Register { broker: i32, incarnation: u8 },
    Heartbeat { broker: i32, epoch: i64 },
}

/// What an answer promises beside that it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gain {
    Done,
    Topic(Uuid),
    BrokerEpoch(i64),
}

/// Kafka's error code, when it is not done or nobody knows.
pub(crate) type Answer = Result<Gain, i16>;

/// An answer on its way.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Answer>>>;

/// Draws up to four requests that do not contradict each other.
pub(crate) fn draw(random: &mut Pcg64, image: &MetadataImage) -> Vec<Ask> {
    let count = 1 + random.next_u32() % 4;
    let first = random.next_u32();
    (0..count).map(|number| draw_one(random, image, first.wrapping_add(number))).collect()
}

/// `subject` differs within one drawing, and so does the topic or the broker that it stands for.
fn draw_one(random: &mut Pcg64, image: &MetadataImage, subject: u32) -> Ask {
    if image.cluster().unfenced_brokers().next().is_none() || random.next_u32().is_multiple_of(4) {
        return draw_broker(random, image, subject);
    }
    let name = format!("topic-{}", subject % TOPICS);
    let roll = random.next_u32();
    let Some(topic) = image.topics().by_name(&name) else {
        return Ask::Create { name, partitions: 1 + (roll % 4) as i32 };
    };
    let id = topic.id();
    match roll % 8 {
        0 | 1 => Ask::Delete { id },
        2..=4 => Ask::Grow { name, id, count: (topic.partition_count() + 1).min(PARTITIONS_MAX) },
        5 | 6 => Ask::Alter { name, id, retention_ms: (1 + roll / 8 % 100_000).to_string() },
        _ => Ask::Create { name, partitions: 1 },
    }
}

fn draw_broker(random: &mut Pcg64, image: &MetadataImage, subject: u32) -> Ask {
    let broker = 1 + (subject % BROKERS) as i32;
    match image.cluster().broker(broker) {
        Some(found) if !random.next_u32().is_multiple_of(8) => Ask::Heartbeat { broker, epoch: found.epoch },
        _ => Ask::Register { broker, incarnation: random.next_u32() as u8 },
    }
}

/// Asks the controller; nothing happens until the future is polled.
pub(crate) fn send(controller: &ControllerHandle, ask: Ask) -> Answering {
    let controller = controller.clone();
    Box::pin(async move { answer(&controller, ask).await.map_err(|error| error.code.code())? })
}

async fn answer(controller: &ControllerHandle, ask: Ask) -> Result<Answer, ApiError> {
    let context = ControllerContext::internal(TIMEOUT_MS);
    Ok(match ask {
        Ask::Create { name, partitions } => {
            let response = controller.create_topics(context, create(name, partitions)).await?;
            let topic = response.topics.iter().next().expect("one topic");
            judge(topic.error_code, Gain::Topic(topic.topic_id))
        }
        Ask::Delete { id } => {
            let topics = vec![DeleteTopicState { name: None, topic_id: id }].into();
            let request = DeleteTopicsRequest { topics, ..DeleteTopicsRequest::default() };
            let response = controller.delete_topics(context, request).await?;
            judge(response.responses.iter().next().expect("one topic").error_code, Gain::Done)
        }
        Ask::Grow { name, count, .. } => {
            let topics = vec![CreatePartitionsTopic { name: name.into(), count, assignments: None }].into();
            let request = CreatePartitionsRequest { topics, ..CreatePartitionsRequest::default() };
            let response = controller.create_partitions(context, request).await?;
            judge(response.results.iter().next().expect("one topic").error_code, Gain::Done)
        }
        Ask::Alter { name, retention_ms, .. } => {
            let response = controller.incremental_alter_configs(context, alter(name, retention_ms)).await?;
            judge(response.responses.iter().next().expect("one resource").error_code, Gain::Done)
        }
        Ask::Register { broker, incarnation } => {
            let response = controller.broker_registration(context, register(broker, incarnation)).await?;
            judge(response.error_code, Gain::BrokerEpoch(response.broker_epoch))
        }
        Ask::Heartbeat { broker, epoch } => {
            let request = BrokerHeartbeatRequest {
                broker_id: broker,
                broker_epoch: epoch,
                current_metadata_offset: i64::MAX,
                ..BrokerHeartbeatRequest::default()
            };
            judge(controller.broker_heartbeat(context, request).await?.error_code, Gain::Done)
        }
    })
}

fn judge(error_code: i16, gain: Gain) -> Answer {
    if error_code == 0 { Ok(gain) } else { Err(error_code) }
}

fn create(name: String, num_partitions: i32) -> CreateTopicsRequest<'static> {
    let name = name.into();
    let topic = CreatableTopic { name, num_partitions, replication_factor: 1, ..CreatableTopic::default() };
    CreateTopicsRequest { topics: vec![topic].into(), ..CreateTopicsRequest::default() }
}

fn alter(name: String, retention_ms: String) -> IncrementalAlterConfigsRequest<'static> {
    let config = AlterableConfig {
        name: "retention.ms".into(),
        config_operation: 0,
        value: Some(retention_ms.into()),
    };
    let resource = AlterConfigsResource {
        resource_type: TOPIC_RESOURCE,
        resource_name: name.into(),
        configs: vec![config].into(),
    };
    IncrementalAlterConfigsRequest { resources: vec![resource].into(), validate_only: false }
}

fn register(broker_id: i32, incarnation: u8) -> BrokerRegistrationRequest<'static> {
    let features = supported_features().into_iter().map(|(name, range)| Feature {
        name: name.into(),
        min_supported_version: range.min,
        max_supported_version: range.max,
    });
    let listener = Listener {
        name: "PLAINTEXT".into(),
        host: "localhost".into(),
        port: 9_091 + broker_id as u16,
        security_protocol: 0,
    };
    BrokerRegistrationRequest {
        broker_id,
        cluster_id: CLUSTER.into(),
        incarnation_id: Uuid([incarnation; 16]),
        listeners: vec![listener].into(),
        features: features.collect(),
        log_dirs: vec![Uuid([broker_id as u8 + 100; 16])].into(),
        ..BrokerRegistrationRequest::default()
    }
}
