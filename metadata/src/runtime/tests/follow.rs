//! This node follows, or reads what it wrote.

use wire::Writer;
use wire::metadata_records::MetadataRecord;
use wire::metadata_records::abort_transaction_record::AbortTransactionRecord;
use wire::metadata_records::begin_transaction_record::BeginTransactionRecord;
use wire::metadata_records::end_transaction_record::EndTransactionRecord;
use wire::metadata_records::topic_record::TopicRecord;

use super::*;

/// A node with some history.
fn led() -> Node {
    let mut node = Node::new();
    node.elect(EPOCH);
    node.start_broker(NODE);
    node.create_topic("a", 3).expect("created");
    node.create_topic("b", 1).expect("created");
    node
}

fn topic(name: &'static str, id: u8) -> MetadataRecord<'static> {
    TopicRecord { name: name.into(), topic_id: Uuid([id; 16]) }.into()
}

fn bytes(records: &[MetadataRecord<'_>]) -> Vec<Vec<u8>> {
    let encode = |record: &MetadataRecord<'_>| {
        let mut writer = Writer::new();
        record.encode(&mut writer, 0).expect("version 0");
        writer.into_bytes()
    };
    records.iter().map(encode).collect()
}

#[test]
fn a_follower_comes_to_the_leaders_image() {
    let leader = led();
    let mut follower = Node::new();
    let batches = leader.quorum.log.lock().expect("free").batches.clone();
    let event = RaftEvent::Committed { batches, high_watermark: 0 };
    follower.runtime.handle_raft(event, 1).expect("follows");
    assert_eq!(*follower.image(), *leader.image());
    assert_eq!(follower.notes.0.lock().expect("free").len(), 1, "one delta for all batches");
}

#[test]
fn a_snapshot_and_the_rest_lead_to_the_same_image() {
    let mut leader = Node::with_snapshots_after(1);
    leader.elect(EPOCH);
    leader.start_broker(NODE);
    leader.create_topic("a", 3).expect("created");
    let (id, batches) = leader.quorum.log.lock().expect("free").snapshots.last().cloned().expect("by size");
    assert_eq!(id.offset, leader.image().provenance().end_offset);
    let mut follower = Node::new();
    let (sender, receiver) = bounded(batches.len());
    batches.into_iter().for_each(|batch| sender.send(batch).expect("room"));
    drop(sender);
    let append_ms = leader.image().provenance().append_ms;
    let event = RaftEvent::Snapshot { id, append_ms, batches: receiver };
    follower.runtime.handle_raft(event, 1).expect("loads");
    assert_eq!(*follower.image(), *leader.image());
}

#[test]
fn a_snapshot_tells_publishers_what_is_gone() {
    struct Gone(Arc<Mutex<Vec<String>>>);
    impl Publisher for Gone {
        fn publish(&mut self, delta: &MetadataDelta, _: &Arc<MetadataImage>) {
            self.0
                .lock()
                .expect("free")
                .extend(delta.topics().deleted().values().map(|name| name.to_string()));
        }
    }
    let gone = Arc::new(Mutex::new(Vec::new()));
    let mut node = led();
    node.runtime.publishers_for_tests().push(Box::new(Gone(gone.clone())));
    let (sender, batches) = bounded(1);
    sender.send(bytes(&[topic("c", 9)])).expect("room");
    drop(sender);
    let id = OffsetAndEpoch::new(500, 9);
    node.runtime.handle_raft(RaftEvent::Snapshot { id, append_ms: 1, batches }, 1).expect("loads");
    assert_eq!(*gone.lock().expect("free"), ["a", "b"]);
    assert!(!node.runtime.is_active());
}

#[test]
fn a_transaction_counts_when_it_ends_and_not_at_all_when_it_is_aborted() {
    let mut node = Node::new();
    let begin = || MetadataRecord::from(BeginTransactionRecord { name: None });
    node.quorum.add(1, bytes(&[begin(), topic("a", 1)]));
    node.commit();
    assert!(node.image().topics().is_empty());
    node.quorum.add(1, bytes(&[topic("b", 2), EndTransactionRecord {}.into(), topic("c", 3)]));
    node.commit();
    assert_eq!(node.image().topics().len(), 3);
    let abort = AbortTransactionRecord { reason: None }.into();
    node.quorum.add(1, bytes(&[begin(), topic("d", 4), abort, topic("e", 5)]));
    node.commit();
    let names: Vec<_> = node.image().topics().iter().map(|topic| topic.name().to_string()).collect();
    assert_eq!(names, ["a", "b", "c", "e"]);
}

#[test]
fn a_leader_aborts_the_transaction_that_its_predecessor_left_open() {
    let mut node = led();
    node.leader(Some(2), EPOCH + 1);
    let begin = BeginTransactionRecord { name: None }.into();
    node.quorum.add(EPOCH + 1, bytes(&[begin, topic("half", 8)]));
    node.commit();
    node.elect(EPOCH + 2);
    assert!(node.image().topics().by_name("half").is_none());
    node.create_topic("whole", 1).expect("created");
    assert!(node.image().topics().by_name("whole").is_some());
}

#[test]
fn a_log_that_cannot_be_understood_stops_the_node() {
    let mut node = Node::new();
    node.quorum.add(1, vec![vec![1, 99, 0]]);
    let batches = node.quorum.take_committed();
    let outcome = node.runtime.handle_raft(RaftEvent::Committed { batches, high_watermark: 1 }, 1);
    assert!(matches!(outcome, Err(LoadError::Decode { offset: 0, .. })), "{outcome:?}");
}
