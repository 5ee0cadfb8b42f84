//! This node leads.

use wire::ErrorCode;
use wire::metadata_records::MetadataRecord;

use super::*;

#[test]
fn the_first_leader_writes_the_bootstrap_records_in_a_transaction() {
    let mut node = Node::new();
    node.elect(EPOCH);
    let batches = node.quorum.log.lock().expect("free").batches.clone();
    assert_eq!(batches.len(), 2, "the leader-change record, then one batch");
    let decoded: Vec<_> =
        batches[1].records.iter().map(|r| MetadataRecord::decode(r).expect("decodes")).collect();
    let names: Vec<_> = decoded.iter().map(MetadataRecord::name).collect();
    assert_eq!(names.first(), Some(&"BeginTransactionRecord"));
    assert_eq!(names.last(), Some(&"EndTransactionRecord"));
    let features = node.image().features().clone();
    assert_eq!(features.metadata_version(), Some(MetadataVersion::LATEST));
    assert_eq!(
        features.levels().collect::<Vec<_>>(),
        [
            ("eligible.leader.replicas.version", 1),
            ("group.version", 1),
            ("share.version", 1),
            ("streams.version", 1),
            ("transaction.version", 2),
        ]
    );
    node.elect(EPOCH + 1);
    assert_eq!(node.quorum.log.lock().expect("free").batches.len(), 3, "a second leader writes none");
}

#[test]
fn an_answer_waits_for_its_commit_and_its_publication() {
    let mut node = Node::new();
    node.elect(EPOCH);
    node.start_broker(NODE);
    let mut answer = node.send(create("t", 3));
    assert!(answer.try_recv().is_err(), "not committed yet");
    assert!(node.image().topics().is_empty(), "not published yet");
    node.commit();
    let response = answer.try_recv().expect("answered").expect("accepted");
    let ControllerResponse::CreateTopics(response) = response else { panic!("{response:?}") };
    let result = response.topics.iter().next().expect("one topic");
    assert_eq!((result.error_code, result.num_partitions, result.replication_factor), (0, 3, 1));
    let image = node.image();
    let topic = image.topics().by_name("t").expect("published");
    assert_eq!((topic.id(), topic.partition_count()), (result.topic_id, 3));
    assert_eq!(topic.partition(2).expect("there").leader(), NODE);
}

#[test]
fn a_refusal_writes_nothing() {
    let mut node = Node::new();
    node.elect(EPOCH);
    node.start_broker(NODE);
    let before = node.quorum.log.lock().expect("free").end_offset;
    let response = node.create_topic("a/b", 1).expect("answered");
    assert_eq!(
        response.topics.iter().next().expect("one").error_code,
        ErrorCode::InvalidTopicException.code()
    );
    assert_eq!(node.quorum.log.lock().expect("free").end_offset, before);
}

#[test]
fn what_was_not_committed_is_forgotten_with_the_leadership() {
    let mut node = Node::new();
    node.elect(EPOCH);
    node.start_broker(NODE);
    let committed = node.image();
    let mut answer = node.send(create("lost", 1));
    node.leader(Some(2), EPOCH + 1);
    let error = answer.try_recv().expect("answered").expect_err("refused");
    assert_eq!(error.code, ErrorCode::NotController);
    assert_eq!(*node.image(), *committed);
    let refused = node.send(create("t", 1)).try_recv().expect("answered").expect_err("refused");
    assert_eq!(refused.message.as_deref(), Some("The active controller appears to be node 2."));
}

#[test]
fn a_refused_proposal_ends_the_activity() {
    let mut node = Node::new();
    node.elect(EPOCH);
    node.start_broker(NODE);
    node.quorum.log.lock().expect("free").refusal = Some(ProposeRefused::NotLeader);
    let error = node.create_topic("t", 1).expect_err("refused");
    assert_eq!(error.code, ErrorCode::NotController);
    assert!(!node.runtime.is_active());
    assert_eq!(node.quorum.log.lock().expect("free").resigned, [EPOCH]);
}

#[test]
fn a_busy_quorum_is_no_reason_to_resign() {
    let mut node = Node::new();
    node.elect(EPOCH);
    node.start_broker(NODE);
    node.quorum.log.lock().expect("free").refusal = Some(ProposeRefused::Busy);
    assert_eq!(node.create_topic("t", 1).expect_err("refused").code, ErrorCode::RequestTimedOut);
    node.quorum.log.lock().expect("free").refusal = None;
    node.create_topic("t", 1).expect("accepted");
    assert!(node.image().topics().by_name("t").is_some());
}

#[test]
fn an_idle_controller_writes_that_it_lives() {
    let mut node = Node::new();
    node.elect(EPOCH);
    let before = node.quorum.log.lock().expect("free").end_offset;
    node.now_ms = node.runtime.next_turn_ms();
    node.runtime.turn(node.now_ms);
    let batches = node.quorum.take_committed();
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0].base_offset, before);
    let record = MetadataRecord::decode(&batches[0].records[0]).expect("decodes");
    assert_eq!(record.name(), "NoOpRecord");
}

#[test]
fn an_activation_that_finds_the_quorum_busy_is_tried_again() {
    let mut node = Node::new();
    node.quorum.log.lock().expect("free").refusal = Some(ProposeRefused::Busy);
    node.elect(EPOCH);
    assert!(node.runtime.is_active() && node.image().features().metadata_version().is_none());
    let error = node.create_topic("t", 1).expect_err("nothing comes before the bootstrap records");
    assert_eq!(error.code, ErrorCode::RequestTimedOut);
    node.quorum.log.lock().expect("free").refusal = None;
    node.now_ms = node.runtime.next_turn_ms();
    node.runtime.turn(node.now_ms);
    node.commit();
    assert_eq!(node.image().features().metadata_version(), Some(MetadataVersion::LATEST));
}

#[test]
fn proposals_that_share_a_batch_are_all_answered() {
    let mut node = Node::new();
    node.elect(EPOCH);
    node.start_broker(NODE);
    let mut answers = [node.send(create("a", 1)), node.send(create("b", 2)), node.send(create("c", 3))];
    node.quorum.merge_waiting();
    node.commit();
    for answer in &mut answers {
        answer.try_recv().expect("answered").expect("accepted");
    }
    assert_eq!(node.image().topics().len(), 3);
    assert_eq!(node.image().provenance().end_offset, node.quorum.log.lock().expect("free").end_offset);
}

#[test]
fn a_log_that_holds_something_else_than_was_appended_deposes() {
    let mut node = Node::new();
    node.elect(EPOCH);
    node.start_broker(NODE);
    let mut answer = node.send(create("a", 1));
    node.quorum.log.lock().expect("free").batches.last_mut().expect("appended").base_offset -= 1;
    let batches = node.quorum.take_committed();
    // The batch cannot be understood as it is either, but the controller is gone before.
    let outcome = node.runtime.handle_raft(RaftEvent::Committed { batches, high_watermark: 0 }, node.now_ms);
    assert!(outcome.is_ok() && !node.runtime.is_active());
    assert_eq!(answer.try_recv().expect("answered").expect_err("refused").code, ErrorCode::NotController);
}
