//! What readers and clients get from a leader, as wire messages.

use wire::ErrorCode;
use wire::batch::batches;
use wire::messages::{
    begin_quorum_epoch_request as begin, describe_quorum_request as describe, fetch_request as fetch,
    fetch_response, fetch_snapshot_request as fetch_snapshot, vote_request as vote,
};

use super::harness::{CLUSTER, Node, WALL_MS, config, formatted};
use crate::protocol::{RequestBody, ResponseBody, TOPIC_ID, TOPIC_NAME};

fn leader() -> Node {
    let mut config = config(1, &[1]);
    config.retention_bytes = 0;
    let mut node = Node::open(&formatted(), config).expect("a fresh directory");
    node.run().expect("a working disk");
    for value in ["a", "b", "c"] {
        node.write(value).expect("a working disk");
    }
    node
}

fn fetch_from(offset: i64, epoch: i32, leader_epoch: i32) -> RequestBody {
    let partition = fetch::FetchPartition {
        current_leader_epoch: leader_epoch,
        fetch_offset: offset,
        last_fetched_epoch: epoch,
        high_watermark: -1,
        ..Default::default()
    };
    RequestBody::Fetch(fetch::FetchRequest {
        cluster_id: Some(CLUSTER.into()),
        max_bytes: 1 << 20,
        topics: vec![fetch::FetchTopic {
            topic_id: TOPIC_ID,
            partitions: vec![partition].into(),
            ..Default::default()
        }]
        .into(),
        ..Default::default()
    })
}

fn fetched(answer: Option<ResponseBody>) -> fetch_response::PartitionData<'static> {
    let Some(ResponseBody::Fetch(response)) = answer else { panic!("{answer:?}") };
    assert_eq!(response.error_code, 0);
    let topic = response.responses.iter().next().expect("a topic");
    topic.partitions.iter().next().expect("a partition")
}

#[test]
fn a_reader_without_an_id_gets_the_log() {
    let mut node = leader();
    let partition = fetched(node.ask(17, fetch_from(0, 0, 1)));
    assert_eq!((partition.error_code, partition.high_watermark), (0, 4));
    let records = partition.records.expect("records");
    let ends: Vec<_> =
        batches(records.bytes().expect("bytes")).map(|b| b.expect("whole").last_offset()).collect();
    assert_eq!(ends, [0, 1, 2, 3]);
}

#[test]
fn a_reader_of_another_history_is_told_where_to_cut() {
    let mut node = leader();
    let partition = fetched(node.ask(17, fetch_from(9, 1, 1)));
    assert_eq!((partition.diverging_epoch.epoch, partition.diverging_epoch.end_offset), (1, 4));
    assert_eq!(fetched(node.ask(17, fetch_from(4, 1, 2))).error_code, ErrorCode::UnknownLeaderEpoch.code());
}

#[test]
fn a_reader_behind_the_log_start_gets_the_snapshot_in_pieces() {
    let mut node = leader();
    node.freeze();
    node.write("d").expect("a working disk");
    let end = node.freeze();
    let partition = fetched(node.ask(17, fetch_from(1, 1, 1)));
    assert_eq!((partition.snapshot_id.end_offset, partition.snapshot_id.epoch), (end, 1));
    let mut bytes = Vec::new();
    let size = loop {
        let piece = fetch_piece(&mut node, end, bytes.len() as i64).expect("a piece");
        bytes.extend(piece.0);
        if bytes.len() as i64 == piece.1 {
            break piece.1;
        }
    };
    let values: usize = batches(&bytes)
        .map(|batch| batch.expect("whole"))
        .filter(|b| !b.is_control())
        .map(|b| b.record_count() as usize)
        .sum();
    assert_eq!(values, 4);
    assert_eq!(fetch_piece(&mut node, end, size), Err(ErrorCode::PositionOutOfRange.code()));
    assert_eq!(fetch_piece(&mut node, end, -1), Err(ErrorCode::PositionOutOfRange.code()));
    assert_eq!(fetch_piece(&mut node, end + 1, 0), Err(ErrorCode::SnapshotNotFound.code()));
}

