//! What goes, when, and what stays.

use std::sync::Arc;

use log_store::io::Io;
use log_store::log::{Log, LogConfig, Recovery, no_checkpoint};

use crate::support::{DIR, Disk, NOW, append, batch, read_all, small_segments};

const DAY: i64 = 86_400_000;

fn filled(disk: &Disk) -> Log {
    let mut log = disk.open_new();
    for i in 0..20 {
        append(&mut log, &batch(2, 100, NOW - DAY + i * 1000));
    }
    assert!(log.segment_count() >= 4);
    log
}

#[test]
fn by_size_until_the_limit_is_met() {
    let disk = Disk::new(LogConfig { retention_bytes: 2500, ..small_segments() });
    let mut log = filled(&disk);
    let deleted = log.apply_retention(NOW, 40).expect("retires");
    assert!(deleted.segments() > 0);
    assert!((2500..2500 + 1200).contains(&log.size_bytes()), "{}", log.size_bytes());
    assert_eq!(read_all(&log, 1000)[0].0, log.log_start());
    let marked = |disk: &Disk| disk.names().iter().filter(|name| name.ends_with(".deleted")).count();
    assert!(marked(&disk) > 0, "readers may still need them");
    deleted.remove().expect("removes");
    assert_eq!(marked(&disk), 0);
    assert!(log.apply_retention(NOW, 40).expect("retires").is_empty());
}

#[test]
fn by_time_and_never_beyond_the_high_watermark() {
    let disk = Disk::new(LogConfig { retention_ms: DAY, ..small_segments() });
    let mut log = filled(&disk);
    assert!(log.apply_retention(NOW, 40).expect("retires").is_empty(), "too young");
    assert!(log.apply_retention(NOW + DAY, 1).expect("retires").is_empty(), "not replicated");
    let deleted = log.apply_retention(NOW + DAY, 40).expect("retires");
    assert!(deleted.segments() >= 4);
    assert_eq!((log.log_start(), log.log_end(), log.segment_count(), log.size_bytes()), (40, 40, 1, 0));
    drop(log);
    let log = disk.open(Recovery::default());
    assert_eq!((log.log_start(), log.log_end()), (40, 40), "the position survives without a checkpoint");
    assert!(!disk.names().iter().any(|name| name.ends_with(".deleted")));
}

#[test]
fn compacted_topics_keep_everything_from_their_start_on() {
    let config =
        LogConfig { delete: false, compact: true, retention_ms: 1, retention_bytes: 1, ..small_segments() };
    let disk = Disk::new(config);
    let mut log = filled(&disk);
    assert!(log.apply_retention(NOW + DAY, 40).expect("retires").is_empty());
    log.advance_log_start(13);
    let deleted = log.apply_retention(NOW + DAY, 40).expect("retires");
    assert!(deleted.segments() > 0);
    assert_eq!(log.log_start(), 13);
}

#[test]
fn segments_roll_by_age() {
    let disk = Disk::new(LogConfig { segment_ms: 1000, ..LogConfig::default() });
    let mut log = disk.open_new();
    for timestamp in [0, 999, 1000, 1001, 2001, 2002] {
        append(&mut log, &batch(1, 10, NOW - DAY + timestamp));
    }
    let bases: Vec<String> = disk.names().into_iter().filter(|name| name.ends_with(".log")).collect();
    assert_eq!(bases, [0, 3, 5].map(|base| format!("{base:020}.log")));
}

#[test]
fn segments_roll_when_an_index_is_full() {
    let config = LogConfig { segment_index_bytes: 40, index_interval_bytes: 1, ..LogConfig::default() };
    let disk = Disk::new(config);
    let mut log = disk.open_new();
    for i in 0..20 {
        append(&mut log, &batch(1, 10, NOW - DAY + i));
    }
    assert!(log.segment_count() > 4);
    for name in disk.names().iter().filter(|name| name.ends_with("index")) {
        assert!(disk.io.len(&disk.path(name)).expect("length") <= 40, "{name}");
    }
    assert_eq!(read_all(&log, 100).len(), 20);
}

#[test]
fn a_follower_starts_anew_where_its_leader_begins() {
    let disk = Disk::new(small_segments());
    let mut log = filled(&disk);
    log.flush().expect("flushes");
    log.truncate_fully_and_start_at(1000, NOW, no_checkpoint).expect("truncates");
    assert_eq!((log.log_start(), log.log_end(), log.recovery_point()), (1000, 1000, 40));
    assert_eq!(log.latest_epoch(), None);
    drop(log);
    let mut log = disk.open_new();
    assert_eq!((log.log_start(), log.log_end()), (1000, 1000));
    append(&mut log, &batch(1, 10, NOW));
    assert_eq!(read_all(&log, 100)[0].0, 1000);
}

#[test]
fn a_deleted_partition_leaves_nothing() {
    let disk = Disk::new(small_segments());
    filled(&disk).delete().expect("deletes");
    assert!(!disk.io.exists(std::path::Path::new(DIR)).expect("looks"));
    disk.open_new().delete().expect("nothing to delete");
}

#[test]
fn a_log_whose_files_were_lost_starts_at_its_start() {
    let disk = Disk::new(small_segments());
    filled(&disk).close().expect("closes");
    let log = disk.open(Recovery { clean: true, recovery_point: 40, log_start: 100 });
    assert_eq!((log.log_start(), log.log_end(), log.segment_count()), (100, 100, 1));
    assert_eq!(log.config(), &*Arc::new(small_segments()));
}
