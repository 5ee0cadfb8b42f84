use std::sync::Arc;

use log_store::directory::{CheckpointKind, read_partition_metadata};
use log_store::io::{Crash, Fault, Faults, Io, MemoryIo};
use wire::messages::describe_log_dirs_request::DescribeLogDirsRequest;
use wire::{ErrorCode, Uuid};

use super::fetch::{fetch_one, request, values};
use super::produce::produce;
use crate::testing::{Client, TestBroker, batch_of};

/// What DescribeLogDirs says about the only directory.
fn described(client: &mut Client) -> i16 {
    let response = client.call(&DescribeLogDirsRequest::default(), 4);
    assert_eq!(response.error_code, 0);
    response.results.to_vec().remove(0).error_code
}

#[test]
fn a_failed_write_takes_the_directory_offline_and_nothing_else() {
    let storage_error = ErrorCode::KafkaStorageError.code();
    for fault in [Fault::StorageFull, Fault::InputOutput, Fault::TornWrite { bytes: 20 }] {
        let io = MemoryIo::new();
        let directory = tempfile::tempdir().expect("a directory");
        let broker = TestBroker::start_on(&[], Arc::new(io.clone()), directory);
        broker.create_topic("t", 1, &[]);
        broker.create_topic("u", 1, &[]);
        let mut client = broker.connect();
        for topic in ["t", "u"] {
            assert_eq!(produce(&mut client, topic, 0, -1, batch_of(&[b"kept"])).error_code, 0);
        }
        assert_eq!(described(&mut client), 0);
        io.set_faults(Faults::change(0, fault));
        assert_eq!(
            produce(&mut client, "t", 0, -1, batch_of(&[b"lost"])).error_code,
            storage_error,
            "{fault:?}"
        );
        io.set_faults(Faults::default());
        for topic in ["t", "u"] {
            let late = produce(&mut client, topic, 0, -1, batch_of(&[b"late"]));
            assert_eq!(late.error_code, storage_error, "{fault:?}");
            let found = fetch_one(&mut client, &request(topic, Uuid::ZERO, &[0]), 11);
            assert_eq!(values(&found), [b"kept"], "{fault:?}");
        }
        assert_eq!(described(&mut client), storage_error, "{fault:?}");
        let reason = broker.broker.partitions().disks()[0].directory().offline_reason().map(str::to_owned);
        assert!(reason.is_some_and(|reason| reason.contains("t-0")), "the reason names the partition");
    }
}

#[test]
fn a_first_append_waits_for_no_disk_and_its_flush_makes_the_topics_name_durable() {
    let io = MemoryIo::new();
    let directory = tempfile::tempdir().expect("a directory");
    let broker = TestBroker::start_on(&[], Arc::new(io.clone()), directory);
    let id = broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    assert_eq!(produce(&mut client, "t", 0, -1, batch_of(&[b"first"])).error_code, 0);
    let path = broker.path().join("t-0");
    let named =
        |io: &MemoryIo| read_partition_metadata(io, &path).expect("reads").map(|found| found.topic_id);
    assert_eq!(named(&io), Some(id));
    assert_eq!(named(&io.crash(Crash::Power)), None, "nothing was flushed");
    let partition = broker.broker.partitions().by_name("t", 0).expect("open");
    assert_eq!(partition.with_log(|log| log.flush().expect("flushes")), Some(1));
    // Whoever opened the log directory has made its own name durable.
    for ancestor in broker.path().ancestors().skip(1) {
        io.sync_dir(ancestor).expect("syncs");
    }
    assert_eq!(named(&io.crash(Crash::Power)), Some(id));
}

#[test]
fn a_first_append_that_fails_anywhere_takes_the_directory_offline() {
    for number in 0.. {
        let io = MemoryIo::new();
        let directory = tempfile::tempdir().expect("a directory");
        let broker = TestBroker::start_on(&[], Arc::new(io.clone()), directory);
        broker.create_topic("t", 1, &[]);
        let mut client = broker.connect();
        io.set_faults(Faults::change(number, Fault::InputOutput));
        let code = produce(&mut client, "t", 0, -1, batch_of(&[b"first"])).error_code;
        if io.changes() <= number {
            assert_eq!((code, described(&mut client)), (0, 0));
            assert!(number > 2, "a directory, its file and the records");
            break;
        }
        let storage_error = ErrorCode::KafkaStorageError.code();
        assert_eq!((code, described(&mut client)), (storage_error, storage_error), "change {number}");
    }
}