fn fetch_piece(node: &mut Node, end: i64, position: i64) -> Result<(Vec<u8>, i64), i16> {
    let partition = fetch_snapshot::PartitionSnapshot {
        current_leader_epoch: 1,
        snapshot_id: fetch_snapshot::SnapshotId { end_offset: end, epoch: 1 },
        position,
        ..Default::default()
    };
    let topics =
        vec![fetch_snapshot::TopicSnapshot { name: TOPIC_NAME.into(), partitions: vec![partition].into() }];
    let request =
        fetch_snapshot::FetchSnapshotRequest { topics: topics.into(), max_bytes: 50, ..Default::default() };
    let answer = node.ask(1, RequestBody::FetchSnapshot(request));
    let Some(ResponseBody::FetchSnapshot(response)) = answer else { panic!("{answer:?}") };
    let topic = response.topics.iter().next().expect("a topic");
    let partition = topic.partitions.iter().next().expect("a partition");
    let bytes = partition.unaligned_records.as_ref().and_then(|records| records.bytes()).unwrap_or_default();
    if partition.error_code == 0 { Ok((bytes.to_vec(), partition.size)) } else { Err(partition.error_code) }
}

#[test]
fn describe_quorum_tells_how_far_everybody_is() {
    let mut node = leader();
    node.now_ms = 500;
    node.run().expect("a working disk");
    let partitions = vec![describe::PartitionData { partition_index: 0 }];
    let topics = vec![describe::TopicData { topic_name: TOPIC_NAME.into(), partitions: partitions.into() }];
    let request = describe::DescribeQuorumRequest { topics: topics.into() };
    let answer = node.ask(2, RequestBody::DescribeQuorum(request));
    let Some(ResponseBody::DescribeQuorum(response)) = answer else { panic!("{answer:?}") };
    let topic = response.topics.iter().next().expect("a topic");
    let partition = topic.partitions.iter().next().expect("a partition");
    assert_eq!((partition.leader_id, partition.leader_epoch, partition.high_watermark), (1, 1, 4));
    let voter = partition.current_voters.iter().next().expect("a voter");
    assert_eq!((voter.replica_id, voter.log_end_offset, voter.last_fetch_timestamp), (1, 4, WALL_MS + 500));
    assert_eq!(response.nodes.iter().next().expect("a node").node_id, 1);
}

#[test]
fn another_cluster_changes_nothing() {
    let mut node = leader();
    let partition = vote::PartitionData { replica_epoch: 9, replica_id: 2, ..Default::default() };
    let topics = vec![vote::TopicData { topic_name: TOPIC_NAME.into(), partitions: vec![partition].into() }];
    let request = vote::VoteRequest { cluster_id: Some("other".into()), voter_id: 1, topics: topics.into() };
    let Some(ResponseBody::Vote(response)) = node.ask(2, RequestBody::Vote(request.clone())) else {
        panic!()
    };
    assert_eq!(response.error_code, ErrorCode::InconsistentClusterId.code());
    let empty = vote::VoteRequest { cluster_id: None, topics: Vec::new().into(), ..request };
    let Some(ResponseBody::Vote(response)) = node.ask(2, RequestBody::Vote(empty)) else { panic!() };
    assert_eq!(response.error_code, ErrorCode::InvalidRequest.code());
    let stale = begin::PartitionData { leader_id: 2, leader_epoch: 0, ..Default::default() };
    let topics = vec![begin::TopicData { topic_name: TOPIC_NAME.into(), partitions: vec![stale].into() }];
    let request = begin::BeginQuorumEpochRequest { topics: topics.into(), ..Default::default() };
    let Some(ResponseBody::BeginQuorumEpoch(response)) = node.ask(1, RequestBody::BeginQuorumEpoch(request))
    else {
        panic!()
    };
    let topic = response.topics.iter().next().expect("a topic");
    let code = topic.partitions.iter().next().expect("a partition").error_code;
    assert_eq!(code, ErrorCode::FencedLeaderEpoch.code());
    assert_eq!(node.handle.quorum_info().leader.epoch, 1);
}
