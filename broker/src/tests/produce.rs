use wire::messages::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};
use wire::messages::produce_response::PartitionProduceResponse;
use wire::{ErrorCode, Records, Uuid};

use crate::testing::{Client, TestBroker, batch_of};

/// A request with one batch.
pub(super) fn request(
    topic: &str,
    id: Uuid,
    index: i32,
    acks: i16,
    batch: Vec<u8>,
) -> ProduceRequest<'static> {
    let partition = PartitionProduceData { index, records: Some(Records::from(batch)) };
    let topic = TopicProduceData {
        name: topic.to_owned().into(),
        topic_id: id,
        partition_data: vec![partition].into(),
    };
    ProduceRequest { acks, timeout_ms: 5000, topic_data: vec![topic].into(), ..ProduceRequest::default() }
}

/// Produces one batch and returns the partition's answer.
pub(super) fn produce(
    client: &mut Client,
    topic: &str,
    index: i32,
    acks: i16,
    batch: Vec<u8>,
) -> PartitionProduceResponse<'static> {
    let response = client.call(&request(topic, Uuid::ZERO, index, acks, batch), 12);
    only(response.responses.to_vec().remove(0).partition_responses.to_vec())
}

fn only<T>(mut items: Vec<T>) -> T {
    assert_eq!(items.len(), 1);
    items.remove(0)
}

#[test]
fn offsets_follow_one_another_in_every_version() {
    let broker = TestBroker::start();
    let id = broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    for version in 3..=13 {
        for acks in [1, -1] {
            let name = if version < 13 { "t" } else { "" };
            let response = client.call(&request(name, id, 0, acks, batch_of(&[b"a", b"b"])), version);
            let topic = only(response.responses.to_vec());
            assert_eq!(topic.topic_id, if version < 13 { Uuid::ZERO } else { id });
            let partition = only(topic.partition_responses.to_vec());
            assert_eq!(partition.error_code, 0, "version {version}");
            let round = i64::from(version - 3) * 2 + i64::from(acks == -1);
            assert_eq!(partition.base_offset, 2 * round);
            assert_eq!(partition.log_append_time_ms, -1);
        }
    }
}

#[test]
fn acks_0_gets_no_answer_and_an_error_closes() {
    let broker = TestBroker::start();
    broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    client.send(&request("t", Uuid::ZERO, 0, 0, batch_of(&[b"a"])), 9);
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[b"b"])).base_offset, 1);
    client.send(&request("t", Uuid::ZERO, 7, 0, batch_of(&[b"a"])), 9);
    assert!(client.is_closed());
}

#[test]
fn bad_requests_get_kafkas_codes_and_append_nothing() {
    let broker = TestBroker::start();
    let id = broker.create_topic("t", 1, &[("max.message.bytes", "200")]);
    broker.create_topic("__consumer_offsets", 1, &[]);
    let mut client = broker.connect();
    let good = || batch_of(&[b"a"]);
    let mut corrupt = good();
    *corrupt.last_mut().expect("not empty") ^= 1;
    let mut counted = good();
    counted[57..61].copy_from_slice(&9i32.to_be_bytes());
    let cases: [(&str, i32, i16, Vec<u8>, ErrorCode); 9] = [
        ("t", 0, 2, good(), ErrorCode::InvalidRequiredAcks),
        ("t", 1, 1, good(), ErrorCode::UnknownTopicOrPartition),
        ("nobody", 0, 1, good(), ErrorCode::UnknownTopicOrPartition),
        ("__consumer_offsets", 0, 1, good(), ErrorCode::InvalidTopicException),
        ("t", 0, 1, corrupt, ErrorCode::CorruptMessage),
        ("t", 0, 1, counted, ErrorCode::CorruptMessage),
        ("t", 0, 1, Vec::new(), ErrorCode::InvalidRecord),
        ("t", 0, 1, [good(), good()].concat(), ErrorCode::InvalidRecord),
        ("t", 0, 1, batch_of(&[&[b'x'; 300]]), ErrorCode::MessageTooLarge),
    ];
    for (topic, index, acks, batch, expected) in cases {
        let answer = produce(&mut client, topic, index, acks, batch);
        assert_eq!(ErrorCode::from_code(answer.error_code), Some(expected));
        assert_eq!(answer.base_offset, -1);
    }
    let unknown = client.call(&request("", Uuid([200; 16]), 0, 1, good()), 13);
    let unknown = only(only(unknown.responses.to_vec()).partition_responses.to_vec());
    assert_eq!(unknown.error_code, ErrorCode::UnknownTopicId.code());
    assert_eq!(broker.broker.partitions().by_id(id, 0).expect("open").log_end(), 0);
}

