//! The files of a log directory: Apache's are read, ours are the same bytes, damage is named.

#![allow(clippy::unwrap_used, reason = "helpers of a test end it by panicking")]

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kraftlog_log_store::directory::{
    CheckpointKind, CleanShutdown, DirectoryError, DirectoryState, LogDirectories, LogDirectory,
    MetaProperties, PartitionDirectory, PartitionMetadata, TopicPartition, is_reserved_directory_id,
    read_partition_metadata, write_partition_metadata,
};
use kraftlog_log_store::io::{BlockingIo, Crash, Fault, Faults, Io, MemoryIo, OpenMode, read_file};
use wire::Uuid;

const DIR: &str = "/data";

fn put(io: &dyn Io, path: impl AsRef<Path>, bytes: &[u8]) {
    let file = io.open(path.as_ref(), OpenMode::Truncate).unwrap();
    file.write_at(&[IoSlice::new(bytes)], 0).unwrap();
}

fn memory() -> (MemoryIo, LogDirectory) {
    let io = MemoryIo::new();
    let directory = open(&io).unwrap();
    (io, directory)
}

fn open(io: &MemoryIo) -> Result<LogDirectory, DirectoryError> {
    LogDirectory::open(Arc::new(io.clone()), Path::new(DIR))
}

fn partition(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition { topic: topic.into(), partition }
}

/// A copy of what Apache 4.3.1 left in a log directory after a clean stop.
fn apache(name: &str) -> (tempfile::TempDir, LogDirectory) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/apache-4.3.1").join(name);
    let to = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
    }
    let directory = LogDirectory::open(Arc::new(BlockingIo::new()), to.path()).unwrap();
    (to, directory)
}

#[test]
fn a_directory_that_apache_wrote_is_understood() {
    let (dir, directory) = apache("b");
    let meta = directory.meta_properties().unwrap().unwrap();
    assert_eq!((meta.cluster_id.as_str(), meta.node_id), ("4L6g3nShT-eMCtK--X86sw", 7));
    assert!(meta.directory_id.is_some());
    let recovery_points = directory.read_checkpoint(CheckpointKind::RecoveryPoint).unwrap();
    let expected = BTreeMap::from([(partition("orders", 1), 2000), (partition("compacted.topic_x", 0), 0)]);
    assert_eq!(recovery_points, expected);
    assert_eq!(directory.read_checkpoint(CheckpointKind::Replication).unwrap(), expected);
    assert_eq!(directory.read_checkpoint(CheckpointKind::LogStart).unwrap(), BTreeMap::new());
    assert_eq!(directory.read_checkpoint(CheckpointKind::Cleaner).unwrap(), BTreeMap::new());
    let clean = directory.take_clean_shutdown().unwrap();
    assert_eq!(clean, Some(CleanShutdown { broker_epoch: Some(15) }));
    assert_eq!(directory.take_clean_shutdown().unwrap(), None);
    assert!(!dir.path().join(".kafka_cleanshutdown").exists());
}

#[test]
fn what_apache_wrote_is_written_again_byte_by_byte() {
    let (dir, directory) = apache("b");
    let bytes = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
    let golden = bytes(".kafka_cleanshutdown");
    directory.write_clean_shutdown(15).unwrap();
    assert_eq!(bytes(".kafka_cleanshutdown"), golden);
    for kind in [CheckpointKind::RecoveryPoint, CheckpointKind::LogStart] {
        let golden = bytes(kind.file_name());
        let entries = directory.read_checkpoint(kind).unwrap();
        // Apache's order is that of a hash map; ours is by name.
        directory.write_checkpoint(kind, entries.iter().rev().map(|(key, offset)| (key, *offset))).unwrap();
        assert_eq!(String::from_utf8(bytes(kind.file_name())).unwrap(), String::from_utf8(golden).unwrap());
    }
    let (dir, _directory) = apache("a");
    let golden = std::fs::read(dir.path().join("partition.metadata")).unwrap();
    let io = BlockingIo::new();
    let metadata = read_partition_metadata(&io, dir.path()).unwrap().unwrap();
    write_partition_metadata(&io, dir.path(), metadata).unwrap();
    assert_eq!(std::fs::read(dir.path().join("partition.metadata")).unwrap(), golden);
}

#[test]
fn meta_properties_are_read_back_and_survive_a_power_loss() {
    let (io, directory) = memory();
    assert_eq!(directory.meta_properties().unwrap(), None);
    let meta = MetaProperties {
        cluster_id: "my cluster: #1".into(),
        node_id: 3,
        directory_id: Some(Uuid::from(1u128 << 100)),
    };
    directory.write_meta_properties(&meta).unwrap();
    io.sync_dir(Path::new("/")).unwrap();
    let after = open(&io.crash(Crash::Power)).unwrap();
    assert_eq!(after.meta_properties().unwrap(), Some(meta));
}

