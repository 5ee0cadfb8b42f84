//! Writes the seeds that can be made from a rule into `fuzz/seeds/`: `cargo run --example make_seeds`.
//!
//! Seeds named after what they broke are kept by hand and left alone.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use kraftlog_fuzz::messages::{ROWS, defaults};
use kraftlog_fuzz::{partition_files, snapshots};
use log_store::io::Io;
use log_store::io::{MemoryIo, read_file};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;
use snapshot::{SnapshotDirectory, SnapshotHeader};
use wire::ApiKey;
use wire::batch::{BatchBuilder, ControlType, EndTransactionMarker, NO_SEQUENCE};
use wire::compression::{Compression, compress};
use wire::coordinator_records::group;
use wire::metadata_records::MetadataRecord;
use wire::metadata_records::topic_record::TopicRecord;
use wire::{Uuid, Writer};

const NOW_MS: i64 = 1_700_000_000_000;
const KINDS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

fn main() {
    make_messages();
    make_frames();
    make_records();
    make_batches();
    make_segments();
    make_partition_files();
    make_snapshots();
    make_state_files();
    make_configs();
    make_runs("log_model", 24, 600);
    make_runs("raft_events", 24, 900);
}

fn keep(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    fs::create_dir_all(&folder).expect("seeds can be written");
    fs::write(folder.join(name), bytes).expect("seeds can be written");
}

/// The replay makes a default of every message by itself; a few are kept so that libFuzzer starts with some.
fn make_messages() {
    for seed in defaults() {
        let line = seed.split(|byte| *byte == b'\n').next().expect("a first line");
        let name = String::from_utf8_lossy(line).replace(' ', "-");
        if ["FetchRequest-", "ProduceRequest-", "MetadataResponse-1", "VotersRecord-"]
            .iter()
            .any(|p| name.starts_with(p))
        {
            keep("messages", &name, &seed);
        }
    }
    // A filled one: bytes that are small numbers read as short arrays and strings.
    for row in ROWS.iter().filter(|row| row.name.starts_with("JoinGroup")) {
        let body = [1, 0, 1, 2, 0, 3].repeat(30);
        keep(
            "messages",
            &format!("{}-small-numbers", row.name),
            &[format!("{} 9\n", row.name).as_bytes(), &body].concat(),
        );
    }
}

fn make_frames() {
    let line = |name: &str, version: i16| format!("{name} {version}\n").into_bytes();
    let all: Vec<Vec<u8>> = defaults().collect();
    let body = |name: &str, version: i16| {
        let line = line(name, version);
        all.iter().find_map(|seed| seed.strip_prefix(line.as_slice())).unwrap_or_default().to_vec()
    };
    for api in [
        ApiKey::ApiVersions,
        ApiKey::Fetch,
        ApiKey::Produce,
        ApiKey::JoinGroup,
        ApiKey::Vote,
        ApiKey::CreateTopics,
    ] {
        let version = api.valid_versions().max;
        let name = api.name();
        let target = [api.code().to_be_bytes(), version.to_be_bytes()].concat();
        let tags: &[u8] = if api.request_header_version(version) == 2 { &[0] } else { &[] };
        let request = [
            target.as_slice(),
            &[0, 0, 0, 7, 0, 2, b'm', b'e'],
            tags,
            &body(&format!("{name}Request"), version),
        ]
        .concat();
        keep("frames", &format!("{name}-request"), &request);
        let target = [(api.code() | i16::MIN).to_be_bytes(), version.to_be_bytes()].concat();
        let tags: &[u8] = if api.response_header_version(version) == 1 { &[0] } else { &[] };
        let response =
            [target.as_slice(), &[0, 0, 0, 7], tags, &body(&format!("{name}Response"), version)].concat();
        keep("frames", &format!("{name}-response"), &response);
    }
    keep("frames", "unknown-api", &[0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff]);
}

fn topic_record() -> Vec<u8> {
    let record = TopicRecord { name: "orders".into(), topic_id: Uuid::from(7u128 << 64) };
    let mut w = Writer::new();
    MetadataRecord::from(record).encode(&mut w, 0).expect("a version that there is");
    w.into_bytes()
}

