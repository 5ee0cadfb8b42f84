//! The files of a log directory through every crash: each call of a workload fails, or is the
//! last one that reached the disk. The numbers are those of docs/durability.md.

#![allow(clippy::unwrap_used, reason = "helpers of a test end it by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kraftlog_log_store::directory::{
    CheckpointKind, DirectoryError, DirectoryState, LogDirectory, MetaProperties, PartitionDirectory,
    PartitionMetadata, TopicPartition, read_partition_metadata, write_partition_metadata,
};
use kraftlog_log_store::io::{Crash, Fault, Faults, Io, MemoryIo};
use wire::Uuid;

const DIR: &str = "/data";
const SEEDS: u64 = 6;

/// Runs `workload` on a copy of `before` with only the first n changes done, for every n; crashes
/// in every way and gives `check` the disk that a restart finds and what the workload knew to be
/// done when it ended.
fn for_each_power_loss<T>(
    before: &MemoryIo,
    workload: impl Fn(&MemoryIo) -> T,
    check: impl Fn(&MemoryIo, &T, &str),
) {
    let kinds =
        || [Crash::Process, Crash::Power].into_iter().chain((0..SEEDS).map(|seed| Crash::Torn { seed }));
    for last in 0..=changes_of(before, &workload) {
        let io = before.crash(Crash::Process);
        io.set_faults(Faults::power_off_after(last));
        let known = workload(&io);
        for crash in kinds() {
            check(&io.crash(crash), &known, &format!("{crash:?} after {last} changes"));
        }
    }
}

/// Runs `workload` on a copy of `before` with the n-th change failing and the process going on,
/// for every n; then the power goes.
fn for_each_failure<T>(
    before: &MemoryIo,
    workload: impl Fn(&MemoryIo) -> T,
    check: impl Fn(&MemoryIo, &T, &str),
) {
    for number in 0..changes_of(before, &workload) {
        for fault in [Fault::InputOutput, Fault::StorageFull, Fault::TornWrite { bytes: 7 }] {
            let io = before.crash(Crash::Process);
            io.set_faults(Faults::change(number, fault));
            let known = workload(&io);
            check(&io.crash(Crash::Power), &known, &format!("{fault:?} in change {number}"));
        }
    }
}

fn changes_of<T>(before: &MemoryIo, workload: impl Fn(&MemoryIo) -> T) -> u64 {
    let io = before.crash(Crash::Process);
    workload(&io);
    assert!(io.changes() > 0, "a workload changes something");
    io.changes()
}

fn open(io: &MemoryIo) -> Result<LogDirectory, DirectoryError> {
    LogDirectory::open(Arc::new(io.clone()), Path::new(DIR))
}

/// A disk on which the directory stands, empty.
fn formatted() -> MemoryIo {
    let io = MemoryIo::new();
    open(&io).unwrap().write_meta_properties(&meta(1)).unwrap();
    io.crash(Crash::Process)
}

fn meta(node_id: i32) -> MetaProperties {
    MetaProperties { cluster_id: "cluster".into(), node_id, directory_id: Some(Uuid::from(1u128 << 99)) }
}

fn partition(number: i32) -> TopicPartition {
    TopicPartition { topic: "orders".into(), partition: number }
}

/// Offsets of as many partitions as make the file span several sectors.
fn offsets(offset: i64) -> BTreeMap<TopicPartition, i64> {
    (0..100).map(|number| (partition(number), offset)).collect()
}

/// D1: `meta.properties` is the old one or the new one, and the new one once written.
#[test]
fn d1_meta_properties_is_old_or_new() {
    let workload = |io: &MemoryIo| open(io)?.write_meta_properties(&meta(2));
    let check = |after: &MemoryIo, written: &Result<(), DirectoryError>, at: &str| {
        let found = open(after).unwrap().meta_properties().unwrap().unwrap();
        assert!(found == meta(2) || (found == meta(1) && written.is_err()), "{at}: {found:?}");
    };
    for_each_power_loss(&formatted(), workload, check);
    for_each_failure(&formatted(), workload, check);
}

