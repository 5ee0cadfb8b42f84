//! Damage of one kind at a time.

use log_store::io::Io;
use log_store::log::{Log, LogConfig, Recovery};
use wire::batch::batches;

use crate::support::{Disk, NOW, append, batch, clean, produced, read_all, small_segments};

type Damage = fn(&[u8]) -> Vec<u8>;

const LOG: &str = "00000000000000000000.log";

fn filled(disk: &Disk, appends: usize) -> Log {
    let mut log = disk.open_new();
    for i in 0..appends {
        append(&mut log, &batch(2, 30 + i, NOW + i as i64));
    }
    log
}

#[test]
fn a_tail_torn_at_every_byte_leaves_exactly_the_whole_batches() {
    let disk = Disk::new(small_segments());
    filled(&disk, 4).close().expect("closes");
    let whole = disk.read_file(LOG);
    let last = whole.len() - batch(2, 33, NOW).len();
    for end in last..=whole.len() {
        disk.write_file(LOG, &whole[..end]);
        let log = disk.open(Recovery { clean: false, recovery_point: 6, log_start: 0 });
        let batches = if end == whole.len() { 4 } else { 3 };
        assert_eq!(read_all(&log, 1000).len(), batches, "cut at byte {end}");
        assert_eq!(log.log_end(), 2 * batches as i64);
        let length = if batches == 4 { whole.len() } else { last };
        assert_eq!(disk.read_file(LOG).len(), length, "the rest is cut off");
    }
}

#[test]
fn a_tail_of_zeros_or_with_any_flipped_byte_is_cut() {
    let disk = Disk::new(small_segments());
    filled(&disk, 4).close().expect("closes");
    let whole = disk.read_file(LOG);
    let last = whole.len() - batch(2, 33, NOW).len();
    for at in last..whole.len() {
        // Offset and leader epoch lie outside of the checksum. Larger ones, where only the sign is out of
        // the question, cannot be told from true ones: compaction leaves gaps, too.
        if (last + 1..last + 8).contains(&at) || (last + 12..last + 16).contains(&at) {
            continue;
        }
        let mut bytes = whole.clone();
        bytes[at] ^= 0x80;
        disk.write_file(LOG, &bytes);
        let log = disk.open(Recovery::default());
        assert_eq!(read_all(&log, 1000).len(), 3, "byte {at}");
    }
    for from in last..whole.len() {
        let mut bytes = whole.clone();
        bytes[from..].fill(0);
        disk.write_file(LOG, &bytes);
        let log = disk.open(Recovery::default());
        let kept = if bytes == whole { 4 } else { 3 };
        assert_eq!(read_all(&log, 1000).len(), kept, "zeros from byte {from}");
    }
}

#[test]
fn a_base_offset_that_did_not_reach_the_disk_is_noticed() {
    let disk = Disk::new(small_segments());
    filled(&disk, 4).close().expect("closes");
    let mut bytes = disk.read_file(LOG);
    let last = bytes.len() - batch(2, 33, NOW).len();
    bytes[last..last + 8].fill(0);
    disk.write_file(LOG, &bytes);
    assert_eq!(disk.open(Recovery::default()).log_end(), 6);
}

#[test]
fn segments_behind_a_cut_go() {
    let disk = Disk::new(small_segments());
    let log = filled(&disk, 30);
    assert!(log.segment_count() > 3);
    log.close().expect("closes");
    let mut first = disk.read_file(LOG);
    let at = first.len() - 10;
    first[at] ^= 1;
    disk.write_file(LOG, &first);
    let log = disk.open(Recovery::default());
    assert_eq!(log.segment_count(), 1);
    let offsets: Vec<i64> = read_all(&log, 1000).into_iter().map(|(base, _)| base).collect();
    assert_eq!(offsets, (0..log.log_end() / 2).map(|i| 2 * i).collect::<Vec<_>>());
    assert_eq!(disk.names().iter().filter(|name| name.ends_with(".log")).count(), 1);
}

#[test]
fn segments_behind_a_lost_tail_are_kept_unless_the_log_must_be_contiguous() {
    for (contiguous, recovery_point, kept_bytes) in
        [(false, 0, 1), (false, 2, 1), (false, 0, 0), (true, 2, 1), (true, 0, 0)]
    {
        let disk = Disk::new(LogConfig { contiguous, ..small_segments() });
        filled(&disk, 30).close().expect("closes");
        let (before, first) = (read_all(&disk.open(clean(60)), 1000), disk.read_file(LOG));
        let in_first = batches(&first).count();
        disk.write_file(LOG, &first[..kept_bytes * batch(2, 30, NOW).len()]);
        let log = disk.open(Recovery { clean: false, recovery_point, log_start: 0 });
        let mut expected = before[..kept_bytes].to_vec();
        if !contiguous {
            expected.extend_from_slice(&before[in_first..]);
        }
        assert_eq!(read_all(&log, 1000), expected, "{contiguous} {recovery_point} {kept_bytes}");
        let flushed = log.close().expect("closes");
        assert_eq!(read_all(&disk.open(clean(flushed)), 1000), expected);
    }
}

