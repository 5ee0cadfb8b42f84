//! What a leader refuses, and that a refusal leaves no trace.

use log_store::io::Io;
use log_store::log::{AppendError, AppendRules, FollowerAppendError, LogConfig};
use wire::batch::{BatchBuilder, BatchView, ControlType, NO_TIMESTAMP, TimestampType, stamp};
use wire::compression::Compression;

use crate::support::{Disk, NOW, append, batch, read_all, try_append};

#[test]
fn refusals_leave_no_trace() {
    let disk = Disk::new(LogConfig { max_message_bytes: 500, segment_bytes: 5000, ..LogConfig::default() });
    let mut log = disk.open_new();
    let good = batch(2, 10, NOW);
    let two = [&good[..], &good].concat();
    let mut corrupt = good.clone();
    corrupt[70] ^= 1;
    let mut old = good.clone();
    old[16] = 1;
    let mut lying = good.clone();
    lying[8..12].copy_from_slice(&10i32.to_be_bytes());
    type Check = fn(&AppendError) -> bool;
    let cases: [(&[u8], Check); 8] = [
        (&[], |e| matches!(e, AppendError::NotOneBatch { batches: 0 })),
        (&two, |e| matches!(e, AppendError::NotOneBatch { batches: 2 })),
        (&good[..good.len() - 1], |e| matches!(e, AppendError::Corrupt(_))),
        (&two[..good.len() + 20], |e| matches!(e, AppendError::Corrupt(_))),
        (&corrupt, |e| matches!(e, AppendError::Corrupt(_))),
        (&old, |e| matches!(e, AppendError::Format(_))),
        (&lying, |e| matches!(e, AppendError::Corrupt(_))),
        (&batch(1, 500, NOW), |e| matches!(e, AppendError::RecordTooLarge { limit: 500, .. })),
    ];
    for (bytes, check) in cases {
        let error = try_append(&mut log, bytes).expect_err("refused");
        assert!(check(&error), "{error:?}");
    }
    assert_eq!((log.log_end(), log.size_bytes()), (0, 0));
    assert!(!disk.io.exists(std::path::Path::new(crate::support::DIR)).expect("looks"));
    append(&mut log, &good);
    let stale = log.append_as_leader(&good, -1, NOW, &AppendRules::CLIENT).expect_err("an older leader");
    assert!(matches!(stale, AppendError::StaleLeaderEpoch { epoch: -1, latest: 0 }));
}

#[test]
fn batches_are_stamped_and_otherwise_as_they_came() {
    let disk = Disk::new(LogConfig::default());
    let mut log = disk.open_new();
    append(&mut log, &batch(3, 10, NOW));
    let sent = batch(2, 10, NOW);
    log.append_as_leader(&sent, 7, NOW, &AppendRules::CLIENT).expect("appends");
    let stored = &read_all(&log, 1000)[1].1;
    let view = BatchView::parse(stored).expect("whole");
    assert_eq!((view.base_offset(), view.leader_epoch()), (3, 7));
    assert_eq!(stored[16..], sent[16..]);
    assert_eq!((log.epoch_end_offset(0), log.epoch_end_offset(7)), (Some((0, 3)), Some((7, 5))));
}

#[test]
fn a_batch_must_fit_a_segment() {
    let disk = Disk::new(LogConfig { segment_bytes: 300, ..LogConfig::default() });
    let mut log = disk.open_new();
    let error = try_append(&mut log, &batch(1, 400, NOW)).expect_err("refused");
    assert!(matches!(error, AppendError::RecordBatchTooLarge { limit: 300, .. }));
    let rules = AppendRules::RAFT_LEADER;
    let error = log.append_as_leader(&batch(1, 400, NOW), 0, NOW, &rules).expect_err("refused");
    assert!(matches!(error, AppendError::RecordBatchTooLarge { .. }));
}

#[test]
fn a_batch_that_grows_too_large_by_recompression_is_refused() {
    let config =
        LogConfig { max_message_bytes: 500, compression: Some(Compression::None), ..LogConfig::default() };
    let disk = Disk::new(config);
    let mut log = disk.open_new();
    let mut builder = BatchBuilder::new(0).compression(Compression::Gzip, None);
    builder.push(NOW, None, Some(&[0; 5000]), &[]);
    let bytes = builder.build();
    assert!(bytes.len() < 500);
    assert!(matches!(try_append(&mut log, &bytes), Err(AppendError::RecordTooLarge { .. })));
}