fn make_records() {
    keep("records", "topic-record", &[&[0], topic_record().as_slice()].concat());
    for record_type in 0..30u8 {
        keep(
            "records",
            &format!("metadata-{record_type:02}"),
            &[&[0, 1, record_type, 0], [1; 24].as_slice()].concat(),
        );
    }
    for (number, family) in ["group", "transaction", "share"].iter().enumerate() {
        let number = 2 + u8::try_from(number).expect("small");
        for record_type in 0..4u8 {
            let key = [&[0, record_type], [0, 1, b'g', 0, 1, b't', 0, 0, 0, 0].as_slice()].concat();
            let key_size = u8::try_from(key.len()).expect("small");
            keep(
                "records",
                &format!("{family}-{record_type}"),
                &[&[number, key_size], key.as_slice(), &[0; 40]].concat(),
            );
        }
    }
    let key = group::Key::from(group::offset_commit_key::OffsetCommitKey {
        group: "billing".into(),
        topic: "orders".into(),
        partition: 3,
    });
    let mut w = Writer::new();
    key.encode(&mut w).expect("a key");
    let key = w.into_bytes();
    let value = group::Value::from(group::offset_commit_value::OffsetCommitValue {
        offset: 42,
        ..Default::default()
    });
    let mut w = Writer::new();
    value.encode(&mut w, 3).expect("a version that there is");
    let key_size = u8::try_from(key.len()).expect("small");
    for version in 0..4u8 {
        // One topic with one partition, then what later versions add, none of it said.
        let topics = [0, 0, 0, 1, 0, 1, b't'];
        let absent = [0xff; 10];
        keep(
            "records",
            &format!("subscription-{version}"),
            &[&[5, 0, version], topics.as_slice(), &[0xff; 4], &[0; 4], &absent].concat(),
        );
        keep(
            "records",
            &format!("assignment-{version}"),
            &[&[6, 0, version], topics.as_slice(), &[0, 0, 0, 1, 0, 0, 0, 9], &[0xff; 4]].concat(),
        );
    }
    keep("records", "offset-commit", &[&[2, key_size], key.as_slice(), &w.into_bytes()].concat());
}

fn batch(base: i64, kind: Compression, epoch: i32) -> Vec<u8> {
    let mut builder = BatchBuilder::new(base).compression(kind, None).leader_epoch(epoch);
    builder.push(NOW_MS, Some(b"key"), Some(b"a value"), &[(b"header", Some(b"h")), (b"none", None)]);
    builder.push(NOW_MS + 5, None, Some(&[b'x'; 200]), &[]);
    builder.push(NOW_MS + 3, Some(b"tombstone"), None, &[]);
    builder.build()
}

fn make_batches() {
    for kind in KINDS {
        let (name, code) = (kind.name(), kind.code());
        keep("batches", &format!("batch-{name}"), &[&[9], batch(7, kind, 1).as_slice()].concat());
        let mut stream = vec![code];
        compress(kind, None, &b"to be or not to be ".repeat(20), &mut stream).expect("memory takes it");
        keep("batches", &format!("stream-{name}"), &stream);
        let mut bomb = vec![code];
        compress(kind, None, &vec![0; 1 << 20], &mut bomb).expect("memory takes it");
        if kind != Compression::None {
            keep("batches", &format!("bomb-{name}"), &bomb);
        }
    }
    let two = [batch(0, Compression::None, 0), batch(3, Compression::Lz4, 0)].concat();
    keep("batches", "two-and-a-half", &[&[9], two.as_slice(), &two[..80]].concat());
}

/// A transaction of one batch and its marker.
fn transaction(base: i64, kind: ControlType) -> Vec<u8> {
    let mut data = BatchBuilder::new(base).leader_epoch(0).producer(5, 0, 0).transactional();
    data.push(NOW_MS, None, Some(b"in a transaction"), &[]);
    let mut marker =
        BatchBuilder::new(base + 1).leader_epoch(0).producer(5, 0, NO_SEQUENCE).control().transactional();
    marker.push_control(NOW_MS, kind, &EndTransactionMarker { coordinator_epoch: 0 }.encode());
    [data.build(), marker.build()].concat()
}

fn make_segments() {
    let good =
        [batch(0, Compression::None, 0), batch(3, Compression::Zstd, 0), batch(9, Compression::None, 2)]
            .concat();
    keep("segment_recovery", "three-batches", &[&[0], good.as_slice()].concat());
    keep("segment_recovery", "three-batches-any-checksum", &[&[1], good.as_slice()].concat());
    keep(
        "segment_recovery",
        "torn-tail",
        &[&[0], good.as_slice(), &batch(12, Compression::None, 2)[..70]].concat(),
    );
    keep("segment_recovery", "zeros-behind", &[&[0], good.as_slice(), &[0; 4096]].concat());
    let back =
        [batch(5, Compression::None, 3), batch(2, Compression::None, 3), batch(20, Compression::None, 1)]
            .concat();
    keep("segment_recovery", "offsets-go-back", &[&[1], back.as_slice()].concat());
    for kind in [ControlType::Abort, ControlType::Commit, ControlType::LeaderChange] {
        keep(
            "segment_recovery",
            &format!("transaction-{kind:?}"),
            &[&[1], transaction(0, kind).as_slice()].concat(),
        );
    }
    keep("segment_recovery", "empty", &[0]);
}

