//! Segments of ours under Apache's `DumpLogSegments`, and segments of Apache's under our log.

extern crate kraftlog_log_store as log_store;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use log_store::io::{BlockingIo, Io, MemoryIo, read_file, replace_file};
use log_store::log::{AppendRules, Log, LogConfig, Recovery};
use wire::batch::{BatchBuilder, BatchView, ControlType, EndTransactionMarker, NO_SEQUENCE, batches};
use wire::compression::Compression;

const NOW: i64 = 1_795_400_000_000;

/// As the topic of the fixtures was configured.
fn config() -> LogConfig {
    LogConfig {
        index_interval_bytes: 200,
        segment_ms: 1500,
        segment_index_bytes: 4000,
        producer_id_expiration_ms: i64::MAX,
        ..LogConfig::default()
    }
}

fn builder(id: i64, sequence: i32) -> BatchBuilder {
    BatchBuilder::new(0).producer(id, 0, sequence)
}

/// Batches of every kind over several segments; returns how many and with how many records.
fn fill(log: &mut Log) -> (usize, usize) {
    let (mut count, mut records) = (0, 0);
    let mut append = |log: &mut Log, builder: BatchBuilder, rules: AppendRules| {
        count += 1;
        records += usize::try_from(builder.record_count()).expect("not negative");
        log.append_as_leader(&builder.build(), count as i32 / 50, NOW, &rules).expect("appends");
    };
    let verified = AppendRules { transaction_verified: true, ..AppendRules::CLIENT };
    for round in 0..40 {
        for code in 0..5 {
            let kind = Compression::from_code(code).expect("assigned");
            let mut batch = builder(i64::from(code), 3 * round).compression(kind, None);
            for record in 0..3i64 {
                let timestamp = NOW - 100_000 + i64::from(round) * 100 + record;
                let headers: &[(&[u8], Option<&[u8]>)] = &[(b"header", Some(b"value")), (b"none", None)];
                batch.push(timestamp, Some(b"key"), Some(&[b'v'; 100]), headers);
            }
            append(log, batch, AppendRules::CLIENT);
        }
        let mut batch = builder(100, round).transactional();
        batch.push(NOW - 90_000 + i64::from(round), None, Some(b"in a transaction"), &[]);
        append(log, batch, verified);
        let kind = if round % 2 == 0 { ControlType::Abort } else { ControlType::Commit };
        let mut marker = builder(100, NO_SEQUENCE).transactional().control();
        marker.push_control(NOW - 90_000, kind, &EndTransactionMarker { coordinator_epoch: 0 }.encode());
        append(log, marker, AppendRules::COORDINATOR);
    }
    (count, records)
}

