//! Apache's own program reads the metadata log and the snapshots that a driver writes.

#![allow(clippy::unwrap_used, reason = "helpers of a test end it by panicking")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use kraftlog_raft::{
    CommittedBatch, CorrelationId, Driver, DriverConfig, Endpoint, EngineConfig, LeaderAndEpoch, Now,
    OffsetAndEpoch, Peer, RequestBody, SnapshotRecords, StateMachine, Transport, VoterSet,
};
use log_store::io::BlockingIo;
use wire::metadata_records::MetadataRecord;
use wire::metadata_records::feature_level_record::FeatureLevelRecord;
use wire::metadata_records::topic_record::TopicRecord;
use wire::{Uuid, Writer};

const NOW: Now = Now { monotonic_ms: 0, wall_ms: 1_790_000_000_000 };

/// Runs DumpLogSegments over a file and returns what it printed.
fn dump(path: &Path) -> String {
    let libs = std::env::var("KRAFTLOG_KAFKA_LIBS")
        .expect("KRAFTLOG_KAFKA_LIBS is not set: run ./check, which fetches Apache Kafka's jars and sets it");
    let output = Command::new("java")
        .args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", &format!("{libs}/*")])
        .args(["org.apache.kafka.tools.DumpLogSegments", "--cluster-metadata-decoder", "--files"])
        .arg(path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

struct Nothing;

impl StateMachine for Nothing {
    fn committed(&mut self, _: &[CommittedBatch<'_>], _: i64) {}
    fn load_snapshot(&mut self, _: &mut dyn SnapshotRecords) {}
    fn leader_changed(&mut self, _: LeaderAndEpoch) {}
    fn begin_shutdown(&mut self) {}
}

impl Transport for Nothing {
    fn send(&mut self, _: &Peer, _: CorrelationId, _: RequestBody) {}
}

fn encode(record: &MetadataRecord<'_>) -> Vec<u8> {
    let mut writer = Writer::new();
    record.encode(&mut writer, 0).unwrap();
    writer.into_bytes()
}

fn records() -> Vec<Vec<u8>> {
    let feature = FeatureLevelRecord { name: "metadata.version".into(), feature_level: 30 };
    let topic = TopicRecord { name: "orders".into(), topic_id: Uuid::from(77u128 << 64) };
    vec![encode(&MetadataRecord::FeatureLevel(feature)), encode(&MetadataRecord::Topic(topic))]
}

#[test]
fn apache_reads_log_snapshot_and_control_records() {
    let log_dir = tempfile::tempdir().unwrap();
    let directory = log_dir.path().join("__cluster_metadata-0");
    let mut engine = EngineConfig::new(5, Uuid::from(1u128 << 90), "CONTROLLER", 7);
    engine.endpoints =
        vec![Endpoint { listener: "CONTROLLER".to_owned(), host: "localhost".to_owned(), port: 9093 }];
    let voters = VoterSet::from_static("CONTROLLER", [(5, "localhost".to_owned(), 9093)]);
    let config = DriverConfig::new(directory.clone(), "5L6g3nShT-eMCtK--X86sw", engine, voters);
    let io = Arc::new(BlockingIo::new());
    let (mut driver, handle) = Driver::open(io, config, Box::new(Nothing), Box::new(Nothing), NOW).unwrap();
    driver.poll(NOW).unwrap();
    assert_eq!(handle.propose(1, records()), Ok(2));
    driver.poll(NOW).unwrap();
    let end = OffsetAndEpoch::new(3, 1);
    let mut snapshot = handle.begin_snapshot(end, NOW.wall_ms, NOW.wall_ms).unwrap().unwrap();
    snapshot.append(&records()).unwrap();
    snapshot.freeze().unwrap();
    driver.poll(NOW).unwrap();
    driver.close().unwrap();

    let log = dump(&directory.join("00000000000000000000.log"));
    assert!(log.contains("LeaderChange") && log.contains("\"leaderId\":5"), "{log}");
    assert!(log.contains("TOPIC_RECORD") && log.contains("\"name\":\"orders\""), "{log}");
    assert!(log.contains("isvalid: true") && !log.contains("isvalid: false"), "{log}");
    let snapshot = dump(&directory.join("00000000000000000003-0000000001.checkpoint"));
    assert!(snapshot.contains("SnapshotHeader") && snapshot.contains("SnapshotFooter"), "{snapshot}");
    assert!(snapshot.contains("\"name\":\"orders\""), "{snapshot}");
    let state = std::fs::read_to_string(directory.join("quorum-state")).unwrap();
    assert_eq!(
        state,
        r#"{"clusterId":"","leaderId":5,"leaderEpoch":1,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":5}],"data_version":0}"#
    );
}