#[test]
fn a_damaged_meta_properties_names_file_line_and_fault() {
    let id = "j9wjUeTkT06WYAgj2vIKFw";
    let cases = [
        ("", "/data/meta.properties: version is missing"),
        ("version=0\ncluster.id=a\nbroker.id=1", "/data/meta.properties:1: version: expected 1 (version 0"),
        ("version=1\nnode.id=1", "/data/meta.properties: cluster.id is missing"),
        ("version=1\ncluster.id=a", "/data/meta.properties: node.id is missing"),
        (
            "#\nversion=1\ncluster.id=a\nnode.id=x",
            "/data/meta.properties:4: node.id: expected a whole number \u{2265} 0, got \"x\"",
        ),
        ("version=1\ncluster.id=a\nnode.id=-1", "/data/meta.properties:3: node.id: expected a whole number"),
        (
            "version=1\ncluster.id=a\nnode.id=1\ndirectory.id=zz",
            "/data/meta.properties:4: directory.id: expected 22 characters of url-safe base64, got \"zz\"",
        ),
        (
            "version=1\ncluster.id=a\nnode.id=1\ndirectory.id=AAAAAAAAAAAAAAAAAAAAAQ",
            "/data/meta.properties:4: directory.id: expected an id that is not reserved",
        ),
        ("version=1\ncluster.id=\\u12", "/data/meta.properties:2: malformed \\uxxxx escape"),
    ];
    for (text, expected) in cases {
        let (io, directory) = memory();
        put(&io, "/data/meta.properties", text.as_bytes());
        let error = directory.meta_properties().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:?}: {error}");
        assert_eq!(directory.offline_reason(), None, "damage is not a disk failure");
    }
    let (io, directory) = memory();
    put(
        &io,
        "/data/meta.properties",
        format!("version=1\ncluster.id=a\nnode.id=1\ndirectory.id={id}").as_bytes(),
    );
    assert_eq!(directory.meta_properties().unwrap().unwrap().directory_id.unwrap().to_string(), id);
}

#[test]
fn a_damaged_checkpoint_names_file_line_and_fault() {
    let file = "/data/recovery-point-offset-checkpoint";
    let cases: [(&[u8], &str); 10] = [
        (b"1\n0\n", ":1: expected version 0, got \"1\""),
        (b"\x00\x00", ":1: expected version 0"),
        (b"0\n", ":2: the number of entries is missing"),
        (b"0\nx\n", ":2: expected the number of entries, got \"x\""),
        (b"0\n2\na 0 1\n", ":2: 2 entries announced, 1 found"),
        (b"0\n1\na 0\n", ":3: expected topic, partition and offset, got \"a 0\""),
        (b"0\n1\na 0 -5\n", ":3: expected topic, partition and offset"),
        (b"0\n2\na 0 1\na 0 2\n", ":4: a second entry for the same partition"),
        (b"0\n1\na\xff 0 1\n", ":3: not UTF-8"),
        (b"0\n99999999999999999999\n", ":2: expected the number of entries"),
    ];
    for (bytes, expected) in cases {
        let (io, directory) = memory();
        put(&io, file, bytes);
        let error = directory.read_checkpoint(CheckpointKind::RecoveryPoint).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{file}{expected}")), "{error}");
    }
}

#[test]
fn a_checkpoint_is_the_old_one_or_the_new_one_whatever_was_lost() {
    let old = BTreeMap::from([(partition("a", 0), 1)]);
    let new: BTreeMap<_, _> = (0..100).map(|n| (partition("a-longer-name", n), i64::from(n))).collect();
    for last in 0..6 {
        for seed in 0..10 {
            let (io, directory) = memory();
            directory.write_checkpoint(CheckpointKind::LogStart, old.iter().map(|(k, v)| (k, *v))).unwrap();
            io.sync_dir(Path::new("/")).unwrap();
            io.set_faults(Faults::power_off_after(last));
            let written =
                directory.write_checkpoint(CheckpointKind::LogStart, new.iter().map(|(k, v)| (k, *v)));
            let after = open(&io.crash(Crash::Torn { seed })).unwrap();
            let found = after.read_checkpoint(CheckpointKind::LogStart).unwrap();
            assert!(found == new || (found == old && written.is_err()), "after {last} changes: {found:?}");
        }
    }
}

