//! Bounds, sizes and times.

use std::path::Path;
use std::sync::Arc;

use log_store::io::{DescriptorCache, Io};
use log_store::log::{Log, LogConfig, OffsetSpec, ReadError, Recovery, TimestampedOffset};
use wire::batch::{BatchBuilder, NO_TIMESTAMP};
use wire::compression::Compression;

use crate::support::{DIR, Disk, NOW, append, batch, clean, read_all, small_segments};

#[test]
fn reads_respect_bounds_and_sizes() {
    let disk = Disk::new(small_segments());
    let mut log = disk.open_new();
    let one = batch(2, 100, NOW);
    for _ in 0..20 {
        append(&mut log, &one);
    }
    let read = |offset, max, bound, min_one| {
        let slice = log.read(offset, max, bound, min_one).expect("reads");
        (slice.base_offset, slice.len())
    };
    let size = one.len();
    assert_eq!(read(0, 10, 40, true), (0, size), "the first batch whole");
    assert_eq!(read(0, 10, 40, false), (0, 0), "nothing rather than a piece");
    assert_eq!(read(1, size + 5, 40, false), (0, size + 5), "the batch that holds the offset, and a piece");
    assert_eq!(read(2, 1 << 20, 4, true), (2, size), "nothing behind the bound");
    assert_eq!(read(2, 1 << 20, 5, true), (2, size), "a batch across the bound is behind it");
    assert_eq!(read(4, 1 << 20, 4, true), (4, 0), "at the bound");
    assert_eq!(read(9, 1 << 20, 4, true), (9, 0), "behind the bound");
    assert_eq!(read(40, 1 << 20, i64::MAX, true), (40, 0), "at the end");
    let whole_segment = log.read(0, 1 << 20, i64::MAX, true).expect("reads").len();
    assert!(whole_segment.is_multiple_of(size) && whole_segment <= 1200);
    for offset in [-1, 41] {
        let error = log.read(offset, 1, i64::MAX, true).expect_err("out of range");
        assert!(matches!(error, ReadError::OffsetOutOfRange { log_start: 0, log_end: 40, .. }));
    }
    log.advance_log_start(7);
    assert!(log.read(6, 1, i64::MAX, true).is_err());
    assert_eq!(log.read(7, 1, i64::MAX, true).expect("reads").base_offset, 6);
}

#[test]
fn a_reader_sees_appends_and_keeps_its_region_when_segments_go() {
    let disk = Disk::new(small_segments());
    let mut log = disk.open_new();
    let reader = log.reader();
    assert!(reader.read(0, 100, i64::MAX, true).expect("reads").is_empty());
    for _ in 0..20 {
        append(&mut log, &batch(2, 100, NOW));
    }
    assert_eq!(reader.log_end(), 40);
    let region = reader.read(0, 100, i64::MAX, true).expect("reads").region.expect("a region");
    let bytes = region.read().expect("bytes");
    log.advance_log_start(30);
    log.apply_retention(NOW, 40).expect("retires").remove().expect("removes");
    assert!(reader.log_start() >= 30);
    assert_eq!(region.read().expect("still there"), bytes);
}

#[test]
fn offsets_are_found_by_time() {
    for kind in [Compression::None, Compression::Zstd] {
        let disk = Disk::new(small_segments());
        let mut log = disk.open_new();
        let mut times = Vec::new();
        for i in 0..40i64 {
            let mut builder = BatchBuilder::new(0).compression(kind, None);
            for j in 0..3 {
                // Rising on the whole, but not from one record to the next.
                let timestamp = NOW - 100_000 + 100 * i + [5, 0, 7][j];
                times.push(timestamp);
                builder.push(timestamp, None, Some(&[i as u8; 60]), &[]);
            }
            append(&mut log, &builder.build());
        }
        let check = |log: &Log| {
            for target in times.iter().flat_map(|time| [time - 1, *time, time + 1]) {
                let expected = times.iter().position(|time| *time >= target);
                let found = log.offset_for_time(OffsetSpec::At(target)).expect("finds");
                assert_eq!(found.map(|f| f.offset), expected.map(|index| index as i64), "{target}");
                assert_eq!(found.map(|f| f.timestamp), expected.map(|index| times[index]));
            }
            let latest = times.iter().max().copied().expect("some");
            let max = log.offset_for_time(OffsetSpec::MaxTimestamp).expect("finds").expect("some");
            assert_eq!((max.timestamp, max.offset), (latest, 119));
        };
        check(&log);
        let bound =
            |offset| Some(TimestampedOffset { timestamp: NO_TIMESTAMP, offset, leader_epoch: Some(0) });
        assert_eq!(log.offset_for_time(OffsetSpec::Earliest).expect("finds"), bound(0));
        assert_eq!(log.offset_for_time(OffsetSpec::Latest).expect("finds"), bound(120));
        log.close().expect("closes");
        check(&disk.open(clean(120)));
        check(&disk.open_new());
    }
}

