use wire::ErrorCode;
use wire::batch::BatchBuilder;
use wire::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use wire::messages::describe_client_quotas_request::DescribeClientQuotasRequest;
use wire::messages::describe_log_dirs_request::DescribeLogDirsRequest;
use wire::messages::describe_producers_request::{DescribeProducersRequest, TopicRequest};
use wire::messages::init_producer_id_request::InitProducerIdRequest;
use wire::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use wire::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};

use super::produce::produce;
use crate::testing::{Client, TestBroker, batch_of};

/// A batch of one record with this timestamp.
fn at(timestamp: i64) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0);
    builder.push(timestamp, None, Some(b"v"), &[]);
    builder.build()
}

/// A batch of one record of an idempotent producer.
fn numbered(producer_id: i64, sequence: i32) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0).producer(producer_id, 0, sequence);
    builder.push(crate::time::now_ms(), None, Some(b"v"), &[]);
    builder.build()
}

/// Code, timestamp, offset, leader epoch.
fn offset(client: &mut Client, topic: &str, timestamp: i64, version: i16) -> (i16, i64, i64, i32) {
    let partition = ListOffsetsPartition { partition_index: 0, current_leader_epoch: -1, timestamp };
    let topic = ListOffsetsTopic { name: topic.to_owned().into(), partitions: vec![partition].into() };
    let request =
        ListOffsetsRequest { replica_id: -1, topics: vec![topic].into(), ..ListOffsetsRequest::default() };
    let found = client.call(&request, version).topics.to_vec().remove(0).partitions.to_vec().remove(0);
    (found.error_code, found.timestamp, found.offset, found.leader_epoch)
}

#[test]
fn offsets_are_found_by_place_and_time() {
    let broker = TestBroker::start();
    broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    let now = crate::time::now_ms();
    for timestamp in [now - 300, now - 100, now - 200] {
        assert_eq!(produce(&mut client, "t", 0, 1, at(timestamp)).error_code, 0);
    }
    assert_eq!(offset(&mut client, "t", -1, 11), (0, -1, 3, 0));
    assert_eq!(offset(&mut client, "t", -2, 11), (0, -1, 0, 0));
    assert_eq!(offset(&mut client, "t", -3, 11), (0, now - 100, 1, 0));
    assert_eq!(offset(&mut client, "t", -4, 11), (0, -1, 0, 0));
    assert_eq!(offset(&mut client, "t", -5, 11), (0, -1, -1, -1));
    assert_eq!(offset(&mut client, "t", now - 150, 11), (0, now - 100, 1, 0));
    assert_eq!(offset(&mut client, "t", now, 11), (0, -1, -1, -1));
    assert_eq!(offset(&mut client, "t", -1, 1), (0, -1, 3, -1));
    assert_eq!(offset(&mut client, "t", -3, 6).0, ErrorCode::UnsupportedVersion.code());
    assert_eq!(offset(&mut client, "t", -9, 11).0, ErrorCode::UnsupportedVersion.code());
    assert_eq!(offset(&mut client, "x", -1, 11).0, ErrorCode::UnknownTopicOrPartition.code());
}

#[test]
fn an_epochs_end_is_found() {
    let broker = TestBroker::start();
    let id = broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    produce(&mut client, "t", 0, 1, batch_of(&[b"a", b"b"]));
    broker.controller.elect(id, 0, 1);
    produce(&mut client, "t", 0, 1, batch_of(&[b"c"]));
    let mut end = |current_leader_epoch: i32, leader_epoch: i32| {
        let partition = OffsetForLeaderPartition { partition: 0, current_leader_epoch, leader_epoch };
        let topic = OffsetForLeaderTopic { topic: "t".into(), partitions: vec![partition].into() };
        let request = OffsetForLeaderEpochRequest { replica_id: -1, topics: vec![topic].into() };
        let found = client.call(&request, 4).topics.to_vec().remove(0).partitions.to_vec().remove(0);
        (found.error_code, found.leader_epoch, found.end_offset)
    };
    assert_eq!(end(-1, 0), (0, 0, 2));
    assert_eq!(end(1, 1), (0, 1, 3));
    assert_eq!(end(-1, 5), (0, -1, -1));
    assert_eq!(end(0, 0).0, ErrorCode::FencedLeaderEpoch.code());
}