#[test]
fn the_clean_mark_is_gone_for_good_once_it_was_taken() {
    let (io, directory) = memory();
    directory.write_clean_shutdown(4).unwrap();
    io.sync_dir(Path::new("/")).unwrap();
    let stopped = io.crash(Crash::Power);
    let started = open(&stopped).unwrap();
    assert_eq!(started.take_clean_shutdown().unwrap(), Some(CleanShutdown { broker_epoch: Some(4) }));
    for seed in 0..8 {
        let crashed = open(&stopped.crash(Crash::Torn { seed })).unwrap();
        assert_eq!(crashed.take_clean_shutdown().unwrap(), None);
    }
}

#[test]
fn a_mark_without_an_epoch_is_a_clean_stop_all_the_same() {
    for content in ["", "{\"version\":0}", "{\"version\":0,\"brokerEpoch\":null,\"x\":1}", "garbage"] {
        let (io, directory) = memory();
        put(&io, "/data/.kafka_cleanshutdown", content.as_bytes());
        assert_eq!(directory.take_clean_shutdown().unwrap(), Some(CleanShutdown { broker_epoch: None }));
    }
}

#[test]
fn a_second_node_is_refused() {
    let (io, first) = memory();
    let error = open(&io).unwrap_err();
    assert!(matches!(&error, DirectoryError::Locked { path } if path == Path::new(DIR)), "{error}");
    assert!(error.to_string().contains("another process uses this directory"));
    drop(first);
    open(&io).unwrap();
}

#[test]
fn a_disk_error_takes_the_directory_offline_once_and_for_all() {
    let (io, directory) = memory();
    io.set_faults(Faults::change(1, Fault::InputOutput));
    let error = directory.write_clean_shutdown(1).unwrap_err();
    assert!(matches!(error, DirectoryError::Io { .. }), "{error}");
    let reason = directory.offline_reason().unwrap().to_owned();
    assert!(reason.starts_with("/data/.kafka_cleanshutdown: "), "{reason}");
    let changes = io.changes();
    let error = directory.write_clean_shutdown(1).unwrap_err();
    assert!(matches!(error, DirectoryError::Offline { .. }), "{error}");
    assert!(matches!(directory.partitions(), Err(DirectoryError::Offline { .. })));
    assert_eq!(io.changes(), changes, "an offline disk is left alone");
    assert!(!directory.take_offline("later"), "the first reason stays");
    assert_eq!(directory.offline_reason(), Some(reason.as_str()));
}

#[test]
fn partition_directories_are_told_from_others() {
    let (io, directory) = memory();
    let deleted = format!("b-1.{:032x}-delete", 7);
    let names = ["a-0", "a-b-12", "__cluster_metadata-0", &deleted, "x-0.1f-future", "y.z-3.ab-stray"];
    let unknown = ["lost+found", "a-", "-1", "a-x", "b-1-delete", "c-99999999999"];
    for name in names.iter().chain(&unknown) {
        io.create_dir_all(&Path::new(DIR).join(name)).unwrap();
    }
    io.create_dir_all(Path::new("/data/remote-log-index-cache")).unwrap();
    put(&io, "/data/file-0", b"");
    let listing = directory.partitions().unwrap();
    let found = |name: &str| listing.partitions.iter().find(|found| found.name == name).unwrap();
    assert_eq!(listing.partitions.len(), names.len());
    assert_eq!(found("a-b-12").partition, partition("a-b", 12));
    assert_eq!(
        (found(&deleted).partition.clone(), found(&deleted).state),
        (partition("b", 1), DirectoryState::Deleted)
    );
    assert_eq!(found("x-0.1f-future").state, DirectoryState::Future);
    assert_eq!(
        (found("y.z-3.ab-stray").partition.clone(), found("y.z-3.ab-stray").state),
        (partition("y.z", 3), DirectoryState::Stray)
    );
    let mut expected = unknown.map(String::from).to_vec();
    expected.sort();
    assert_eq!(listing.unknown, expected);
}

#[test]
fn names_of_deleted_directories_fit_a_file_system() {
    let long = "t".repeat(249);
    for state in [DirectoryState::Deleted, DirectoryState::Stray] {
        let made = PartitionDirectory::new(partition(&long, 1234), state, u128::MAX);
        assert_eq!(made.name.len(), 255);
        assert!(made.name.contains("-1234.ffffffffffffffffffffffffffffffff-"));
        let read = PartitionDirectory::parse(&made.name).unwrap();
        assert_eq!((read.state, read.partition.partition), (state, 1234));
    }
    let made = PartitionDirectory::new(partition("a", 0), DirectoryState::Future, 1);
    assert_eq!(made.name, "a-0.00000000000000000000000000000001-future");
    assert_eq!(PartitionDirectory::new(partition(&long, 1), DirectoryState::Current, 9).name.len(), 251);
}

