//! A log that is deleted while it is in use.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use log_store::io::{DescriptorCache, Io};
use log_store::log::{
    AppendError, ChangeError, FlushError, FlushOutcome, Log, Offline, Recovery, no_checkpoint,
};

use crate::support::{DIR, Disk, NOW, append, batch, read_all, small_segments, try_append};

fn deleted() -> PathBuf {
    PathBuf::from("/data/topic-0.0123456789abcdef-delete")
}

fn filled(disk: &Disk) -> Log {
    let mut log = disk.open_new();
    for i in 0..20 {
        append(&mut log, &batch(2, 100, NOW + i));
    }
    log
}

/// Removes the directory of a retired log.
fn remove(disk: &Disk) {
    for entry in disk.io.list_dir(&deleted()).expect("lists") {
        disk.io.remove(&deleted().join(entry.name)).expect("removes");
    }
    disk.io.remove_dir(&deleted()).expect("removes");
}

fn assert_quiet(log: &mut Log, outcome: FlushOutcome) {
    let completed = log.complete_flush(outcome);
    assert!(matches!(completed, Err(FlushError::Offline(Offline::Retired))), "{completed:?}");
    assert!(log.is_retired() && !log.is_offline(), "the disk has not failed");
}

#[test]
fn a_flush_under_way_ends_quietly_wherever_the_deletion_meets_it() {
    type Step = fn(&Disk, &mut Log);
    let retire: Step = |_, log| assert!(log.retire(&deleted()).expect("renames"));
    let retire_and_remove: Step = |disk, log| {
        assert!(log.retire(&deleted()).expect("renames"));
        remove(disk);
    };
    for step in [retire, retire_and_remove] {
        let disk = Disk::new(small_segments());
        let mut log = filled(&disk);
        let (early, late) = (log.begin_flush().expect("begins"), log.begin_flush().expect("begins"));
        let outcome = early.run();
        step(&disk, &mut log);
        assert_quiet(&mut log, outcome);
        assert_quiet(&mut log, late.run());
    }
}

#[test]
fn a_flush_of_a_deleted_log_leaves_the_next_one_of_its_name_alone() {
    let disk = Disk::new(small_segments());
    let mut log = filled(&disk);
    let pending = log.begin_flush().expect("begins");
    assert!(log.retire(&deleted()).expect("renames"));
    remove(&disk);
    append(&mut disk.open_new(), &batch(1, 10, NOW));
    let before = disk.names();
    assert_quiet(&mut log, pending.run());
    assert_eq!(disk.names(), before);
    assert!(!disk.io.exists(&deleted()).expect("looks"));
}

#[test]
fn a_retired_log_takes_nothing_and_is_read_while_its_files_are_there() {
    let disk = Disk::new(small_segments());
    let mut log = filled(&disk);
    let expected = read_all(&log, 500);
    assert!(log.retire(&deleted()).expect("renames"));
    let appended = try_append(&mut log, &batch(1, 10, NOW));
    assert!(matches!(appended, Err(AppendError::Offline(Offline::Retired))));
    assert!(matches!(log.begin_flush(), Err(FlushError::Offline(Offline::Retired))));
    for changed in [
        log.roll(NOW).map(drop),
        log.truncate_to(3, NOW, no_checkpoint).map(drop),
        log.apply_retention(NOW, 9).map(drop),
    ] {
        assert!(matches!(changed, Err(ChangeError::Offline(Offline::Retired))));
    }
    assert_eq!(read_all(&log, 500), expected);
    remove(&disk);
    assert!(!log.is_offline());
}

#[test]
fn a_log_without_files_is_retired_as_well() {
    let disk = Disk::new(small_segments());
    let mut log = disk.open_new();
    assert!(!log.retire(&deleted()).expect("nothing to rename"));
    assert!(try_append(&mut log, &batch(1, 10, NOW)).is_err());
    assert!(!disk.io.exists(Path::new(DIR)).expect("looks"), "nothing is made any more");
}

#[test]
fn files_set_aside_by_retention_go_under_the_new_name_of_the_directory() {
    let disk = Disk::new(small_segments());
    let mut log = filled(&disk);
    log.advance_log_start(30);
    let set_aside = log.apply_retention(NOW, 40).expect("applies");
    assert!(set_aside.segments() > 0);
    assert!(log.retire(&deleted()).expect("renames"));
    append(&mut disk.open_new(), &batch(1, 10, NOW));
    set_aside.remove().expect("removes");
    let left = disk.io.list_dir(&deleted()).expect("lists");
    assert!(left.iter().all(|entry| !entry.name.ends_with(".deleted")));
}

/// One descriptor for all files, so that nearly every read opens one by name.
#[test]
fn readers_do_not_notice_that_the_directory_is_renamed() {
    let disk = Disk::new(small_segments());
    let cache = DescriptorCache::new(Arc::clone(&disk.io) as Arc<dyn Io>, 1);
    let config = Arc::new(small_segments());
    let mut log = Log::open_cached(cache, Path::new(DIR), config, Recovery::default(), NOW).expect("opens");
    for i in 0..20 {
        append(&mut log, &batch(2, 100, NOW + i));
    }
    let (reader, done) = (log.reader(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (reader, done) = (&reader, &done);
            scope.spawn(move || {
                let mut bytes = Vec::new();
                for offset in (0..40).cycle().skip(13 * thread) {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    reader.read_batches(offset, 100, i64::MAX, &mut bytes).expect("reads");
                }
            });
        }
        for round in 0..400 {
            let to = if round % 2 == 0 { deleted() } else { PathBuf::from(DIR) };
            log.rename_dir(&to).expect("renames");
        }
        done.store(true, Ordering::Relaxed);
    });
}
