//! Workloads that are stopped, or fail, at every change they make to the disk.

use std::path::Path;

use log_store::directory::{PartitionMetadata, read_partition_metadata};
use log_store::io::{Crash, Fault, Faults};
use log_store::log::{AppendRules, Log, LogConfig, Recovery};

use crate::support::{DIR, Disk, NOW, batch, read_all, small_segments};

/// What the workload was told.
#[derive(Default)]
struct Told {
    /// Acknowledged appends: base offsets.
    appended: Vec<i64>,
    /// As the directory's checkpoints would have it after the last flush that succeeded.
    checkpoint: Recovery,
    failed: bool,
    /// Appends acknowledged after something had failed.
    after_failure: usize,
}

impl Told {
    fn note<R, E>(&mut self, result: Result<R, E>) -> Option<R> {
        self.failed |= result.is_err();
        result.ok()
    }

    fn append(&mut self, log: &mut Log, size: usize) {
        let failed = self.failed;
        if let Some(appended) =
            self.note(log.append_as_leader(&batch(2, size, NOW), 1, NOW, &AppendRules::CLIENT))
        {
            self.appended.push(appended.base_offset);
            self.after_failure += usize::from(failed);
        }
    }

    fn flush(&mut self, log: &mut Log) {
        if let Some(recovery_point) = self.note(log.flush()) {
            self.checkpoint = Recovery { clean: false, recovery_point, log_start: log.log_start() };
        }
    }
}

/// Appends with rolls, flushes, retention and a second opening.
fn workload(disk: &Disk) -> Told {
    let mut told = Told::default();
    let Some(mut log) = told.note(disk.try_open(Recovery::default())) else {
        return told;
    };
    for i in 0..30 {
        told.append(&mut log, 20 + 10 * (i % 9));
        if i % 4 == 3 {
            told.flush(&mut log);
        }
        if i == 20 {
            let retired = log.apply_retention(NOW + 30 * 24 * 3_600_000, log.log_end() / 2);
            if let Some(deleted) = told.note(retired) {
                told.note(deleted.remove());
            }
        }
    }
    let log_start = log.log_start();
    if let Some(recovery_point) = told.note(log.close()) {
        told.checkpoint = Recovery { clean: false, recovery_point, log_start };
    }
    if told.failed {
        // The directory is offline: what a failed flush lost, the page cache would still show.
        return told;
    }
    let Some(mut log) = told.note(disk.try_open(told.checkpoint)) else {
        return told;
    };
    for _ in 0..4 {
        told.append(&mut log, 200);
    }
    told.flush(&mut log);
    told
}

/// After a crash the log opens, holds a run of batches in which nothing flushed is missing, and goes on.
fn check_survivors(disk: &Disk, told: &Told, what: &str) {
    let mut log = disk.open(told.checkpoint);
    let durable = told.checkpoint.recovery_point;
    assert!(log.log_end() >= durable, "{what}: flushed to {durable}, found to {}", log.log_end());
    let found = read_all(&log, 1000);
    let mut next = log.log_start();
    for (base, bytes) in &found {
        // What lies behind a lost stretch is kept, unless the log has to be contiguous. Without a recovery
        // point, a gap might be the work of retention there, too.
        let gap_allowed = !disk.config.contiguous || durable == 0;
        assert!(*base == next || (gap_allowed && *base > next), "{what}: {base} where {next} is next");
        assert!(
            *base == next || next >= durable,
            "{what}: flushed to {durable}, {next} to {base} are missing"
        );
        next = wire::batch::BatchView::parse(bytes).expect("whole").next_offset();
    }
    assert_eq!(next, log.log_end(), "{what}");
    let appended = log.append_as_leader(&batch(1, 9, NOW), 2, NOW, &AppendRules::CLIENT).expect("goes on");
    assert_eq!(appended.base_offset, next, "{what}");
    assert_eq!(read_all(&log, 1000).len(), found.len() + 1, "{what}");
    log.close().expect("closes");
}