#[test]
fn partition_metadata_is_checked() {
    let io = MemoryIo::new();
    let root = Path::new("/");
    assert_eq!(read_partition_metadata(&io, root).unwrap(), None);
    let metadata = PartitionMetadata { topic_id: Uuid::from(77u128 << 64) };
    write_partition_metadata(&io, root, metadata).unwrap();
    assert_eq!(read_partition_metadata(&io, root).unwrap(), Some(metadata));
    let text = String::from_utf8(read_file(&io, Path::new("/partition.metadata")).unwrap()).unwrap();
    assert_eq!(text, format!("version: 0\ntopic_id: {}", metadata.topic_id));
    let cases = [
        ("", "/partition.metadata:1: expected \"version: \u{2026}\", got \"\""),
        ("version: 1\ntopic_id: x", "/partition.metadata:1: expected version 0, got \"1\""),
        ("version: 0\n", "/partition.metadata:2: expected \"topic_id: \u{2026}\", got \"\""),
        ("version: 0\ntopic_id: short", "/partition.metadata:2: expected the id of a topic, got \"short\""),
        ("version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA", "/partition.metadata:2: expected the id of a topic"),
    ];
    for (text, expected) in cases {
        put(&io, "/partition.metadata", text.as_bytes());
        let error = read_partition_metadata(&io, root).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

fn formatted(io: &MemoryIo, name: &str, cluster: &str, node_id: i32, id: u128) -> PathBuf {
    let path = PathBuf::from(name);
    let directory = LogDirectory::open(Arc::new(io.clone()), &path).unwrap();
    let meta =
        MetaProperties { cluster_id: cluster.into(), node_id, directory_id: Some(Uuid::from(id << 64)) };
    directory.write_meta_properties(&meta).unwrap();
    path
}

fn open_all(io: &MemoryIo, paths: &[PathBuf]) -> Result<LogDirectories, DirectoryError> {
    LogDirectories::open(&(Arc::new(io.clone()) as Arc<dyn Io>), paths)
}

#[test]
fn directories_must_agree_on_cluster_and_node_and_differ_in_id() {
    let io = MemoryIo::new();
    let a = formatted(&io, "/a", "c1", 1, 1);
    let cases = [
        (formatted(&io, "/b", "c2", 1, 2), "/b/meta.properties: cluster.id is c2, but c1 in /a"),
        (formatted(&io, "/c", "c1", 2, 3), "/c/meta.properties: node.id is 2, but 1 in /a"),
        (
            formatted(&io, "/d", "c1", 1, 1),
            "/d/meta.properties: directory.id AAAAAAAAAAEAAAAAAAAAAA is also that of /a",
        ),
    ];
    for (other, expected) in cases {
        let error = open_all(&io, &[a.clone(), other]).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let good = [a, formatted(&io, "/e", "c1", 1, 5), PathBuf::from("/new")];
    let all = open_all(&io, &good).unwrap();
    assert_eq!(all.unformatted().collect::<Vec<_>>(), [Path::new("/new")]);
    assert_eq!(all.by_id(Uuid::from(5u128 << 64)).unwrap().path(), Path::new("/e"));
    assert!(all.by_id(Uuid::from(6u128 << 64)).is_none());
    assert_eq!((all.iter().count(), all.online().count(), all.failed().count()), (3, 3, 0));
    all.iter().next().unwrap().take_offline("a test");
    assert_eq!((all.iter().count(), all.online().count()), (3, 2));
}

#[test]
fn a_directory_whose_disk_fails_is_left_out() {
    let io = MemoryIo::new();
    let (a, b) = (formatted(&io, "/a", "c", 1, 1), formatted(&io, "/b", "c", 1, 2));
    // The first directory costs two reads: the lock file and meta.properties.
    io.set_faults(Faults::call(1, Fault::InputOutput));
    let all = open_all(&io, &[a.clone(), b]).unwrap();
    let failed: Vec<_> = all.failed().map(|(path, error)| (path, error.to_string())).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].0, a);
    assert!(failed[0].1.starts_with("/a/meta.properties: "), "{failed:?}");
    assert_eq!(all.online().count(), 1);
}

#[test]
fn the_first_hundred_ids_are_reserved() {
    assert!(is_reserved_directory_id(Uuid::from(0)) && is_reserved_directory_id(Uuid::from(99)));
    assert!(!is_reserved_directory_id(Uuid::from(100)));
}
