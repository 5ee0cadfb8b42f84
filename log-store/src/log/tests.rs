//! The log through its own interface, on the memory file system.

use std::path::Path;
use std::sync::Arc;

use wire::batch::{BatchBuilder, BatchView, batches};

use super::*;
use crate::io::{Io, MemoryIo};

pub(super) const NOW: i64 = 1_700_000_000_000;

pub(super) fn small_segments() -> LogConfig {
    LogConfig { segment_bytes: 1000, index_interval_bytes: 100, ..LogConfig::default() }
}

/// A batch of `count` records whose values are `size` bytes, as a producer sends it.
pub(super) fn batch(count: usize, size: usize, timestamp: i64) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0);
    (0..count).for_each(|i| builder.push(timestamp + i as i64, Some(b"k"), Some(&vec![7; size]), &[]));
    builder.build()
}

pub(super) struct Fixture {
    pub(super) io: Arc<MemoryIo>,
    pub(super) config: LogConfig,
}

impl Fixture {
    pub(super) fn new(config: LogConfig) -> Fixture {
        Fixture { io: Arc::new(MemoryIo::new()), config }
    }

    pub(super) fn open(&self, recovery: Recovery) -> Log {
        let io: Arc<dyn Io> = Arc::clone(&self.io) as Arc<dyn Io>;
        Log::open(io, Path::new("/data/topic-0"), Arc::new(self.config.clone()), recovery, NOW)
            .expect("opens")
    }

    pub(super) fn open_new(&self) -> Log {
        self.open(Recovery::default())
    }
}

pub(super) fn append(log: &mut Log, bytes: &[u8]) -> Appended {
    log.append_as_leader(bytes, 0, NOW, &AppendRules::CLIENT).expect("appends")
}

/// Base offsets of all batches that a reader finds.
pub(super) fn read_all(log: &Log) -> Vec<i64> {
    let reader = log.reader();
    let (mut offset, mut bases, mut bytes) = (log.log_start(), Vec::new(), Vec::new());
    while offset < log.log_end() {
        let next = reader.read_batches(offset, 4096, i64::MAX, &mut bytes).expect("reads");
        assert!(next > offset, "reading goes on at {offset}");
        bases.extend(batches(&bytes).map(|b| b.expect("whole").base_offset()));
        offset = next;
    }
    bases
}

#[test]
fn appends_are_read_back_across_segments_and_openings() {
    let fixture = Fixture::new(small_segments());
    let mut log = fixture.open_new();
    assert!(fixture.io.list_dir(Path::new("/data/topic-0")).is_err(), "an unused partition has no files");
    for i in 0..40i64 {
        let appended = append(&mut log, &batch(2, 100, NOW + i));
        assert_eq!((appended.base_offset, appended.last_offset), (2 * i, 2 * i + 1));
    }
    assert!(log.segment_count() > 5);
    let expected: Vec<i64> = (0..40).map(|i| 2 * i).collect();
    assert_eq!(read_all(&log), expected);
    let size = log.size_bytes();
    assert_eq!(log.close().expect("closes"), 80);
    let log = fixture.open(Recovery { clean: true, recovery_point: 80, log_start: 0 });
    assert_eq!((log.log_start(), log.log_end(), log.recovery_point()), (0, 80, 80));
    assert_eq!((read_all(&log), log.size_bytes()), (expected.clone(), size));
    drop(log);
    let log = fixture.open(Recovery::default());
    assert_eq!((read_all(&log), log.size_bytes()), (expected, size));
}

#[test]
fn batches_are_stamped_and_otherwise_as_they_came() {
    let fixture = Fixture::new(LogConfig::default());
    let mut log = fixture.open_new();
    append(&mut log, &batch(3, 10, NOW));
    let sent = batch(2, 10, NOW);
    log.append_as_leader(&sent, 7, NOW, &AppendRules::CLIENT).expect("appends");
    let bytes =
        log.read(3, 1 << 20, i64::MAX, true).expect("reads").region.expect("a region").read().expect("bytes");
    let stored = BatchView::parse(&bytes).expect("a batch");
    stored.check_crc().expect("still good");
    assert_eq!((stored.base_offset(), stored.leader_epoch()), (3, 7));
    assert_eq!(stored.bytes()[16..], sent[16..]);
    assert_eq!(log.epoch_end_offset(0), Some((0, 3)));
    assert_eq!(log.epoch_end_offset(7), Some((7, 5)));
}
