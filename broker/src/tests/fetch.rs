use std::time::Duration;

use wire::batch::batches;
use wire::messages::fetch_request::{FetchPartition, FetchRequest, FetchTopic};
use wire::messages::fetch_response::{FetchResponse, PartitionData};
use wire::{ErrorCode, Records, Uuid};

use super::produce::produce;
use crate::testing::{Client, TestBroker, batch_of};

/// A fetch of one topic; `offsets` are those of partitions 0, 1, ….
pub(super) fn request(topic: &str, id: Uuid, offsets: &[i64]) -> FetchRequest<'static> {
    let partitions = offsets.iter().zip(0..).map(|(fetch_offset, partition)| FetchPartition {
        partition,
        fetch_offset: *fetch_offset,
        partition_max_bytes: 1 << 20,
        ..FetchPartition::default()
    });
    let topic = FetchTopic { topic: topic.to_owned().into(), topic_id: id, partitions: partitions.collect() };
    FetchRequest {
        max_bytes: 1 << 20,
        min_bytes: 1,
        topics: vec![topic].into(),
        session_epoch: -1,
        ..FetchRequest::default()
    }
}

fn partitions(response: &FetchResponse<'static>) -> Vec<PartitionData<'static>> {
    response.responses.iter().flat_map(|topic| topic.partitions.to_vec()).collect()
}

/// Values of the records in an answer.
pub(super) fn values(data: &PartitionData<'_>) -> Vec<Vec<u8>> {
    let bytes = data.records.as_ref().and_then(Records::bytes).expect("records are never null").to_vec();
    let mut values = Vec::new();
    for batch in batches(&bytes) {
        let (batch, mut scratch) = (batch.expect("whole"), Vec::new());
        for record in batch.records(&mut scratch, 1 << 20).expect("readable") {
            values.push(record.expect("readable").value.expect("a value").to_vec());
        }
    }
    values
}

pub(super) fn fetch_one(
    client: &mut Client,
    request: &FetchRequest<'static>,
    version: i16,
) -> PartitionData<'static> {
    let mut found = partitions(&client.call(request, version));
    assert_eq!(found.len(), 1);
    found.remove(0)
}

#[test]
fn what_was_produced_is_fetched_in_every_version() {
    let broker = TestBroker::start();
    let id = broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    produce(&mut client, "t", 0, 1, batch_of(&[b"a", b"b"]));
    produce(&mut client, "t", 0, 1, batch_of(&[b"c"]));
    for version in 4..=18 {
        let name = if version < 13 { "t" } else { "" };
        let found = fetch_one(&mut client, &request(name, id, &[0]), version);
        assert_eq!(found.error_code, 0, "version {version}");
        assert_eq!(values(&found), [b"a", b"b", b"c"]);
        assert_eq!((found.high_watermark, found.last_stable_offset), (3, 3));
        assert_eq!(found.log_start_offset, if version < 5 { -1 } else { 0 });
        let tail = fetch_one(&mut client, &request(name, id, &[2]), version);
        assert_eq!(values(&tail), [b"c"]);
    }
}

#[test]
fn a_fetch_waits_for_records_and_gets_them_when_they_come() {
    let broker = TestBroker::start();
    broker.create_topic("t", 2, &[]);
    let (mut consumer, mut producer) = (broker.connect(), broker.connect());
    let waiting = FetchRequest { max_wait_ms: 60_000, ..request("t", Uuid::ZERO, &[0, 0]) };
    consumer.send(&waiting, 11);
    for index in [1, 0] {
        produce(&mut producer, "t", index, 1, batch_of(&[b"late"]));
        let frame = consumer.read_frame();
        assert!(frame.windows(4).any(|window| window == b"late"));
        consumer.send(&FetchRequest { max_wait_ms: 60_000, ..request("t", Uuid::ZERO, &[0, 1]) }, 11);
    }
}

#[test]
fn a_fetch_that_waits_in_vain_is_answered_empty() {
    let broker = TestBroker::start();
    broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    produce(&mut client, "t", 0, 1, batch_of(&[b"a"]));
    let greedy = FetchRequest { max_wait_ms: 30, min_bytes: 1000, ..request("t", Uuid::ZERO, &[0]) };
    assert_eq!(values(&fetch_one(&mut client, &greedy, 11)), [b"a"]);
    let at_end = FetchRequest { max_wait_ms: 30, ..request("t", Uuid::ZERO, &[1]) };
    assert!(values(&fetch_one(&mut client, &at_end, 11)).is_empty());
    let partition = broker.broker.partitions().by_name("t", 0).expect("open");
    assert_eq!(partition.waiters().len(), 0);
}

#[test]
fn limits_hold_but_a_client_always_gets_on() {
    let broker = TestBroker::start();
    broker.create_topic("t", 2, &[]);
    let mut client = broker.connect();
    for _ in 0..3 {
        produce(&mut client, "t", 0, 1, batch_of(&[&[b'x'; 1000]]));
        produce(&mut client, "t", 1, 1, batch_of(&[&[b'y'; 1000]]));
    }
    let tiny = FetchRequest { max_bytes: 10, ..request("t", Uuid::ZERO, &[0, 0]) };
    let found = partitions(&client.call(&tiny, 11));
    assert_eq!(values(&found[0]).len(), 1);
    assert!(values(&found[1]).is_empty());
}

