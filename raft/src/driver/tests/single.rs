//! A quorum of one.

use std::sync::mpsc;
use std::time::Instant;

use log_store::io::{Fault, Faults, Io, MemoryIo, replace_file};

use super::harness::{Node, WALL_MS, config, formatted};
use crate::driver::{DriverError, Now, ProposeError, spawn};
use crate::engine::RoleName;
use crate::limits;
use crate::quorum_state::{QUORUM_STATE_FILE_NAME, QuorumStateError};

fn leader() -> (MemoryIo, Node) {
    let io = formatted();
    let mut node = Node::open(&io, config(1, &[1])).expect("a fresh directory");
    node.run().expect("a working disk");
    (io, node)
}

#[test]
fn it_leads_at_once_and_commits_what_is_proposed() {
    let (_, mut node) = leader();
    let info = node.handle.quorum_info();
    assert_eq!((info.role, info.leader.leader_id, info.leader.epoch), (RoleName::Leader, Some(1), 1));
    assert_eq!(node.machine.0.lock().leader.leader_id, Some(1));
    assert_eq!(node.write("a").expect("a working disk"), 1);
    assert_eq!(node.write("b").expect("a working disk"), 2);
    assert_eq!(node.values(), [b"a".to_vec(), b"b".to_vec()]);
    assert_eq!(node.handle.high_watermark(), Some(3));
}

#[test]
fn many_proposals_take_one_write_and_one_flush() {
    let (io, mut node) = leader();
    node.write("warm").expect("a working disk");
    io.set_faults(Faults::default());
    let last: Vec<i64> = (0..500)
        .map(|n: i32| node.handle.propose(1, vec![n.to_be_bytes().to_vec(); 2]).expect("a leader"))
        .collect();
    assert_eq!(last, (0..500).map(|n| 3 + 2 * n).collect::<Vec<i64>>());
    node.run().expect("a working disk");
    // The batch and its flush; index entries that come along with it, with theirs.
    assert!(io.changes() <= 6, "{} changes", io.changes());
    assert_eq!(node.values().len(), 1_001);
    assert_eq!(node.machine.0.lock().calls.last(), Some(&1), "shown together");
}

#[test]
fn proposals_are_refused_with_a_reason() {
    let (_, mut node) = leader();
    let propose = |epoch, records| node.handle.propose(epoch, records);
    assert_eq!(propose(1, vec![]), Err(ProposeError::Empty));
    assert!(matches!(propose(2, vec![vec![0]]), Err(ProposeError::NotLeader { .. })));
    let large = vec![vec![0; limits::BATCH_BYTES_MAX]];
    assert!(matches!(propose(1, large), Err(ProposeError::TooLarge { records: 1, .. })));
    let filling = vec![vec![0; limits::BATCH_BYTES_MAX / 2]];
    let refused = std::iter::repeat_with(|| propose(1, filling.clone())).find_map(Result::err);
    assert_eq!(refused, Some(ProposeError::Busy));
    node.run().expect("a working disk");
    assert!(node.write("again").is_ok(), "room when the disk has caught up");
}

#[test]
fn a_restart_shows_the_same_and_opens_an_epoch() {
    let (io, mut node) = leader();
    for value in ["a", "b", "c"] {
        node.write(value).expect("a working disk");
    }
    let values = node.values();
    node.driver.close().expect("a working disk");
    assert!(node.machine.0.lock().is_shut_down);
    let mut node = Node::open(&io, config(1, &[1])).expect("what it wrote");
    assert_eq!(node.epoch(), 0, "nobody leads before the log is shown");
    node.run().expect("a working disk");
    assert_eq!(node.values(), values);
    assert_eq!(node.epoch(), 2);
    assert_eq!(node.write("d").expect("a working disk"), 5);
}

#[test]
fn giving_up_opens_another_epoch_at_once() {
    let (_, mut node) = leader();
    node.handle.resign(1);
    node.run().expect("a working disk");
    assert_eq!(node.epoch(), 2);
    assert!(matches!(node.handle.propose(1, vec![vec![1]]), Err(ProposeError::NotLeader { .. })));
    assert!(node.write("a").is_ok());
}

#[test]
fn a_failed_flush_is_the_last_thing_a_driver_does() {
    let (io, mut node) = leader();
    node.write("safe").expect("a working disk");
    io.set_faults(Faults::default());
    node.write("probe").expect("a working disk");
    let changes = io.changes();
    for change in 0..changes {
        let (io, mut node) = leader();
        node.write("safe").expect("a working disk");
        io.set_faults(Faults::change(change, Fault::InputOutput));
        let error = node.write("lost").expect_err("the disk fails");
        assert!(error.to_string().contains("metadata log"), "{error}");
        assert_eq!(node.values(), [b"safe".to_vec()], "nothing unflushed is shown");
        assert!(matches!(node.run(), Err(DriverError::Failed)));
        assert_eq!(node.handle.propose(1, vec![vec![0]]), Err(ProposeError::Stopped));
    }
}

#[test]
fn a_damaged_quorum_state_is_named() {
    let (io, node) = leader();
    drop(node);
    let path = config(1, &[1]).directory.join(QUORUM_STATE_FILE_NAME);
    replace_file(&io, &path, b"{\"leaderId\":1,").expect("a working disk");
    let error = Node::open(&io, config(1, &[1])).err().expect("damage");
    assert!(error.to_string().contains("quorum-state: not JSON"), "{error}");
    io.remove(&path).expect("a working disk");
    assert!(Node::open(&io, config(1, &[1])).is_ok());
}

#[test]
fn other_static_voters_are_named() {
    let (io, node) = leader();
    drop(node);
    let error = Node::open(&io, config(1, &[1, 2])).err().expect("other voters");
    assert!(matches!(error, DriverError::QuorumState(QuorumStateError::OtherVoters { .. })));
    assert!(error.to_string().contains("[1], but controller.quorum.voters names [1, 2]"), "{error}");
}

#[test]
fn a_thread_runs_it_and_stops_it() {
    let io = formatted();
    let node = Node::open(&io, config(1, &[1])).expect("a fresh directory");
    let (moved, moves) = mpsc::channel();
    node.handle.on_high_watermark(Box::new(move |end| moved.send(end).expect("a listener")));
    let begin = Instant::now();
    let clock = move || Now { monotonic_ms: begin.elapsed().as_millis() as u64, wall_ms: WALL_MS };
    let handle = node.handle.clone();
    let thread = spawn(node.driver, clock, |_| {}).expect("a thread");
    let offset = handle.propose(1, vec![b"a".to_vec()]).expect("a leader");
    while moves.recv().expect("a running driver") <= offset {}
    handle.shutdown();
    thread.join().expect("an orderly end");
    assert!(node.machine.0.lock().is_shut_down);
    assert_eq!(handle.propose(1, vec![b"b".to_vec()]), Err(ProposeError::Stopped));
}