#[test]
fn a_failed_flush_is_never_acknowledged() {
    let io = MemoryIo::new();
    let broker = TestBroker::start_on(&[], Arc::new(io.clone()), tempfile::tempdir().expect("a directory"));
    broker.create_topic("t", 1, &[("flush.messages", "1")]);
    let mut client = broker.connect();
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[b"kept"])).error_code, 0);
    // The second change of an append to this topic is its flush.
    io.set_faults(Faults::change(1, Fault::InputOutput));
    let storage_error = ErrorCode::KafkaStorageError.code();
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[b"lost"])).error_code, storage_error);
    let found = fetch_one(&mut client, &request("t", Uuid::ZERO, &[0]), 11);
    assert_eq!(values(&found), [b"kept"], "consumers see only what is on the disk");
}

#[test]
fn a_segment_sealed_by_whomever_is_flushed_with_the_next_append() {
    let broker = TestBroker::start();
    broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    let partition = broker.broker.partitions().by_name("t", 0).expect("open");
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[b"sealed"])).error_code, 0);
    assert_eq!(partition.recovery_point(), 0, "nobody has asked for a flush");
    partition.with_log(|log| log.roll(crate::time::now_ms()).expect("rolls"));
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[b"next"])).error_code, 0);
    while partition.recovery_point() < 1 {
        std::thread::yield_now();
    }
}

/// The directory of a deleted partition, removed at once.
fn remove_deleted(io: &MemoryIo, broker: &TestBroker) {
    let entries = io.list_dir(broker.path()).expect("lists");
    let deleted = entries.iter().find(|entry| entry.name.ends_with("-delete")).expect("renamed");
    let path = broker.path().join(&deleted.name);
    for entry in io.list_dir(&path).expect("lists") {
        io.remove(&path.join(&entry.name)).expect("removes");
    }
    io.remove_dir(&path).expect("removes");
}

#[test]
fn whatever_fails_in_a_deleted_partition_the_directory_stays_online() {
    let io = MemoryIo::new();
    let broker = TestBroker::start_on(&[], Arc::new(io.clone()), tempfile::tempdir().expect("a directory"));
    let id = broker.create_topic("t", 1, &[("segment.bytes", "1048576"), ("flush.ms", "0")]);
    broker.create_topic("u", 1, &[]);
    let mut client = broker.connect();
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[b"gone"])).error_code, 0);
    let (partitions, now) = (broker.broker.partitions(), crate::time::now_ms());
    let partition = partitions.by_name("t", 0).expect("open");
    let pending = partition.with_log(|log| log.begin_flush().expect("begins")).expect("there");
    broker.controller.delete_topic(id);
    remove_deleted(&io, &broker);
    let outcome = pending.run();
    assert!(partition.with_log(|log| log.complete_flush(outcome)).is_none(), "nobody cares any more");
    partition.flush_if_late(now + 1_000_000);
    partition.note_progress();
    partitions.apply_retention();
    for kind in [CheckpointKind::RecoveryPoint, CheckpointKind::LogStart, CheckpointKind::Replication] {
        partitions.write_checkpoint(kind);
        let written = partition.disk().directory().read_checkpoint(kind).expect("reads");
        assert!(written.keys().all(|partition| partition.topic != "t"), "the deleted one is forgotten");
    }
    assert!(!partition.disk().has_failed());
    assert_eq!(produce(&mut client, "u", 0, -1, batch_of(&[b"kept"])).error_code, 0);
    broker.create_topic("t", 1, &[]);
    assert_eq!(produce(&mut client, "t", 0, -1, batch_of(&[b"anew"])).base_offset, 0);
}
