//! Apache's own programs read the snapshots written here.

#![allow(clippy::unwrap_used, reason = "helpers of a test end it by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use kraftlog_snapshot::{SnapshotDirectory, SnapshotHeader, SnapshotId};
use log_store::directory::LogDirectory;
use log_store::io::BlockingIo;
use wire::control_records::voters_record::{Endpoint, KRaftVersionFeature, Voter, VotersRecord};
use wire::metadata_records::MetadataRecord;
use wire::metadata_records::feature_level_record::FeatureLevelRecord;
use wire::metadata_records::partition_record::PartitionRecord;
use wire::metadata_records::topic_record::TopicRecord;
use wire::{Uuid, Writer};

const ID: SnapshotId = SnapshotId { offset: 4_242, epoch: 9 };
const NOW_MS: i64 = 1_790_000_000_000;

/// Runs one of Apache's programs and returns whether it succeeded and all it printed.
fn apache(class: &str, arguments: &[&str]) -> (bool, String) {
    let libs = std::env::var("KRAFTLOG_KAFKA_LIBS")
        .expect("KRAFTLOG_KAFKA_LIBS is not set: run ./check, which fetches Apache Kafka's jars and sets it");
    let output = Command::new("java")
        .args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", &format!("{libs}/*"), class])
        .args(arguments)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn voters() -> VotersRecord<'static> {
    let endpoint = Endpoint { name: "CONTROLLER".into(), host: "localhost".into(), port: 9093 };
    let voter = Voter {
        voter_id: 5,
        voter_directory_id: Uuid::from(1u128 << 90),
        endpoints: vec![endpoint].into(),
        kraft_version_feature: KRaftVersionFeature { min_supported_version: 0, max_supported_version: 1 },
    };
    VotersRecord { version: 0, voters: vec![voter].into() }
}

fn records(partitions: i32) -> Vec<Vec<u8>> {
    let topic_id = Uuid::from(77u128 << 64);
    let feature = FeatureLevelRecord { name: "metadata.version".into(), feature_level: 30 };
    let topic = TopicRecord { name: "orders".into(), topic_id };
    let partition = |partition_id| {
        MetadataRecord::Partition(PartitionRecord {
            partition_id,
            topic_id,
            replicas: vec![5].into(),
            isr: vec![5].into(),
            leader: 5,
            ..PartitionRecord::default()
        })
    };
    let all = [MetadataRecord::FeatureLevel(feature), MetadataRecord::Topic(topic)];
    all.into_iter().chain((0..partitions).map(partition)).map(|record| encode(&record)).collect()
}

fn encode(record: &MetadataRecord<'_>) -> Vec<u8> {
    let mut writer = Writer::new();
    record.encode(&mut writer, 0).unwrap();
    writer.into_bytes()
}

/// A snapshot in a log directory as a node has it.
fn written(log_dir: &Path, partitions: i32) -> PathBuf {
    let directory = log_dir.join("__cluster_metadata-0");
    std::fs::create_dir_all(&directory).unwrap();
    let snapshots = SnapshotDirectory::open(Arc::new(BlockingIo::new()), &directory).unwrap();
    let header = SnapshotHeader {
        last_contained_log_timestamp: NOW_MS - 1_000,
        kraft_version: 1,
        voters: Some(voters()),
    };
    let mut writer = snapshots.create(ID, &header, NOW_MS).unwrap();
    records(partitions).iter().for_each(|record| writer.append(record, NOW_MS).unwrap());
    writer.freeze(NOW_MS).unwrap();
    directory.join(ID.file_name())
}

#[test]
fn metadata_shell_loads_a_snapshot_and_respects_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(dir.path(), 3);
    let list = ["--snapshot", path.to_str().unwrap(), "ls", "/image/topics/byName/orders"];
    // The shell looks once, up to some milliseconds before its image is there: look again then.
    let looked = (0..20).map(|_| apache("org.apache.kafka.shell.MetadataShell", &list));
    let (done, text) = looked.into_iter().find(|(_, text)| !text.contains("no such file")).unwrap();
    // It says on the same stream that it skips control records.
    let is_listed = |name: &str| text.lines().any(|line| line.trim() == name);
    assert!(done && ["0", "1", "2", "id", "name"].into_iter().all(is_listed), "{text}");
    let held = LogDirectory::open(Arc::new(BlockingIo::new()), dir.path()).unwrap();
    let (done, text) = apache("org.apache.kafka.shell.MetadataShell", &list);
    assert!(!done && text.contains("Unable to lock"), "{text}");
    drop(held);
}

#[test]
fn dump_log_segments_decodes_a_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let partitions = 3_000;
    let path = written(dir.path(), partitions);
    let arguments = ["--cluster-metadata-decoder", "--files", path.to_str().unwrap()];
    let (done, text) = apache("org.apache.kafka.tools.DumpLogSegments", &arguments);
    assert!(done, "{text}");
    for expected in ["SnapshotHeader", "KRaftVersion", "KRaftVoters", "SnapshotFooter", "\"name\":\"orders\""]
    {
        assert!(text.contains(expected), "{expected} in {}", &text[..text.len().min(3_000)]);
    }
    assert_eq!(text.matches("PARTITION_RECORD").count(), partitions as usize);
    let offsets = text.lines().filter(|line| line.contains("isvalid: true")).count();
    assert!(offsets >= 3 && !text.contains("isvalid: false"), "{offsets} valid batches");
}