#[test]
fn a_broker_that_does_not_lead_says_who_does() {
    let broker = TestBroker::start();
    let id = broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[b"a"])).error_code, 0);
    broker.controller.elect(id, 0, -1);
    let answer = produce(&mut client, "t", 0, 1, batch_of(&[b"b"]));
    assert_eq!(answer.error_code, ErrorCode::NotLeaderOrFollower.code());
    assert_eq!((answer.current_leader.leader_id, answer.current_leader.leader_epoch), (-1, 1));
    broker.controller.elect(id, 0, 1);
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[b"b"])).base_offset, 1);
}

#[test]
fn a_topic_with_flush_messages_acknowledges_what_is_on_the_disk() {
    let broker = TestBroker::start();
    let id = broker.create_topic("t", 1, &[("flush.messages", "1")]);
    let mut client = broker.connect();
    let pipelined = 20;
    for _ in 0..pipelined {
        client.send(&request("t", Uuid::ZERO, 0, 1, batch_of(&[b"a"])), 9);
    }
    (0..pipelined).for_each(|_| drop(client.read_frame()));
    let partition = broker.broker.partitions().by_id(id, 0).expect("open");
    assert_eq!((partition.recovery_point(), partition.high_watermark()), (20, 20));
}

#[test]
fn records_survive_a_clean_stop_and_a_crash() {
    let broker = TestBroker::start();
    broker.create_topic("t", 2, &[]);
    let mut client = broker.connect();
    assert_eq!(produce(&mut client, "t", 1, -1, batch_of(&[b"a", b"b"])).error_code, 0);
    drop(client);
    let directory = broker.stop();
    assert!(directory.path().join(".kafka_cleanshutdown").exists());
    for crash in [true, false] {
        let io = std::sync::Arc::new(log_store::io::BlockingIo::new());
        let copy = tempfile::tempdir().expect("a directory");
        copy_tree(directory.path(), copy.path());
        if crash {
            std::fs::remove_file(copy.path().join(".kafka_cleanshutdown")).expect("removed");
        }
        let broker = TestBroker::start_on(&[], io, copy);
        broker.create_topic("t", 2, &[]);
        broker.broker.partitions().recover();
        let mut client = broker.connect();
        assert_eq!(produce(&mut client, "t", 1, -1, batch_of(&[b"c"])).base_offset, 2);
    }
}

fn copy_tree(from: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(from).expect("listed") {
        let entry = entry.expect("listed");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&target).expect("made");
            copy_tree(&entry.path(), &target);
        } else if entry.file_name() != ".lock" {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

#[test]
fn a_deleted_topic_takes_its_directory_with_it() {
    let broker = TestBroker::start();
    let id = broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[b"a"])).error_code, 0);
    assert!(broker.path().join("t-0").exists());
    broker.controller.delete_topic(id);
    assert!(!broker.path().join("t-0").exists());
    let code = produce(&mut client, "t", 0, 1, batch_of(&[b"a"])).error_code;
    assert_eq!(code, ErrorCode::UnknownTopicOrPartition.code());
    broker.create_topic("t", 1, &[]);
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[b"b"])).base_offset, 0);
}
