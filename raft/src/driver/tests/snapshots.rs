//! Snapshots of a running node, and the log behind them.

use log_store::io::{Io, MemoryIo};
use snapshot::SnapshotDirectory;
use std::sync::Arc;

use super::harness::{Node, config, formatted};
use crate::driver::BeginSnapshotError;
use crate::engine::OffsetAndEpoch;

fn snapshot_files(io: &MemoryIo) -> Vec<i64> {
    let entries = io.list_dir(&config(1, &[1]).directory).expect("the directory");
    let names = entries.into_iter().filter(|entry| entry.name.ends_with(".checkpoint"));
    names.map(|entry| entry.name[..20].parse().expect("an offset")).collect()
}

#[test]
fn a_start_reads_the_snapshot_and_the_log_behind_it() {
    let io = formatted();
    let mut node = Node::open(&io, config(1, &[1])).expect("a fresh directory");
    node.run().expect("a working disk");
    for value in ["a", "b"] {
        node.write(value).expect("a working disk");
    }
    let end = node.freeze();
    node.write("c").expect("a working disk");
    assert_eq!(node.handle.quorum_info().latest_snapshot, Some(OffsetAndEpoch::new(3, 1)));
    let values = node.values();
    drop(node);
    let mut node = Node::open(&io, config(1, &[1])).expect("what it wrote");
    assert_eq!(node.machine.0.lock().snapshots, [end]);
    node.run().expect("a working disk");
    assert_eq!(node.values(), values);
}

#[test]
fn the_log_start_moves_up_behind_the_second_snapshot() {
    let io = formatted();
    let mut config = config(1, &[1]);
    config.retention_bytes = 0;
    let mut node = Node::open(&io, config.clone()).expect("a fresh directory");
    node.run().expect("a working disk");
    let mut ends = Vec::new();
    for value in ["a", "b", "c"] {
        node.write(value).expect("a working disk");
        ends.push(node.freeze());
    }
    assert_eq!(snapshot_files(&io), ends[2..], "the newest stays");
    node.write("d").expect("a working disk");
    let values = node.values();
    drop(node);
    let mut node = Node::open(&io, config).expect("what it wrote");
    node.run().expect("a working disk");
    assert_eq!(node.values(), values);
}

#[test]
fn old_snapshots_go_by_age() {
    let io = formatted();
    let mut config = config(1, &[1]);
    config.retention_ms = 1_000;
    let mut node = Node::open(&io, config).expect("a fresh directory");
    node.run().expect("a working disk");
    for value in ["a", "b"] {
        node.write(value).expect("a working disk");
        node.freeze();
    }
    assert_eq!(snapshot_files(&io), [2, 3]);
    node.wait(60_001).expect("a working disk");
    assert_eq!(snapshot_files(&io), [3]);
}

#[test]
fn only_what_is_committed_and_new_is_snapshot() {
    let io = formatted();
    let mut node = Node::open(&io, config(1, &[1])).expect("a fresh directory");
    node.run().expect("a working disk");
    node.write("a").expect("a working disk");
    node.freeze();
    let begin = |offset| node.handle.begin_snapshot(OffsetAndEpoch::new(offset, 1), 0, 0);
    assert!(matches!(begin(3), Err(BeginSnapshotError::NotCommitted { .. })));
    assert!(begin(2).expect("a disk").is_none(), "there is one");
}

#[test]
fn a_damaged_snapshot_is_named() {
    let io = formatted();
    let mut node = Node::open(&io, config(1, &[1])).expect("a fresh directory");
    node.run().expect("a working disk");
    node.write("a").expect("a working disk");
    let end = node.freeze();
    drop(node);
    let directory = config(1, &[1]).directory;
    let name = format!("{end:020}-0000000001.checkpoint");
    let bytes = log_store::io::read_file(&io, &directory.join(&name)).expect("the snapshot");
    for position in (0..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[position] ^= 0x40;
        io.remove(&directory.join(&name)).expect("a working disk");
        log_store::io::replace_file(&io, &directory.join(&name), &damaged).expect("a working disk");
        let error = Node::open(&io, config(1, &[1])).err();
        let error = error.unwrap_or_else(|| panic!("byte {position} is damaged")).to_string();
        assert!(error.contains(&name), "{error}");
    }
    let snapshots = SnapshotDirectory::open(Arc::new(io), &directory).expect("a working disk");
    assert_eq!(snapshots.list().expect("a working disk").len(), 1, "nothing was deleted");
}
