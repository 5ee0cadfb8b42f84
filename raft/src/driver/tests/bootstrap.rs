//! A directory that was formatted for a dynamic quorum: the bootstrap snapshot names the voters.

use std::sync::Arc;

use log_store::io::MemoryIo;
use snapshot::{SnapshotDirectory, SnapshotHeader, SnapshotId};

use super::harness::{Node, WALL_MS, config, formatted};
use crate::driver::DriverConfig;
use crate::engine::{ReplicaKey, RoleName, Voter, VoterSet};
use crate::protocol::records::voters_record;

fn dynamic() -> DriverConfig {
    let mut config = config(1, &[]);
    config.engine.bootstrap_servers = vec![("host1".to_owned(), 9093)];
    config
}

/// What `kafka-storage format --standalone` leaves.
fn formatted_standalone(voter: ReplicaKey) -> MemoryIo {
    let io = formatted();
    let directory = dynamic().directory;
    log_store::io::Io::create_dir_all(&io, &directory).expect("a working disk");
    let endpoints = dynamic().engine.endpoints;
    let voter = Voter { key: voter, endpoints, kraft_version_min: 0, kraft_version_max: 1 };
    let voters = voters_record(&VoterSet::from_iter([voter]));
    let header = SnapshotHeader { last_contained_log_timestamp: 0, kraft_version: 1, voters: Some(voters) };
    let snapshots = SnapshotDirectory::open(Arc::new(io.clone()), &directory).expect("a working disk");
    let mut writer = snapshots.create(SnapshotId::BOOTSTRAP, &header, WALL_MS).expect("a working disk");
    writer.append(b"feature", WALL_MS).expect("a working disk");
    writer.freeze(WALL_MS).expect("a working disk");
    io
}

#[test]
fn the_first_leader_writes_the_voters_into_the_log() {
    let key = dynamic().engine.key();
    let io = formatted_standalone(key);
    let mut node = Node::open(&io, dynamic()).expect("a formatted directory");
    node.run().expect("a working disk");
    assert_eq!(node.machine.0.lock().snapshots, [0], "the bootstrap snapshot is shown");
    assert_eq!(node.values(), [b"feature".to_vec()]);
    let info = node.handle.quorum_info();
    assert_eq!((info.role, info.kraft_version, info.high_watermark), (RoleName::Leader, 1, Some(3)));
    // Leader change, kraft.version and voters take offsets 0 to 2.
    assert_eq!(node.write("a").expect("a working disk"), 3);
    node.freeze();
    node.write("b").expect("a working disk");
    let values = node.values();
    drop(node);
    let mut node = Node::open(&io, dynamic()).expect("what it wrote");
    node.run().expect("a working disk");
    assert_eq!(node.values(), values);
    let info = node.handle.quorum_info();
    assert_eq!((info.kraft_version, info.voters.get(1).map(|voter| voter.key)), (1, Some(key)));
    assert_eq!(node.write("c").expect("a working disk"), 6, "one control record in the second epoch");
}

#[test]
fn a_wiped_directory_has_no_vote() {
    let other = ReplicaKey { id: 1, directory_id: Some(wire::Uuid::from(999u128)) };
    let io = formatted_standalone(other);
    let mut node = Node::open(&io, dynamic()).expect("a formatted directory");
    node.wait(60_000).expect("a working disk");
    assert_eq!(node.handle.quorum_info().role, RoleName::Unattached);
}
