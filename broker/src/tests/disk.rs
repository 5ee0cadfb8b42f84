use std::sync::Arc;

use log_store::io::{Fault, Faults, MemoryIo};
use wire::{ErrorCode, Uuid};

use super::fetch::{fetch_one, request, values};
use super::produce::produce;
use crate::testing::{TestBroker, batch_of};

#[test]
fn a_failed_write_takes_the_directory_offline_and_nothing_else() {
    let io = MemoryIo::new();
    let broker = TestBroker::start_on(&[], Arc::new(io.clone()), tempfile::tempdir().expect("a directory"));
    broker.create_topic("t", 1, &[]);
    broker.create_topic("u", 1, &[]);
    let mut client = broker.connect();
    for topic in ["t", "u"] {
        assert_eq!(produce(&mut client, topic, 0, -1, batch_of(&[b"kept"])).error_code, 0);
    }
    io.set_faults(Faults::change(0, Fault::StorageFull));
    let storage_error = ErrorCode::KafkaStorageError.code();
    assert_eq!(produce(&mut client, "t", 0, -1, batch_of(&[b"lost"])).error_code, storage_error);
    io.set_faults(Faults::default());
    assert_eq!(produce(&mut client, "t", 0, -1, batch_of(&[b"late"])).error_code, storage_error);
    assert_eq!(produce(&mut client, "u", 0, -1, batch_of(&[b"late"])).error_code, storage_error);
    for topic in ["t", "u"] {
        let found = fetch_one(&mut client, &request(topic, Uuid::ZERO, &[0]), 11);
        assert_eq!(values(&found), [b"kept"]);
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