/// Runs `DumpLogSegments` over the files with these endings and returns what it prints and complains of.
fn dump(dir: &Path, ending: &str, flags: &[&str]) -> (String, String) {
    let libs = std::env::var("KRAFTLOG_KAFKA_LIBS")
        .expect("KRAFTLOG_KAFKA_LIBS is not set: run ./check, which fetches Apache Kafka's jars and sets it");
    let mut files: Vec<PathBuf> =
        fs::read_dir(dir).expect("lists").map(|e| e.expect("entry").path()).collect();
    files.retain(|path| path.to_str().expect("utf-8").ends_with(ending));
    files.sort();
    assert!(!files.is_empty(), "files that end in {ending}");
    let files: Vec<_> = files.iter().map(|path| path.to_str().expect("utf-8")).collect();
    let output = Command::new("java")
        .args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", &format!("{libs}/*")])
        .args(["org.apache.kafka.tools.DumpLogSegments", "--files", &files.join(",")])
        .args(flags)
        .output()
        .expect("java runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let complaints = String::from_utf8_lossy(&output.stderr);
    // It takes the first record of every segment but the first for a gap.
    let noise = ["SLF4J", "Non-consecutive offsets in", "  -1 is followed by"];
    let complaints =
        complaints.lines().filter(|line| !noise.iter().any(|noise| line.starts_with(noise))).collect();
    (String::from_utf8_lossy(&output.stdout).into_owned(), complaints)
}

#[test]
fn dump_log_segments_finds_nothing_wrong_with_ours() {
    let root = tempfile::tempdir().expect("a directory");
    let dir = root.path().join("topic-0");
    let config = Arc::new(LogConfig { segment_bytes: 20_000, ..config() });
    let mut log =
        Log::open(Arc::new(BlockingIo::new()), &dir, config, Recovery::default(), NOW).expect("opens");
    let (count, records) = fill(&mut log);
    assert!(log.segment_count() > 3);
    log.close().expect("closes");

    let (text, complaints) = dump(&dir, ".log", &["--deep-iteration"]);
    assert_eq!(complaints, "");
    assert_eq!(text.matches("isvalid: true").count(), count);
    assert_eq!(text.matches("isvalid").count(), count);
    assert_eq!(text.matches("| offset: ").count(), records);
    assert!(!text.contains("invalid bytes"));
    for kind in ["none", "gzip", "snappy", "lz4", "zstd"] {
        assert!(text.contains(&format!("compresscodec: {kind} ")), "{kind}");
    }

    let (text, complaints) = dump(&dir, ".index", &["--index-sanity-check"]);
    assert_eq!(complaints, "");
    let (sane, indexes) = (text.matches("passed sanity check").count(), text.matches("Dumping").count());
    assert_eq!((sane, indexes > 3), (indexes, true));
    let (text, complaints) = dump(&dir, ".index", &["--deep-iteration"]);
    assert_eq!(complaints, "", "every entry leads to its batch");
    assert!(text.matches("position: ").count() > 50);
    let (text, complaints) = dump(&dir, ".timeindex", &["--deep-iteration"]);
    assert_eq!(complaints, "", "every timestamp is that of its batch");
    assert!(text.matches("timestamp: ").count() > 30);
    let (text, complaints) = dump(&dir, ".txnindex", &[]);
    assert_eq!((complaints.as_str(), text.matches("producerId: 100 ").count()), ("", 20));
    let (text, complaints) = dump(&dir, ".snapshot", &[]);
    assert_eq!(complaints, "");
    assert!(text.contains("producerId: 4 producerEpoch: 0") && text.contains("producerId: 100 "));
}

/// A fixture on a disk of its own.
fn fixture(name: &str) -> Arc<MemoryIo> {
    let io = MemoryIo::new();
    io.create_dir_all(Path::new("/mixed-0")).expect("creates");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
    for entry in fs::read_dir(path).expect("a fixture") {
        let entry = entry.expect("entry");
        let to = Path::new("/mixed-0").join(entry.file_name());
        replace_file(&io, &to, &fs::read(entry.path()).expect("reads")).expect("writes");
    }
    Arc::new(io)
}

fn open(io: &Arc<MemoryIo>, recovery: Recovery) -> Log {
    let io: Arc<dyn Io> = Arc::clone(io) as Arc<dyn Io>;
    Log::open(io, Path::new("/mixed-0"), Arc::new(config()), recovery, NOW).expect("opens")
}

/// The files of the partition by name.
fn files(io: &MemoryIo) -> Vec<(String, Vec<u8>)> {
    let names = io.list_dir(Path::new("/mixed-0")).expect("lists").into_iter().map(|entry| entry.name);
    let read = |name: &str| read_file(io, &Path::new("/mixed-0").join(name)).expect("reads");
    names.map(|name| (name.clone(), read(&name))).collect()
}

/// Reads everything; returns the number of records of clients.
fn read_all(log: &Log) -> usize {
    let (mut offset, mut bytes, mut scratch, mut count) = (log.log_start(), Vec::new(), Vec::new(), 0);
    while offset < log.log_end() {
        let next = log.reader().read_batches(offset, 1000, i64::MAX, &mut bytes).expect("reads");
        for batch in batches(&bytes) {
            let batch: BatchView<'_> = batch.expect("whole");
            batch.check_crc().expect("a good checksum");
            let records = batch.records(&mut scratch, 1 << 20).expect("reads").map(|r| r.expect("a record"));
            let records =
                records.zip(batch.base_offset()..).map(|(r, expected)| assert_eq!(r.offset, expected));
            count += if batch.is_control() { 0 } else { records.count() };
        }
        offset = next;
    }
    count
}

const STOPPED: Recovery = Recovery { clean: true, recovery_point: 263, log_start: 0 };

#[test]
fn what_apache_closed_is_opened_and_left_as_it_was() {
    let io = fixture("apache-stopped");
    let before = files(&io);
    let log = open(&io, STOPPED);
    assert_eq!((log.log_start(), log.log_end(), log.segment_count()), (0, 263, 6));
    assert_eq!(read_all(&log), 260);
    assert_eq!(log.producers().len(), 6);
    assert_eq!(log.last_stable_offset(263), 263);
    assert_eq!(log.epoch_end_offset(0), Some((0, 263)));
    log.close().expect("closes");
    assert_eq!(files(&io), before);
}

#[test]
fn indexes_and_snapshots_built_from_the_batches_are_apaches_to_the_byte() {
    let io = fixture("apache-stopped");
    let before = files(&io);
    for (name, _) in &before {
        let derived = name.ends_with("index") || name.ends_with(".snapshot") || name.ends_with("checkpoint");
        if derived {
            io.remove(&Path::new("/mixed-0").join(name)).expect("removes");
        }
    }
    let log = open(&io, Recovery::default());
    assert_eq!((log.log_end(), read_all(&log), log.producers().len()), (263, 260, 6));
    log.close().expect("closes");
    let after = files(&io);
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&after), names(&before));
    for ((name, ours), (_, theirs)) in after.iter().zip(&before) {
        assert_eq!(ours, theirs, "{name}");
    }
}

#[test]
fn what_apache_left_when_killed_is_recovered() {
    let io = fixture("apache-killed");
    let mut log = open(&io, Recovery { clean: false, recovery_point: 263, log_start: 0 });
    assert_eq!((log.log_end(), log.segment_count(), read_all(&log)), (313, 8, 310));
    assert_eq!(log.producers().len(), 8);
    let epochs: Vec<_> =
        log.epochs().entries().iter().map(|entry| (entry.epoch, entry.start_offset)).collect();
    assert_eq!(epochs, [(0, 0), (2, 263)]);
    let index = read_file(&*io, Path::new("/mixed-0/00000000000000000303.index")).expect("reads");
    assert!(index.len() < 100, "the preallocated tail is gone");
    let mut batch = BatchBuilder::new(0);
    batch.push(NOW, None, Some(b"ours"), &[]);
    let appended = log.append_as_leader(&batch.build(), 3, NOW, &AppendRules::CLIENT).expect("appends");
    assert_eq!(appended.base_offset, 313);
    log.close().expect("closes");
    let log = open(&io, Recovery { clean: true, recovery_point: 314, log_start: 0 });
    assert_eq!((log.log_end(), read_all(&log)), (314, 311));
}
