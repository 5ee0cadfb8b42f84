use std::io::IoSlice;
use std::sync::Arc;

use log_store::directory::CheckpointKind;
use log_store::io::{Crash, Io, MemoryIo, OpenMode};

use super::produce::produce;
use crate::Readiness;
use crate::testing::{TestBroker, batch_of};

#[tokio::test]
async fn a_broker_registers_is_unfenced_and_is_let_go() {
    let broker = TestBroker::start();
    let mut readiness = broker.broker.readiness();
    assert_eq!(*readiness.borrow(), Readiness::Starting);
    broker.broker.join();
    readiness.wait_for(|state| *state == Readiness::Running).await.expect("the broker lives");
    assert_eq!(broker.broker.epoch(), 1);
    broker.broker.leave();
    readiness.wait_for(|state| *state == Readiness::Gone).await.expect("the broker lives");
}

#[test]
fn recovery_leaves_partitions_alone_that_are_in_use() {
    let broker = TestBroker::start();
    broker.create_topic("t", 1, &[]);
    let mut client = broker.connect();
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[b"a"])).base_offset, 0);
    let before = broker.broker.partitions().by_name("t", 0).expect("open");
    broker.broker.partitions().recover();
    let after = broker.broker.partitions().by_name("t", 0).expect("open");
    assert!(Arc::ptr_eq(&before, &after));
    assert_eq!(produce(&mut client, "t", 0, 1, batch_of(&[b"b"])).base_offset, 1);
}

#[test]
fn after_a_crash_every_log_is_whole_whatever_was_open() {
    let (io, place) = (MemoryIo::new(), tempfile::tempdir().expect("a directory"));
    let broker = TestBroker::start_on(&[], Arc::new(io.clone()), place);
    let topics: Vec<String> = (0..9).map(|number| format!("t{number}")).collect();
    let mut client = broker.connect();
    for topic in &topics {
        broker.create_topic(topic, 1, &[]);
        assert_eq!(produce(&mut client, topic, 0, 1, batch_of(&[b"a", b"b"])).error_code, 0);
        // The crash tears the second batch.
        let log = broker.path().join(format!("{topic}-0/00000000000000000000.log"));
        let file = io.open(&log, OpenMode::Write).expect("opens");
        file.write_at(&[IoSlice::new(&[7; 100])], file.len().expect("its length")).expect("writes");
    }
    let crashed = io.crash(Crash::Process);
    let threads = [("num.recovery.threads.per.data.dir", "3")];
    let again = TestBroker::start_on(&threads, Arc::new(crashed.clone()), broker.stop());
    for topic in &topics {
        again.create_topic(topic, 1, &[]);
    }
    again.broker.partitions().recover();
    for topic in &topics {
        let log = again.path().join(format!("{topic}-0/00000000000000000000.log"));
        let length = crashed.len(&log).expect("its length");
        assert_eq!(again.broker.partitions().by_name(topic, 0).expect("opens").log_end(), 2);
        assert_eq!(again.broker.partitions().by_name(topic, 0).expect("opens").size_bytes(), length);
    }
    let disk = again.broker.partitions().by_name("t0", 0).expect("open").disk().clone();
    let written = disk.directory().read_checkpoint(CheckpointKind::RecoveryPoint).expect("reads");
    assert!(topics.iter().all(|topic| written.iter().any(|(p, offset)| p.topic == *topic && *offset == 2)));
}