#[test]
fn an_empty_log_has_no_times() {
    let disk = Disk::new(small_segments());
    let log = disk.open_new();
    assert_eq!(log.offset_for_time(OffsetSpec::At(0)).expect("finds"), None);
    assert_eq!(log.offset_for_time(OffsetSpec::MaxTimestamp).expect("finds"), None);
    let latest = log.offset_for_time(OffsetSpec::Latest).expect("finds").expect("some");
    assert_eq!((latest.offset, latest.leader_epoch), (0, None));
}

#[test]
fn few_descriptors_serve_many_segments_under_any_name_of_the_directory() {
    let disk = Disk::new(small_segments());
    let cache = DescriptorCache::new(Arc::clone(&disk.io) as Arc<dyn Io>, 3);
    let config = Arc::new(small_segments());
    let mut log = Log::open_cached(cache, Path::new(DIR), config, Recovery::default(), NOW).expect("opens");
    for i in 0..60 {
        append(&mut log, &batch(2, 100, NOW + i));
    }
    let expected = read_all(&log, 500);
    assert_eq!(expected.len(), 60);
    assert!(disk.io.open_files() <= 3 + 1, "{} files are open", disk.io.open_files());
    let renamed = Path::new("/data/topic-0.0123456789abcdef-delete");
    log.rename_dir(renamed).expect("renames");
    assert_eq!(read_all(&log, 500), expected);
    append(&mut log, &batch(2, 100, NOW));
    log.delete().expect("deletes");
    assert!(disk.io.list_dir(Path::new("/data")).expect("lists").is_empty());
}

#[test]
fn a_reader_that_lost_its_segment_does_not_bring_it_back() {
    let disk = Disk::new(small_segments());
    let mut log = disk.open_new();
    for i in 0..20 {
        append(&mut log, &batch(2, 100, NOW + i));
    }
    log.close().expect("closes");
    let mut log = disk.open(clean(40));
    let reader = log.reader();
    log.advance_log_start(38);
    log.apply_retention(NOW, 40).expect("retires").remove().expect("removes");
    assert!(reader.read(3, 100, i64::MAX, true).is_err());
    assert!(disk.names().iter().all(|name| !name.starts_with("00000000000000000000.")));
}

#[test]
fn every_offset_is_found_through_an_index_of_thousands_of_entries() {
    let disk = Disk::new(LogConfig { index_interval_bytes: 1, ..LogConfig::default() });
    let mut log = disk.open_new();
    let mut expected = Vec::new();
    for i in 0..3000usize {
        // Offsets rise unevenly, so that a guess by proportion is often wrong.
        let count = if i % 1000 < 30 { 40 } else { 1 };
        let appended = append(&mut log, &batch(count, 1, NOW + i as i64));
        expected.extend(std::iter::repeat_n(appended.base_offset, count));
    }
    let check = |log: &Log| {
        for (offset, base) in (0..).zip(&expected) {
            let slice = log.read(offset, 1, i64::MAX, true).expect("reads");
            assert_eq!(slice.base_offset, *base, "offset {offset}");
        }
        for i in (0..3000).step_by(7) {
            let found = log.offset_for_time(OffsetSpec::At(NOW + i)).expect("finds").expect("some");
            assert!(found.timestamp >= NOW + i);
        }
    };
    check(&log);
    log.roll(NOW).expect("rolls");
    check(&log);
    log.close().expect("closes");
    check(&disk.open(clean(expected.len() as i64)));
}