/// D2: a checkpoint is one that was written as a whole, and no older than the last one reported
/// written.
#[test]
fn d2_checkpoints_are_whole_and_never_go_back() {
    let workload = |io: &MemoryIo| {
        let Ok(directory) = open(io) else { return 0 };
        let write = |offset: i64| {
            let entries = offsets(offset);
            let entries = entries.iter().map(|(key, offset)| (key, *offset));
            directory.write_checkpoint(CheckpointKind::RecoveryPoint, entries)
        };
        (1..=3).take_while(|offset| write(*offset).is_ok()).count() as i64
    };
    let check = |after: &MemoryIo, written: &i64, at: &str| {
        let found = open(after).unwrap().read_checkpoint(CheckpointKind::RecoveryPoint).unwrap();
        let offset = found.values().next().copied().unwrap_or(0);
        assert!(found.is_empty() || found == offsets(offset), "{at}: {found:?}");
        assert!(offset >= *written, "{at}: {offset} on disk, {written} reported");
    };
    for_each_power_loss(&formatted(), workload, check);
    for_each_failure(&formatted(), workload, check);
}

/// D3: the clean mark is seen by one start only, and only when the stop had finished.
#[test]
fn d3_the_clean_mark_stands_for_one_finished_stop() {
    let stopped = formatted();
    open(&stopped).unwrap().write_clean_shutdown(9).unwrap();
    let start = |io: &MemoryIo| open(io).and_then(|directory| directory.take_clean_shutdown());
    for_each_power_loss(&stopped.crash(Crash::Process), start, |after, taken, at| {
        let again = open(after).unwrap().take_clean_shutdown().unwrap();
        assert!(again.is_none() || !matches!(taken, Ok(Some(_))), "{at}: taken twice");
    });
    let stop = |io: &MemoryIo| {
        let directory = open(io)?;
        let entries = offsets(5);
        let entries = entries.iter().map(|(key, offset)| (key, *offset));
        directory.write_checkpoint(CheckpointKind::RecoveryPoint, entries)?;
        directory.write_clean_shutdown(9)
    };
    let check = |after: &MemoryIo, _: &Result<(), DirectoryError>, at: &str| {
        let directory = open(after).unwrap();
        let points = directory.read_checkpoint(CheckpointKind::RecoveryPoint).unwrap();
        if directory.take_clean_shutdown().unwrap().is_some() {
            assert_eq!(points, offsets(5), "{at}: marked clean with old recovery points");
        }
    };
    for_each_power_loss(&formatted(), stop, check);
    for_each_failure(&formatted(), stop, check);
}

/// D4: a partition directory has its topic id whole or not yet, whatever the name it goes by; a
/// deleted one never comes back once the deletion was synced.
#[test]
fn d4_a_partition_directory_is_itself_or_deleted() {
    let before = formatted();
    let metadata = PartitionMetadata { topic_id: Uuid::from(7u128 << 64) };
    let current = Path::new(DIR).join("orders-0");
    let deleted = PartitionDirectory::new(partition(0), DirectoryState::Deleted, 5).name;
    let workload = |io: &MemoryIo| {
        let steps = || {
            io.create_dir_all(&current)?;
            io.sync_dir(Path::new(DIR))
        };
        let created = steps().is_ok() && write_partition_metadata(io, &current, metadata).is_ok();
        let renamed = created && io.rename(&current, &Path::new(DIR).join(&deleted)).is_ok();
        (created, renamed && io.sync_dir(Path::new(DIR)).is_ok())
    };
    let check = |after: &MemoryIo, (created, gone): &(bool, bool), at: &str| {
        let found = open(after).unwrap().partitions().unwrap();
        assert!(found.unknown.is_empty(), "{at}: {found:?}");
        assert!(found.partitions.len() <= 1 && (!*created || found.partitions.len() == 1), "{at}: {found:?}");
        for directory in found.partitions {
            let id = read_partition_metadata(after, &Path::new(DIR).join(&directory.name)).unwrap();
            assert!(id == Some(metadata) || (id.is_none() && !*created), "{at}: {id:?}");
            assert!(!*gone || directory.state == DirectoryState::Deleted, "{at}: back after deletion");
        }
    };
    for_each_power_loss(&before, workload, check);
    for_each_failure(&before, workload, check);
}

/// D5: after a failed call the directory is offline and is not touched again.
#[test]
fn d5_a_failed_call_is_the_last_one() {
    let workload = |io: &MemoryIo| {
        let Ok(directory) = open(io) else { return };
        let failed = directory.write_meta_properties(&meta(2)).is_err();
        let changes = io.changes();
        let again = directory.write_clean_shutdown(1);
        if failed {
            assert!(matches!(again, Err(DirectoryError::Offline { .. })), "{again:?}");
            assert_eq!(io.changes(), changes, "touched after a failure");
        }
    };
    for_each_failure(&formatted(), workload, |after, (), at| {
        open(after).unwrap().meta_properties().unwrap().unwrap_or_else(|| panic!("{at}: not formatted"));
    });
}
