//! What lies beside good segments: indexes, producer snapshots, the epochs of leaders.
//!
//! Input: a byte whose lowest bit says whether the log is opened as after a clean stop, a byte that says which
//! file is replaced, its new content.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use log_store::io::{Crash, Io, MemoryIo, read_file};
use log_store::log::{AppendRules, Log, LogConfig, OffsetSpec, Recovery};
use wire::batch::{BatchBuilder, ControlType, EndTransactionMarker, NO_SEQUENCE, batches};

use crate::input::Input;
use crate::state_files::put;

const DIR: &str = "/data/orders-0";
const NOW_MS: i64 = 1_700_000_000_000;

/// A log of several segments with transactions and epochs, and its bytes.
#[derive(Debug)]
struct Good {
    io: MemoryIo,
    /// Names of all files that are no segments.
    names: Vec<String>,
    /// All batches, in order.
    bytes: Vec<u8>,
    log_end: i64,
}

/// Judges one input.
pub fn run(data: &[u8]) {
    let good = good();
    let mut input = Input::new(data);
    let clean = input.flag();
    let name = &good.names[input.below(good.names.len())];
    let io = good.io.crash(Crash::Process);
    put(&io, Path::new(DIR), name, input.rest());
    let mut log = open(&io, clean);
    assert_eq!(log.log_end(), good.log_end, "the end of the log, with another {name}");
    if clean {
        judge_plausible(&log, good, name);
    } else {
        judge_exact(&log, good, name);
    }
    use_on(&mut log);
    log.close().expect("a disk without faults");
}

/// Names of the files that an input may replace.
#[must_use]
pub fn names() -> &'static [String] {
    &good().names
}

/// The good content of a file.
#[must_use]
pub fn content(name: &str) -> Vec<u8> {
    read_file(&good().io, &Path::new(DIR).join(name)).expect("a disk without faults")
}

fn config() -> Arc<LogConfig> {
    Arc::new(LogConfig { segment_bytes: 900, index_interval_bytes: 150, ..LogConfig::default() })
}

fn open(io: &MemoryIo, clean: bool) -> Log {
    let recovery = Recovery { clean, ..Recovery::default() };
    Log::open(Arc::new(io.clone()), Path::new(DIR), config(), recovery, NOW_MS).expect("damage is repaired")
}

fn good() -> &'static Good {
    static GOOD: OnceLock<Good> = OnceLock::new();
    GOOD.get_or_init(|| {
        let io = MemoryIo::new();
        let mut log = open(&io, true);
        for number in 0..24 {
            append(&mut log, number);
        }
        let (bytes, log_end) = (read_all(&log), log.log_end());
        log.close().expect("a disk without faults");
        let entries = io.list_dir(Path::new(DIR)).expect("a disk without faults");
        let names = entries.into_iter().map(|entry| entry.name).filter(|name| !name.ends_with(".log"));
        Good { names: names.collect(), io, bytes, log_end }
    })
}

/// Plain batches, three transactions, of which one is aborted, and an epoch every ten batches.
fn append(log: &mut Log, number: i64) {
    let timestamp = NOW_MS - 1000 + number * 10;
    let epoch = i32::try_from(number / 10).expect("small");
    let builder = BatchBuilder::new(0);
    let (mut builder, rules) = match number % 8 {
        2 => (builder.producer(number, 0, 0).transactional(), AppendRules::COORDINATOR),
        5 => {
            let mut marker = builder.producer(number - 3, 0, NO_SEQUENCE).control().transactional();
            let kind = if number == 13 { ControlType::Commit } else { ControlType::Abort };
            marker.push_control(timestamp, kind, &EndTransactionMarker { coordinator_epoch: 0 }.encode());
            (marker, AppendRules::COORDINATOR)
        }
        _ => (builder, AppendRules::CLIENT),
    };
    while builder.record_count() == 0 || (number % 8 != 5 && builder.record_count() < 3) {
        builder.push(timestamp, Some(b"key"), Some(&[b'v'; 40]), &[]);
    }
    log.append_as_leader(&builder.build(), epoch, NOW_MS, &rules).expect("a good batch");
}

fn read_all(log: &Log) -> Vec<u8> {
    let (mut all, mut out) = (Vec::new(), Vec::new());
    let mut offset = log.log_start();
    while offset < log.log_end() {
        offset = log.reader().read_batches(offset, 1 << 20, i64::MAX, &mut out).expect("a good segment");
        all.extend_from_slice(&out);
    }
    all
}

/// After a recovery no index has a say: all was built anew.
fn judge_exact(log: &Log, good: &Good, name: &str) {
    assert!(read_all(log) == good.bytes, "all batches can be read, with another {name}");
    let mut out = Vec::new();
    for batch in batches(&good.bytes).map(|batch| batch.expect("a good batch")) {
        log.reader().read_batches(batch.last_offset(), 1, i64::MAX, &mut out).expect("a good segment");
        assert_eq!(out, batch.bytes(), "offset {} with another {name}", batch.last_offset());
        let found = log.offset_for_time(OffsetSpec::At(batch.max_timestamp())).expect("a good segment");
        let found = found.expect("a record that young is there").offset;
        assert!((batch.base_offset()..=batch.last_offset()).contains(&found), "{found} with another {name}");
    }
}

/// After a clean stop indexes are believed while they are plausible, as in Kafka: one that lies may hide
/// batches from a reader, but what a reader gets are batches of the log.
fn judge_plausible(log: &Log, good: &Good, name: &str) {
    let mut out = Vec::new();
    for offset in log.log_start()..log.log_end() {
        if log.reader().read_batches(offset, 400, i64::MAX, &mut out).is_ok() {
            let known = out.is_empty() || good.bytes.windows(out.len()).any(|window| window == out);
            assert!(known, "offset {offset} reads foreign bytes with another {name}");
        }
    }
    let _may_be_refused = log.offset_for_time(OffsetSpec::At(NOW_MS - 900));
    let _may_be_refused = log.offset_for_time(OffsetSpec::MaxTimestamp);
    let _may_be_refused = log.reader().aborted_transactions(0, log.log_end());
}

/// The log goes on as if nothing had been.
fn use_on(log: &mut Log) {
    let end = log.log_end();
    let epoch = log.latest_epoch().unwrap_or(0);
    let mut builder = BatchBuilder::new(0);
    builder.push(NOW_MS, None, Some(b"more"), &[]);
    let appended = log.append_as_leader(&builder.build(), epoch, NOW_MS, &AppendRules::CLIENT);
    assert_eq!(appended.expect("a good batch").base_offset, end);
    log.flush().expect("a disk without faults");
    log.truncate_to(end - 5, NOW_MS, log_store::log::no_checkpoint).expect("a disk without faults");
    assert!(log.log_end() <= end - 5);
}
