//! A segment as a crash leaves it. Input: a byte, then the file; with the byte's lowest bit set the checksums
//! of its batches are put right first, so that damage under a good checksum is seen as well.

use std::path::Path;
use std::sync::Arc;

use log_store::io::{MemoryIo, read_file};
use log_store::log::{AppendRules, Log, LogConfig, Recovery};
use wire::batch::{BatchBuilder, BatchView, ControlType, EndTransactionMarker, HEADER_SIZE, checksum};

use crate::state_files::put;

const DIR: &str = "/data/orders-0";
const SEGMENT: &str = "00000000000000000000.log";
const NOW_MS: i64 = 1_700_000_000_000;

/// Judges one input.
pub fn run(data: &[u8]) {
    let Some((flags, content)) = data.split_first() else { return };
    let mut content = content.to_vec();
    if flags & 1 == 1 {
        put_checksums_right(&mut content);
    }
    let io = MemoryIo::new();
    put(&io, Path::new(DIR), SEGMENT, &content);
    let (valid, log_end, epoch) = expected(&content);
    let log = open(&io, false);
    assert_eq!(log.log_end(), log_end, "the end of the log");
    assert_eq!(file(&io), content[..valid], "exactly the whole batches stay");
    assert_eq!(readable(&log), content[..valid], "and all of them can be read");
    log.close().expect("a disk without faults");
    let mut log = open(&io, true);
    assert_eq!(log.log_end(), log_end, "after a clean stop");
    append(&mut log, epoch);
    assert_eq!(readable(&log)[..valid], content[..valid], "an append changes nothing before it");
}

fn open(io: &MemoryIo, clean: bool) -> Log {
    let recovery = Recovery { clean, ..Recovery::default() };
    Log::open(Arc::new(io.clone()), Path::new(DIR), Arc::new(LogConfig::default()), recovery, NOW_MS)
        .expect("damage is no reason to refuse a log")
}

fn file(io: &MemoryIo) -> Vec<u8> {
    read_file(io, &Path::new(DIR).join(SEGMENT)).expect("a disk without faults")
}

/// What is whole: its length, the offset behind it, the latest epoch in it.
fn expected(content: &[u8]) -> (usize, i64, i32) {
    let (mut valid, mut next, mut epoch) = (0, 0, -1);
    while let Ok(batch) = BatchView::parse(&content[valid..]) {
        let (base, last) = (batch.base_offset(), batch.last_offset());
        let in_order = base >= next && last >= base && i32::try_from(last).is_ok();
        let stale = batch.leader_epoch() >= 0 && batch.leader_epoch() < epoch;
        if batch.check_crc().is_err() || !in_order || stale || is_false_marker(&batch) {
            break;
        }
        valid += batch.size();
        next = last + 1;
        epoch = epoch.max(batch.leader_epoch());
    }
    (valid, next, epoch)
}

/// Whether a control batch of a producer holds something, but not the marker that ends a transaction.
fn is_false_marker(batch: &BatchView<'_>) -> bool {
    if !batch.is_control() || !batch.has_producer_id() {
        return false;
    }
    let mut scratch = Vec::new();
    let Ok(mut records) = batch.records(&mut scratch, 0) else { return true };
    match records.next() {
        None => false,
        Some(Err(_)) => true,
        Some(Ok(record)) => {
            let kind = record.key.and_then(ControlType::from_key);
            let ends = matches!(kind, Some(ControlType::Commit | ControlType::Abort));
            !ends || record.value.and_then(EndTransactionMarker::decode).is_none()
        }
    }
}

/// All batches from the front, segment by segment.
fn readable(log: &Log) -> Vec<u8> {
    let (mut all, mut out) = (Vec::new(), Vec::new());
    let mut offset = log.log_start();
    while offset < log.log_end() {
        let next = log.reader().read_batches(offset, 1 << 20, i64::MAX, &mut out).expect("recovered batches");
        assert!(next > offset, "reading moves on");
        all.extend_from_slice(&out);
        offset = next;
    }
    all
}

fn append(log: &mut Log, epoch: i32) {
    // The offset after the largest has no place in this segment, nor in any.
    let end = log.log_end();
    if end >= i64::from(i32::MAX) || epoch == i32::MAX {
        return;
    }
    let mut builder = BatchBuilder::new(0);
    builder.push(NOW_MS, None, Some(b"behind the recovered ones"), &[]);
    let appended = log.append_as_leader(&builder.build(), epoch.max(0), NOW_MS, &AppendRules::CLIENT);
    assert_eq!(appended.expect("a good batch").base_offset, end);
}

/// Gives every batch whose length is believable the checksum of what it holds.
pub(crate) fn put_checksums_right(content: &mut [u8]) {
    const CRC: std::ops::Range<usize> = 17..21;
    let mut at = 0;
    while let Ok(batch) = BatchView::parse(&content[at..]) {
        let size = batch.size();
        let crc = checksum(&content[at..], &content[at + HEADER_SIZE..at + size]);
        content[at..at + size][CRC].copy_from_slice(&crc.to_be_bytes());
        at += size;
    }
}
