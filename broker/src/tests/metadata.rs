use wire::messages::api_versions_request::ApiVersionsRequest;
use wire::messages::api_versions_response::ApiVersionsResponse;
use wire::messages::describe_cluster_request::DescribeClusterRequest;
use wire::messages::describe_topic_partitions_request::{Cursor, DescribeTopicPartitionsRequest};
use wire::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use wire::messages::metadata_response::MetadataResponseTopic;
use wire::metadata_records::broker_registration_change_record::BrokerRegistrationChangeRecord;
use wire::{ApiKey, ErrorCode, Message, Reader, Uuid};

use crate::testing::TestBroker;

fn asks_for(names: &[&str], create: bool) -> MetadataRequest<'static> {
    let topics = names
        .iter()
        .map(|name| MetadataRequestTopic { name: Some((*name).to_owned().into()), topic_id: Uuid::ZERO });
    MetadataRequest {
        topics: Some(topics.collect()),
        allow_auto_topic_creation: create,
        ..MetadataRequest::default()
    }
}

fn codes(topics: impl Iterator<Item = MetadataResponseTopic<'static>>) -> Vec<Option<ErrorCode>> {
    topics.map(|topic| ErrorCode::from_code(topic.error_code)).collect()
}

#[test]
fn every_version_of_api_versions_is_answered() {
    let broker = TestBroker::start();
    let mut client = broker.connect();
    for version in 0..=4 {
        let request =
            ApiVersionsRequest { client_software_name: "test".into(), client_software_version: "1.0".into() };
        let response = client.call(&request, version);
        assert_eq!(response.error_code, 0);
        let produce = response.api_keys.iter().find(|api| api.api_key == ApiKey::Produce.code());
        let produce = produce.expect("produce is served");
        assert_eq!((produce.min_version, produce.max_version), (0, 13));
        let has_zero = response.supported_features.iter().any(|feature| feature.min_version == 0);
        assert_eq!(has_zero, version == 4);
        if version >= 3 {
            let level = response.finalized_features.iter().find(|feature| feature.name == "metadata.version");
            assert_eq!(level.map(|level| level.max_version_level), Some(30));
        }
    }
}

#[test]
fn a_version_from_the_future_is_answered_in_version_0() {
    let broker = TestBroker::start();
    let mut client = broker.connect();
    client.write(&[0, 0, 0, 14, 0, 18, 0, 99, 0, 0, 0, 5, 0, 1, b'x', 0, 0, 0]);
    let frame = client.read_frame();
    let mut reader = Reader::new(&frame);
    assert_eq!(reader.i32(), Ok(5));
    let response = ApiVersionsResponse::decode(&mut reader, 0).expect("version 0");
    assert_eq!(response.error_code, ErrorCode::UnsupportedVersion.code());
    assert_eq!(response.api_keys.iter().map(|api| api.api_key).collect::<Vec<_>>(), [18]);
}

#[test]
fn what_is_not_served_closes_the_connection() {
    let broker = TestBroker::start();
    for frame in [
        &[0, 0, 0, 10, 0, 3, 0, 99, 0, 0, 0, 5, 0, 0][..],
        &[0, 0, 0, 10, 0x7f, 0, 0, 0, 0, 0, 0, 5, 0, 0],
        &[0, 0, 0, 10, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0],
        &[0, 0, 0, 10, 0, 52, 0, 0, 0, 0, 0, 5, 0, 0],
        &[0, 0, 0, 3, 0, 3, 0],
        &[0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 5, 0, 0, 0x7f, 0xff, 0xff, 0xff],
    ] {
        let mut client = broker.connect();
        client.write(frame);
        assert!(client.is_closed(), "{frame:?}");
    }
}