fn changes_of_workload() -> u64 {
    let disk = Disk::new(small_segments());
    disk.io.set_faults(Faults::default());
    let told = workload(&disk);
    assert!(!told.failed);
    assert_eq!(told.appended.len(), 34);
    disk.io.changes()
}

#[test]
fn stopped_after_any_change_nothing_flushed_is_lost() {
    for count in 0..=changes_of_workload() {
        for contiguous in [false, true] {
            let disk = Disk::new(LogConfig { contiguous, ..small_segments() });
            disk.io.set_faults(Faults::power_off_after(count));
            let told = workload(&disk);
            for crash in crashes(count) {
                check_survivors(&disk.crashed(crash), &told, &format!("{count} changes, {crash:?}"));
            }
        }
    }
}

fn crashes(seed: u64) -> [Crash; 4] {
    [Crash::Process, Crash::Power, Crash::Torn { seed }, Crash::Torn { seed: !seed }]
}

#[test]
fn after_any_failed_change_nothing_more_is_acknowledged() {
    for number in 0..changes_of_workload() {
        for fault in [Fault::InputOutput, Fault::StorageFull, Fault::TornWrite { bytes: 70 }] {
            let disk = Disk::new(small_segments());
            disk.io.set_faults(Faults::change(number, fault));
            let told = workload(&disk);
            let what = format!("change {number}, {fault:?}");
            assert!(told.failed, "{what}");
            for crash in [Crash::Process, Crash::Power, Crash::Torn { seed: number }] {
                check_survivors(&disk.crashed(crash), &told, &what);
            }
        }
    }
}

#[test]
fn the_first_flush_makes_the_name_of_the_topic_durable() {
    let topic_id = wire::Uuid([3; 16]);
    for count in 0.. {
        let disk = Disk::new(small_segments());
        disk.io.set_faults(Faults::power_off_after(count));
        let mut log = disk.open_new();
        let mut told = Told::default();
        told.note(log.create(topic_id));
        told.append(&mut log, 10);
        told.flush(&mut log);
        for crash in crashes(count) {
            let crashed = disk.crashed(crash);
            let found = read_partition_metadata(&*crashed.io, Path::new(DIR));
            if told.failed {
                assert!(!matches!(found, Ok(Some(named)) if named.topic_id != topic_id));
            } else {
                assert_eq!(found.expect("whole"), Some(PartitionMetadata { topic_id }), "{count}, {crash:?}");
            }
        }
        if !told.failed {
            break;
        }
    }
}

#[test]
fn a_failed_flush_is_not_tried_again() {
    let disk = Disk::new(small_segments());
    let mut log = disk.open_new();
    log.append_as_leader(&batch(1, 9, NOW), 1, NOW, &AppendRules::CLIENT).expect("appends");
    disk.io.set_faults(Faults::change(0, Fault::InputOutput));
    assert!(log.flush().is_err());
    assert!(log.is_offline());
    assert!(log.flush().is_err(), "a second flush would report what the first one lost");
    assert!(log.append_as_leader(&batch(1, 9, NOW), 1, NOW, &AppendRules::CLIENT).is_err());
    assert_eq!(read_all(&log, 1000).len(), 1, "what is there stays readable");
    assert_eq!(log.recovery_point(), 0);
}

#[test]
fn a_failed_write_takes_the_log_offline_and_shows_nothing() {
    for fault in [Fault::InputOutput, Fault::StorageFull, Fault::TornWrite { bytes: 100 }] {
        let disk = Disk::new(small_segments());
        let mut log = disk.open_new();
        log.append_as_leader(&batch(1, 9, NOW), 1, NOW, &AppendRules::CLIENT).expect("appends");
        disk.io.set_faults(Faults::change(0, fault));
        assert!(log.append_as_leader(&batch(1, 99, NOW), 1, NOW, &AppendRules::CLIENT).is_err());
        assert!(log.append_as_leader(&batch(1, 9, NOW), 1, NOW, &AppendRules::CLIENT).is_err());
        assert_eq!((read_all(&log, 1000).len(), log.log_end()), (1, 1));
        drop(log);
        assert_eq!(read_all(&disk.open_new(), 1000).len(), 1);
    }
}