#[test]
fn bad_fetches_get_kafkas_codes() {
    let broker = TestBroker::start();
    let id = broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    produce(&mut client, "t", 0, 1, batch_of(&[b"a"]));
    let code = |data: PartitionData<'_>| ErrorCode::from_code(data.error_code);
    let beyond = fetch_one(&mut client, &request("t", Uuid::ZERO, &[5]), 11);
    assert_eq!((code(beyond.clone()), beyond.high_watermark), (Some(ErrorCode::OffsetOutOfRange), -1));
    let unknown = fetch_one(&mut client, &request("x", Uuid::ZERO, &[0]), 11);
    assert_eq!(code(unknown), Some(ErrorCode::UnknownTopicOrPartition));
    let unknown = fetch_one(&mut client, &request("", Uuid([99; 16]), &[0]), 13);
    assert_eq!(code(unknown), Some(ErrorCode::UnknownTopicId));
    broker.controller.elect(id, 0, 1);
    let with_epoch = |epoch| {
        let mut wanted = request("t", Uuid::ZERO, &[0]);
        let mut topic = wanted.topics.to_vec().remove(0);
        let mut partition = topic.partitions.to_vec().remove(0);
        partition.current_leader_epoch = epoch;
        topic.partitions = vec![partition].into();
        wanted.topics = vec![topic].into();
        wanted
    };
    assert_eq!(code(fetch_one(&mut client, &with_epoch(0), 11)), Some(ErrorCode::FencedLeaderEpoch));
    assert_eq!(code(fetch_one(&mut client, &with_epoch(1), 11)), Some(ErrorCode::None));
    assert_eq!(code(fetch_one(&mut client, &with_epoch(2), 11)), Some(ErrorCode::UnknownLeaderEpoch));
    broker.controller.elect(id, 0, -1);
    assert_eq!(code(fetch_one(&mut client, &with_epoch(-1), 11)), Some(ErrorCode::NotLeaderOrFollower));
}

#[test]
fn a_log_that_diverges_is_told_where() {
    let broker = TestBroker::start();
    let id = broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    produce(&mut client, "t", 0, 1, batch_of(&[b"a"]));
    broker.controller.elect(id, 0, 1);
    produce(&mut client, "t", 0, 1, batch_of(&[b"b"]));
    let mut wanted = request("", id, &[2]);
    let mut topic = wanted.topics.to_vec().remove(0);
    let mut partition = topic.partitions.to_vec().remove(0);
    partition.last_fetched_epoch = 0;
    topic.partitions = vec![partition].into();
    wanted.topics = vec![topic].into();
    let found = fetch_one(&mut client, &wanted, 17);
    assert_eq!((found.diverging_epoch.epoch, found.diverging_epoch.end_offset), (0, 1));
    assert!(values(&found).is_empty());
}

#[test]
fn a_session_names_only_what_is_new() {
    let broker = TestBroker::start();
    let id = broker.create_topic("t", 2, &[]);
    let mut client = broker.connect();
    produce(&mut client, "t", 0, 1, batch_of(&[b"a"]));
    let opened = client.call(&FetchRequest { session_epoch: 0, ..request("", id, &[0, 0]) }, 17);
    assert_ne!(opened.session_id, 0);
    assert_eq!(partitions(&opened).len(), 2);
    let going = |epoch| FetchRequest {
        session_id: opened.session_id,
        session_epoch: epoch,
        max_bytes: 1 << 20,
        ..FetchRequest::default()
    };
    let moved = FetchRequest { topics: request("", id, &[1]).topics, ..going(1) };
    assert!(partitions(&client.call(&moved, 17)).is_empty());
    produce(&mut client, "t", 1, 1, batch_of(&[b"b"]));
    let found = partitions(&client.call(&going(2), 17));
    assert_eq!(found.iter().map(|data| data.partition_index).collect::<Vec<_>>(), [1]);
    assert_eq!(values(&found[0]), [b"b"]);
    let repeated = client.call(&going(2), 17);
    assert_eq!(repeated.error_code, ErrorCode::InvalidFetchSessionEpoch.code());
    let closed = client.call(&FetchRequest { session_epoch: -1, ..going(-1) }, 17);
    assert_eq!((closed.error_code, closed.session_id), (0, 0));
    assert_eq!(client.call(&going(3), 17).error_code, ErrorCode::FetchSessionIdNotFound.code());
}

#[test]
fn large_answers_leave_whole() {
    let broker = TestBroker::start();
    broker.create_topic("t", 3, &[]);
    let mut client = broker.connect();
    let value = vec![b'z'; 900_000];
    for index in 0..3 {
        produce(&mut client, "t", index, 1, batch_of(&[&value]));
    }
    let all = FetchRequest { max_bytes: 50 << 20, ..request("t", Uuid::ZERO, &[0, 0, 0]) };
    for data in partitions(&client.call(&all, 12)) {
        assert!(values(&data) == [value.clone()]);
    }
}

#[test]
fn a_consumer_that_leaves_takes_its_wait_with_it() {
    let broker = TestBroker::start();
    broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    client.send(&FetchRequest { max_wait_ms: 600_000, ..request("t", Uuid::ZERO, &[0]) }, 11);
    let partition = broker.broker.partitions().by_name("t", 0).expect("open");
    let reached = |count: usize| {
        let mut tries = 0..2000;
        while partition.waiters().len() != count && tries.next().is_some() {
            std::thread::sleep(Duration::from_millis(5));
        }
        partition.waiters().len() == count
    };
    assert!(reached(1));
    drop(client);
    assert!(reached(0));
}