#[test]
fn metadata_names_brokers_topics_and_leaders() {
    let broker = TestBroker::start();
    let id = broker.create_topic("t", 3, &[]);
    let mut client = broker.connect();
    for version in 0..=13 {
        let response = client.call(&asks_for(&["t"], version < 4), version);
        assert_eq!(response.brokers.iter().map(|broker| broker.node_id).collect::<Vec<_>>(), [1]);
        let topic = response.topics.to_vec().remove(0);
        assert_eq!(topic.topic_id, if version >= 10 { id } else { Uuid::ZERO });
        let leaders: Vec<_> = topic.partitions.iter().map(|partition| partition.leader_id).collect();
        assert_eq!(leaders, [1, 1, 1]);
    }
    let all = client.call(&MetadataRequest { topics: None, ..MetadataRequest::default() }, 9);
    assert_eq!(all.topics.len(), 1);
    let by_id = MetadataRequestTopic { name: None, topic_id: id };
    let missing = MetadataRequestTopic { name: None, topic_id: Uuid([77; 16]) };
    let request = MetadataRequest { topics: Some(vec![by_id, missing].into()), ..MetadataRequest::default() };
    let response = client.call(&request, 12);
    assert_eq!(codes(response.topics.into_iter()), [Some(ErrorCode::None), Some(ErrorCode::UnknownTopicId)]);
}

#[test]
fn a_lone_broker_names_itself_when_it_leaves() {
    let broker = TestBroker::start();
    let leaving = BrokerRegistrationChangeRecord { broker_id: 1, fenced: 1, ..Default::default() };
    broker.controller.apply(&[leaving.into()]);
    let response = broker.connect().call(&asks_for(&[], false), 12);
    let port = i32::from(broker.broker.config().advertised_listeners[0].port);
    let named: Vec<_> = response.brokers.iter().map(|broker| (broker.node_id, broker.port)).collect();
    assert_eq!(named, [(1, port)]);
}

#[test]
fn missing_topics_are_created_when_that_is_wanted() {
    let broker = TestBroker::start_with(&[("num.partitions", "4")]);
    let mut client = broker.connect();
    let response = client.call(&asks_for(&["wanted", "a b"], true), 9);
    let expected = [Some(ErrorCode::InvalidTopicException), Some(ErrorCode::UnknownTopicOrPartition)];
    assert_eq!(codes(response.topics.into_iter()), expected);
    let response = client.call(&asks_for(&["wanted"], true), 9);
    assert_eq!(response.topics.to_vec().remove(0).partitions.len(), 4);
    let response = client.call(&asks_for(&["unwanted"], false), 9);
    assert_eq!(codes(response.topics.into_iter()), [Some(ErrorCode::UnknownTopicOrPartition)]);
    assert_eq!(broker.broker.image().topics().len(), 1);
}

#[test]
fn topics_are_described_in_pages() {
    let broker = TestBroker::start();
    broker.create_topic("a", 3, &[]);
    broker.create_topic("b", 3, &[]);
    let mut client = broker.connect();
    let mut cursor = None;
    let mut pages = Vec::new();
    loop {
        let request = DescribeTopicPartitionsRequest {
            response_partition_limit: 2,
            cursor: cursor.take(),
            ..DescribeTopicPartitionsRequest::default()
        };
        let response = client.call(&request, 0);
        let page = response.topics.iter().flat_map(|topic| {
            let name = topic.name.clone().expect("named").into_owned();
            let indexes: Vec<_> =
                topic.partitions.iter().map(|partition| partition.partition_index).collect();
            indexes.into_iter().map(move |index| format!("{name}-{index}"))
        });
        pages.push(page.collect::<Vec<_>>().join(" "));
        match response.next_cursor {
            Some(next) => {
                cursor = Some(Cursor { topic_name: next.topic_name, partition_index: next.partition_index });
            }
            None => break,
        }
    }
    assert_eq!(pages, ["a-0 a-1", "a-2 b-0", "b-1 b-2"]);
}

#[test]
fn the_cluster_is_described_to_those_who_know_where_they_are() {
    let broker = TestBroker::start();
    let mut client = broker.connect();
    let response = client.call(&DescribeClusterRequest { endpoint_type: 1, ..Default::default() }, 1);
    assert_eq!((response.controller_id, response.brokers.len()), (1, 1));
    assert_eq!(response.cluster_id, "test-cluster");
    let response = client.call(&DescribeClusterRequest { endpoint_type: 2, ..Default::default() }, 1);
    assert_eq!(response.error_code, ErrorCode::MismatchedEndpointType.code());
}