#[test]
fn damaged_or_missing_indexes_are_built_anew() {
    let disk = Disk::new(small_segments());
    filled(&disk, 40).close().expect("closes");
    let expected = read_all(&disk.open(clean(80)), 1000);
    let indexes: Vec<String> = disk.names().into_iter().filter(|name| name.ends_with("index")).collect();
    assert!(indexes.len() > 6);
    for name in indexes {
        let good = disk.read_file(&name);
        let damages: [Damage; 4] = [
            |good| good.iter().rev().copied().collect(),
            |good| [good, &[0; 120]].concat(),
            |good| [good, &[1]].concat(),
            |good| vec![0x7f; good.len() + 24],
        ];
        for (number, damage) in damages.iter().enumerate() {
            disk.write_file(&name, &damage(&good));
            let log = disk.open(clean(80));
            assert_eq!(read_all(&log, 1000), expected, "damage {number} to {name}");
            for timestamp in [NOW, NOW + 17, NOW + 40] {
                log.offset_for_time(log_store::log::OffsetSpec::At(timestamp))
                    .expect("finds")
                    .expect("a record");
            }
        }
        disk.io.remove(&disk.path(&name)).expect("removes");
        assert_eq!(read_all(&disk.open(clean(80)), 1000), expected, "without {name}");
        assert_eq!(disk.read_file(&name), good, "{name} is as before");
    }
}

#[test]
fn a_damaged_file_of_epochs_is_read_back_from_the_batches() {
    let disk = Disk::new(small_segments());
    let mut log = disk.open_new();
    for epoch in [0, 0, 3, 5] {
        let rules = &log_store::log::AppendRules::CLIENT;
        log.append_as_leader(&batch(2, 10, NOW), epoch, NOW, rules).expect("appends");
    }
    log.close().expect("closes");
    assert_eq!(disk.read_file("leader-epoch-checkpoint"), b"0\n3\n0 0\n3 4\n5 6\n");
    for damage in [&b"0\n9\n"[..], b"", b"\0\0\0\0"] {
        disk.write_file("leader-epoch-checkpoint", damage);
        let log = disk.open(clean(8));
        assert_eq!(log.epoch_end_offset(0), Some((0, 4)));
        assert_eq!(log.epoch_end_offset(4), Some((3, 6)));
        assert_eq!(log.epoch_end_offset(5), Some((5, 8)));
    }
}

#[test]
fn producers_are_read_back_from_batches_when_snapshots_are_damaged() {
    let disk = Disk::new(small_segments());
    let mut log = disk.open_new();
    for i in 0..40 {
        append(&mut log, &produced(7, 0, 2 * i, 2));
    }
    log.close().expect("closes");
    let snapshots: Vec<String> =
        disk.names().into_iter().filter(|name| name.ends_with(".snapshot")).collect();
    assert!(snapshots.len() > 2);
    for damaged in 0..=snapshots.len() {
        for recovery in [clean(80), Recovery::default()] {
            let disk = disk.crashed(log_store::io::Crash::Process);
            for name in &snapshots[snapshots.len() - damaged..] {
                disk.write_file(name, b"damaged");
            }
            let log = disk.open(recovery);
            let entry = log.producers().get(7).expect("known");
            assert_eq!((entry.last_sequence(), entry.last_data_offset()), (79, 79), "{damaged} damaged");
        }
    }
}

#[test]
fn leftovers_of_deletions_and_cleanings_are_dealt_with() {
    let disk = Disk::new(small_segments());
    filled(&disk, 30).close().expect("closes");
    let expected = read_all(&disk.open(clean(60)), 1000);
    let second =
        disk.names().into_iter().filter(|name| name.ends_with(".log")).nth(1).expect("a second segment");
    disk.write_file("00000000000000000000.log.deleted", b"x");
    disk.write_file("00000000000000000000.index.deleted", b"x");
    disk.write_file("00000000000000000009.log.cleaned", b"x");
    disk.write_file("00000000000000000000-0000000001.checkpoint.deleted", b"a snapshot of the metadata log");
    let swap = second.clone() + ".swap";
    disk.write_file(&swap, &disk.read_file(&second));
    let log = disk.open(clean(60));
    let names = disk.names();
    assert!(names.contains(&"00000000000000000000-0000000001.checkpoint.deleted".to_owned()));
    for suffix in [".log.deleted", ".index.deleted", ".cleaned", ".swap"] {
        assert!(!names.iter().any(|name| name.ends_with(suffix)), "{suffix} is gone");
    }
    assert_eq!(read_all(&log, 1000), expected);
    log.close().expect("closes");
    // Without an unfinished cleaning before it, a swap takes the place of what it covers.
    disk.write_file(&swap, &disk.read_file(&second));
    disk.io.remove(&disk.path(&second)).expect("removes");
    assert_eq!(read_all(&disk.open(clean(60)), 1000), expected);
    assert!(disk.names().contains(&second));
}