#[test]
fn deleted_records_are_gone() {
    let broker = TestBroker::start();
    broker.create_topic("t", 1, &[]);
    broker.create_topic("c", 1, &[("cleanup.policy", "compact")]);
    let mut client = broker.connect();
    produce(&mut client, "t", 0, 1, batch_of(&[b"a", b"b", b"c"]));
    let mut delete = |topic: &str, offset: i64| {
        let partition = DeleteRecordsPartition { partition_index: 0, offset };
        let topic = DeleteRecordsTopic { name: topic.to_owned().into(), partitions: vec![partition].into() };
        let request = DeleteRecordsRequest { topics: vec![topic].into(), timeout_ms: 1000 };
        let found = client.call(&request, 2).topics.to_vec().remove(0).partitions.to_vec().remove(0);
        (ErrorCode::from_code(found.error_code), found.low_watermark)
    };
    assert_eq!(delete("t", 1), (Some(ErrorCode::None), 1));
    assert_eq!(delete("t", 0), (Some(ErrorCode::None), 1));
    assert_eq!(delete("t", 9), (Some(ErrorCode::OffsetOutOfRange), -1));
    assert_eq!(delete("t", -1), (Some(ErrorCode::None), 3));
    assert_eq!(delete("c", -1), (Some(ErrorCode::PolicyViolation), -1));
    assert_eq!(delete("x", -1), (Some(ErrorCode::UnknownTopicOrPartition), -1));
    assert_eq!(offset(&mut client, "t", -2, 11).2, 3);
}

#[test]
fn idempotent_producers_get_ids_and_are_not_doubled() {
    let broker = TestBroker::start();
    broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    let mut ids = Vec::new();
    for version in 0..=5 {
        let assigned =
            client.call(&InitProducerIdRequest { transactional_id: None, ..Default::default() }, version);
        assert_eq!((assigned.error_code, assigned.producer_epoch), (0, 0));
        ids.push(assigned.producer_id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 6);
    assert_eq!(produce(&mut client, "t", 0, -1, numbered(ids[0], 0)).base_offset, 0);
    assert_eq!(produce(&mut client, "t", 0, -1, numbered(ids[0], 1)).base_offset, 1);
    assert_eq!(produce(&mut client, "t", 0, -1, numbered(ids[0], 1)).base_offset, 1, "a retry");
    let gap = produce(&mut client, "t", 0, -1, numbered(ids[0], 5));
    assert_eq!(gap.error_code, ErrorCode::OutOfOrderSequenceNumber.code());
    let topic = TopicRequest { name: "t".into(), partition_indexes: vec![0].into() };
    let described = client.call(&DescribeProducersRequest { topics: vec![topic].into() }, 0);
    let described = described.topics.to_vec().remove(0).partitions.to_vec().remove(0);
    let producers: Vec<_> =
        described.active_producers.iter().map(|p| (p.producer_id, p.last_sequence)).collect();
    assert_eq!(producers, [(ids[0], 1)]);
}

#[test]
fn a_transactional_producer_is_told_at_once() {
    let broker = TestBroker::start();
    let mut client = broker.connect();
    let request = InitProducerIdRequest { transactional_id: Some("tx".into()), ..Default::default() };
    assert_eq!(client.call(&request, 4).error_code, ErrorCode::UnsupportedVersion.code());
}

#[test]
fn directories_are_described_without_opening_partitions() {
    let broker = TestBroker::start();
    let id = broker.create_topic("t", 2, &[]);
    let mut client = broker.connect();
    produce(&mut client, "t", 0, 1, batch_of(&[&[b'x'; 1000]]));
    let described = client.call(&DescribeLogDirsRequest { topics: None }, 4).results.to_vec().remove(0);
    assert_eq!(described.log_dir, broker.path().display().to_string());
    assert!(described.total_bytes > described.usable_bytes && described.usable_bytes > 0);
    let topic = described.topics.to_vec().remove(0);
    let sizes: Vec<_> = topic.partitions.iter().map(|partition| partition.partition_size).collect();
    assert!(sizes[0] > 1000);
    assert_eq!(sizes[1], 0);
    assert!(broker.broker.partitions().if_open(id, 1).is_none());
}

#[test]
fn without_quotas_none_are_described() {
    let broker = TestBroker::start();
    let response = broker.connect().call(&DescribeClientQuotasRequest::default(), 1);
    assert_eq!((response.error_code, response.entries.map(|entries| entries.len())), (0, Some(0)));
}