fn make_partition_files() {
    for (number, name) in partition_files::names().iter().enumerate() {
        let number = u8::try_from(number).expect("fewer files than bytes");
        let content = partition_files::content(name);
        for clean in [0, 1] {
            let way = if clean == 1 { "clean" } else { "crashed" };
            keep(
                "partition_files",
                &format!("{name}-{way}"),
                &[&[clean, number], content.as_slice()].concat(),
            );
        }
    }
}

fn make_snapshots() {
    for (name, records) in [("empty", 0), ("three-records", 3), ("many-records", 200)] {
        let (io, dir) = (MemoryIo::new(), Path::new("/meta"));
        io.create_dir_all(dir).expect("a disk without faults");
        let directory = SnapshotDirectory::open(Arc::new(io.clone()), dir).expect("a disk without faults");
        let header = SnapshotHeader { last_contained_log_timestamp: NOW_MS, kraft_version: 1, voters: None };
        let mut writer = directory.create(snapshots::ID, &header, NOW_MS).expect("a disk without faults");
        for _ in 0..records {
            writer.append(&topic_record(), NOW_MS).expect("a disk without faults");
        }
        writer.freeze(NOW_MS).expect("a disk without faults");
        let content = read_file(&io, &dir.join(snapshots::ID.file_name())).expect("a disk without faults");
        for flags in [0, 1] {
            let way = if flags == 1 { "-any-checksum" } else { "" };
            keep("snapshots", &format!("{name}{way}"), &[&[flags], content.as_slice()].concat());
        }
    }
}

fn make_state_files() {
    let voted = r#"{"leaderId":-1,"leaderEpoch":2,"votedId":1,"votedDirectoryId":"J8aAPcfLQt2bqs1JT_rMgQ","data_version":1}"#;
    let led = r#"{"clusterId":"","leaderId":1,"leaderEpoch":2,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}"#;
    let files: [(&str, u8, &str); 8] = [
        ("quorum-state-1", 0, voted),
        ("quorum-state-0", 0, led),
        (
            "meta-properties",
            2,
            "#\n#Tue\nversion=1\ncluster.id=abc\nnode.id=1\ndirectory.id=J8aAPcfLQt2bqs1JT_rMgQ\n",
        ),
        ("meta-properties-escapes", 2, "version=1\nnode.id : 7\ncluster.id=a\\u0041\\\n  b\\=c\n"),
        ("partition-metadata", 3, "version: 0\ntopic_id: J8aAPcfLQt2bqs1JT_rMgQ"),
        ("recovery-point", 4, "0\n2\norders 0 1200\norders 1 998\n"),
        ("log-start", 5, "0\n1\norders 0 9223372036854775807\n"),
        ("clean-shutdown", 7, r#"{"version":0,"brokerEpoch":9}"#),
    ];
    for (name, file, content) in files {
        keep("state_files", name, &[&[file], content.as_bytes()].concat());
    }
}

fn make_configs() {
    let node = "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@localhost:9093\n\
                listeners=PLAINTEXT://:9092,CONTROLLER://:9093\nadvertised.listeners=PLAINTEXT://localhost:9092\n\
                controller.listener.names=CONTROLLER\nlog.dirs=/tmp/data,/tmp/more\n\
                listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n";
    keep("config", "combined", node.as_bytes());
    let sizes = "num.partitions=1\nlog.retention.hours=168\nlog.segment.bytes=1073741824\ncompression.type=zstd\n\
                 offsets.topic.replication.factor=1\nlog.retention.check.interval.ms=300000\nunknown.key=7\n";
    keep("config", "with-sizes", [node, sizes].concat().as_bytes());
    let controller = "process.roles=controller\nnode.id=3000\ncontroller.quorum.bootstrap.servers=[::1]:9093\n\
                      listeners=CONTROLLER://:9093\ncontroller.listener.names=CONTROLLER\nmetadata.log.dir=/m\n";
    keep("config", "controller", controller.as_bytes());
    keep("config", "removed", b"zookeeper.connect=localhost:2181\nbroker.id=0\nport=9092\n");
    keep("config", "escapes", b"node.id = 1\\\n  2\n! comment\n\\u0070rocess.roles:broker\nlisteners=\\\n");
}

/// Rows of decisions, any of which is a run.
fn make_runs(target: &str, count: u64, length: usize) {
    for seed in 0..count {
        let mut random = Pcg32::seed_from_u64(seed);
        let bytes: Vec<u8> = (0..length).map(|_| random.next_u32() as u8).collect();
        keep(target, &format!("run-{seed:02}"), &bytes);
    }
}
