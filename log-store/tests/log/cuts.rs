//! A follower cuts its log again and again; the disk stops at every change.

use std::io;
use std::path::Path;

use log_store::io::{Crash, Faults, Io, read_file, replace_file};
use log_store::log::{AppendRules, Log, Recovery};
use wire::batch::BatchView;

use crate::support::{Disk, NOW, batch, read_all, small_segments};

const CHECKPOINT: &str = "/data/recovery-point-offset-checkpoint";

fn write_checkpoint(io: &dyn Io, recovery_point: i64) -> io::Result<()> {
    replace_file(io, Path::new(CHECKPOINT), &recovery_point.to_be_bytes())
}

fn read_checkpoint(io: &dyn Io) -> i64 {
    let bytes = read_file(io, Path::new(CHECKPOINT)).unwrap_or_default();
    bytes.try_into().map_or(0, i64::from_be_bytes)
}

/// What must be found again.
#[derive(Default)]
struct Kept {
    /// All that was appended and not cut since.
    appended: Vec<(i64, Vec<u8>)>,
    /// How much of it a flush has covered.
    flushed: usize,
}

/// Each round is a leader epoch: it cuts the log well below the checkpoint, and grows beyond it again over
/// several segments. The checkpoint is written now and then, as a directory does.
fn workload(disk: &Disk, kept: &mut Kept) -> Option<()> {
    let mut log = disk.try_open(Recovery::default()).ok()?;
    for epoch in 1..6 {
        for i in 0..14 {
            append(&mut log, epoch, 60 + 20 * (i % 5), kept)?;
        }
        if epoch % 2 == 1 {
            log.flush().ok()?;
            kept.flushed = kept.appended.len();
            write_checkpoint(&*disk.io, log.recovery_point()).ok()?;
        }
        if epoch < 5 {
            let index = kept.appended.len() - 11;
            let offset = kept.appended[index].0;
            kept.appended.truncate(index);
            kept.flushed = kept.flushed.min(index);
            log.truncate_to(offset, NOW, |lowered| write_checkpoint(&*disk.io, lowered)).ok()?;
        }
    }
    log.close().ok().map(drop)
}

fn append(log: &mut Log, epoch: i32, size: usize, kept: &mut Kept) -> Option<()> {
    let appended = log.append_as_leader(&batch(2, size, NOW), epoch, NOW, &AppendRules::CLIENT).ok()?;
    let mut bytes = Vec::new();
    log.reader().read_batches(appended.base_offset, 1, i64::MAX, &mut bytes).expect("reads");
    kept.appended.push((appended.base_offset, bytes));
    Some(())
}

fn check(disk: &Disk, kept: &Kept, what: &str) {
    let recovery_point = read_checkpoint(&*disk.io);
    let log = disk.open(Recovery { clean: false, recovery_point, log_start: 0 });
    // Checks that every batch is whole.
    let found = read_all(&log, 1000);
    for flushed in &kept.appended[..kept.flushed] {
        assert!(found.contains(flushed), "{what}: the batch at {} was flushed", flushed.0);
    }
    let mut last = (0, -1);
    for (base, bytes) in &found {
        let batch = BatchView::parse(bytes).expect("whole");
        assert!(*base >= last.0 && batch.leader_epoch() >= last.1, "{what}: {base} after {last:?}");
        last = (batch.next_offset(), batch.leader_epoch());
    }
}

#[test]
fn stopped_after_any_change_around_a_cut_the_checkpoint_is_never_ahead() {
    let disk = Disk::new(small_segments());
    disk.io.set_faults(Faults::default());
    let mut kept = Kept::default();
    workload(&disk, &mut kept).expect("without faults");
    assert!(kept.appended.len() > 25);
    for count in 0..=disk.io.changes() {
        let disk = Disk::new(small_segments());
        disk.io.set_faults(Faults::power_off_after(count));
        let mut kept = Kept::default();
        workload(&disk, &mut kept);
        let torn = (0..4).map(|seed| Crash::Torn { seed: 4 * count + seed });
        for crash in [Crash::Process, Crash::Power].into_iter().chain(torn) {
            check(&disk.crashed(crash), &kept, &format!("{count} changes, {crash:?}"));
        }
    }
}