#[test]
fn the_topics_compression_and_clock_are_stored() {
    let config = LogConfig {
        compression: Some(Compression::Lz4),
        timestamp_type: TimestampType::LogAppendTime,
        ..LogConfig::default()
    };
    let disk = Disk::new(config);
    let mut log = disk.open_new();
    append(&mut log, &batch(3, 100, NOW));
    let appended = append(&mut log, &batch(3, 100, 5));
    assert_eq!((appended.base_offset, appended.last_offset, appended.log_append_time), (3, 5, NOW));
    let stored = read_all(&log, 1 << 20);
    let view = BatchView::parse(&stored[1].1).expect("whole");
    assert_eq!(view.compression(), Ok(Compression::Lz4));
    assert_eq!((view.timestamp_type(), view.max_timestamp()), (TimestampType::LogAppendTime, NOW));
    let mut scratch = Vec::new();
    let records = view.records(&mut scratch, 1000).expect("reads");
    let found: Vec<_> = records.map(|r| r.map(|r| (r.offset, r.timestamp)).expect("record")).collect();
    assert_eq!(found, [(3, NOW), (4, NOW), (5, NOW)]);
}

#[test]
fn a_wrong_max_timestamp_is_corrected() {
    let disk = Disk::new(LogConfig::default());
    let mut log = disk.open_new();
    let mut bytes = batch(3, 10, NOW - 9);
    let (header, records) = bytes.split_at_mut(wire::batch::HEADER_SIZE);
    wire::batch::set_max_timestamp(header, records, NOW + 1_000_000_000);
    let appended = append(&mut log, &bytes);
    assert_eq!(appended.log_append_time, NO_TIMESTAMP);
    let stored = &read_all(&log, 1000)[0].1;
    assert_eq!(BatchView::parse(stored).expect("whole").max_timestamp(), NOW - 7);
}

#[test]
fn the_raft_leader_writes_control_batches_of_its_own() {
    let disk = Disk::new(LogConfig::default());
    let mut log = disk.open_new();
    let mut builder = BatchBuilder::new(0).control();
    builder.push_control(NOW, ControlType::LeaderChange, b"message");
    let bytes = builder.build();
    assert!(try_append(&mut log, &bytes).is_err());
    let appended = log.append_as_leader(&bytes, 4, NOW, &AppendRules::RAFT_LEADER).expect("appends");
    assert_eq!((appended.base_offset, log.latest_epoch()), (0, Some(4)));
}

#[test]
fn a_follower_takes_what_follows_and_nothing_else() {
    let disk = Disk::new(LogConfig::default());
    let mut log = disk.open_new();
    let at = |offset: i64, epoch: i32| {
        let mut bytes = batch(2, 10, NOW);
        stamp(&mut bytes, offset, epoch);
        bytes
    };
    let sent = [at(0, 1), at(2, 1), at(4, 2), at(6, 9)].concat();
    assert_eq!(log.append_as_follower(&sent, 2, NOW).expect("appends"), 6, "not of a later leader");
    assert_eq!(log.epoch_end_offset(1), Some((1, 4)));
    let error = log.append_as_follower(&at(5, 2), 2, NOW).expect_err("behind");
    assert!(matches!(error, FollowerAppendError::UnexpectedOffset { base_offset: 5, log_end: 6 }));
    let mut corrupt = [at(6, 2), at(8, 2)].concat();
    let last = corrupt.len() - 1;
    corrupt[last] ^= 1;
    assert!(matches!(log.append_as_follower(&corrupt, 2, NOW), Err(FollowerAppendError::Corrupt(_))));
    assert_eq!(log.log_end(), 8, "the good one before it stays");
    assert_eq!(log.append_as_follower(&at(20, 2), 2, NOW).expect("a gap of the leader's"), 22);
    assert_eq!(log.append_as_follower(&at(22, 2)[..40], 2, NOW).expect("a cut batch"), 22);
    let far = i64::from(i32::MAX) + 100;
    assert_eq!(log.append_as_follower(&at(far, 2), 2, NOW).expect("out of reach"), far + 2);
    assert_eq!(log.segment_count(), 2);
    let found: Vec<i64> = read_all(&log, 1000).into_iter().map(|(base, _)| base).collect();
    assert_eq!(found, [0, 2, 4, 6, 20, far]);
}
