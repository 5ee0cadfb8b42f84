//! Idempotent and transactional producers, through appends, crashes and truncations.

use log_store::AbortedTxn;
use log_store::log::{AppendError, AppendRules, Log, LogConfig, Recovery, no_checkpoint};
use log_store::producers::ProducerError;
use wire::batch::{BatchBuilder, ControlType, EndTransactionMarker, NO_SEQUENCE};

use crate::support::{Disk, NOW, append, clean, produced, small_segments, try_append};

const VERIFIED: AppendRules = AppendRules { transaction_verified: true, ..AppendRules::CLIENT };

fn transactional(id: i64, sequence: i32, count: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new(0).producer(id, 0, sequence).transactional();
    (0..count).for_each(|_| builder.push(NOW, None, Some(b"value"), &[]));
    builder.build()
}

fn write(log: &mut Log, id: i64, sequence: i32, count: usize) {
    log.append_as_leader(&transactional(id, sequence, count), 0, NOW, &VERIFIED).expect("appends");
}

fn end(log: &mut Log, id: i64, kind: ControlType) -> i64 {
    let mut builder = BatchBuilder::new(0).producer(id, 0, NO_SEQUENCE).transactional().control();
    builder.push_control(NOW, kind, &EndTransactionMarker { coordinator_epoch: 1 }.encode());
    log.append_as_leader(&builder.build(), 0, NOW, &AppendRules::COORDINATOR).expect("appends").base_offset
}

#[test]
fn a_retry_gets_the_offsets_it_was_given() {
    let disk = Disk::new(small_segments());
    let mut log = disk.open_new();
    let first: Vec<_> = (0..6).map(|i| append(&mut log, &produced(1, 0, 3 * i, 3))).collect();
    for i in 1..6 {
        let again = append(&mut log, &produced(1, 0, 3 * i, 3));
        assert!(again.duplicate);
        let expected = &first[usize::try_from(i).expect("small")];
        assert_eq!((again.base_offset, again.last_offset), (expected.base_offset, expected.last_offset));
    }
    assert_eq!(log.log_end(), 18);
    let error = try_append(&mut log, &produced(1, 0, 0, 3)).expect_err("forgotten");
    assert!(matches!(error, AppendError::Producer(ProducerError::OutOfOrderSequence { .. })));
    let error = try_append(&mut log, &produced(1, 0, 21, 3)).expect_err("a gap");
    assert!(matches!(
        error,
        AppendError::Producer(ProducerError::OutOfOrderSequence { last_sequence: 17, .. })
    ));
}

#[test]
fn sequences_survive_an_orderly_end_and_a_crash() {
    for recovery in [clean(60), Recovery::default(), Recovery { recovery_point: 31, ..Recovery::default() }] {
        let disk = Disk::new(small_segments());
        let mut log = disk.open_new();
        for i in 0..30 {
            append(&mut log, &produced(1 + i64::from(i % 2), 0, i / 2 * 2, 2));
        }
        if recovery.clean {
            log.close().expect("closes");
        } else {
            drop(log);
        }
        let mut log = disk.open(recovery);
        assert!(append(&mut log, &produced(1, 0, 28, 2)).duplicate, "{recovery:?}");
        assert!(!append(&mut log, &produced(1, 0, 30, 2)).duplicate);
        assert!(try_append(&mut log, &produced(2, 0, 32, 2)).is_err());
        assert_eq!(append(&mut log, &produced(2, 0, 30, 2)).base_offset, 62);
    }
}

#[test]
fn the_stable_offset_and_the_index_of_aborted_transactions() {
    let disk = Disk::new(small_segments());
    let mut log = disk.open_new();
    write(&mut log, 1, 0, 2);
    write(&mut log, 2, 0, 3);
    assert_eq!(log.last_stable_offset(5), 0);
    assert_eq!(end(&mut log, 1, ControlType::Abort), 5);
    assert_eq!(log.last_stable_offset(5), 0, "the marker is not replicated");
    assert_eq!(log.last_stable_offset(6), 2);
    append(&mut log, &produced(3, 0, 0, 4));
    assert_eq!(end(&mut log, 2, ControlType::Commit), 10);
    assert_eq!(log.last_stable_offset(11), 11);
    write(&mut log, 1, 2, 1);
    assert_eq!(end(&mut log, 1, ControlType::Abort), 12);
    let first = AbortedTxn { producer_id: 1, first_offset: 0, last_offset: 5, last_stable_offset: 2 };
    let second = AbortedTxn { producer_id: 1, first_offset: 11, last_offset: 12, last_stable_offset: 13 };
    let check = |log: &Log| {
        let aborted = |from, to| log.reader().aborted_transactions(from, to).expect("reads");
        assert_eq!(aborted(0, 13), [first, second]);
        assert_eq!(aborted(0, 11), [first]);
        assert_eq!(aborted(6, 13), [second]);
        assert_eq!(aborted(6, 11), []);
    };
    check(&log);
    log.on_high_watermark(13);
    assert_eq!(log.last_stable_offset(13), 13);
    drop(log);
    let log = disk.open_new();
    check(&log);
    log.close().expect("closes");
    check(&disk.open(clean(13)));
}

#[test]
fn aborted_transactions_are_found_across_segments_and_cut_with_the_log() {
    let disk = Disk::new(LogConfig { segment_bytes: 400, ..LogConfig::default() });
    let mut log = disk.open_new();
    for i in 0..20 {
        write(&mut log, 7, i, 1);
        end(&mut log, 7, ControlType::Abort);
    }
    assert!(log.segment_count() > 3);
    assert_eq!(log.reader().aborted_transactions(0, 40).expect("reads").len(), 20);
    assert_eq!(log.reader().aborted_transactions(10, 20).expect("reads").len(), 5);
    log.truncate_to(21, NOW, no_checkpoint).expect("truncates");
    assert_eq!(log.reader().aborted_transactions(0, 40).expect("reads").len(), 10);
    assert_eq!(log.last_stable_offset(21), 20, "the marker of the last one is gone");
    write(&mut log, 7, 11, 1);
    assert_eq!(end(&mut log, 7, ControlType::Commit), 22);
    assert_eq!(log.last_stable_offset(23), 23);
}

#[test]
fn a_transaction_open_at_a_crash_is_open_after_it() {
    let disk = Disk::new(small_segments());
    let mut log = disk.open_new();
    append(&mut log, &produced(1, 0, 0, 3));
    write(&mut log, 2, 0, 2);
    for i in 1..20 {
        append(&mut log, &produced(1, 0, 3 * i, 3));
    }
    let log_end = log.log_end();
    assert_eq!(log.last_stable_offset(log_end), 3);
    drop(log);
    let mut log = disk.open_new();
    assert_eq!(log.last_stable_offset(log_end), 3);
    let outside = try_append(&mut log, &produced(2, 0, 2, 1)).expect_err("a transaction is open");
    assert!(matches!(outside, AppendError::Producer(ProducerError::InvalidTxnState { .. })));
    log.close().expect("closes");
    let mut log = disk.open(clean(log_end));
    assert_eq!(log.last_stable_offset(log_end), 3);
    end(&mut log, 2, ControlType::Commit);
    assert_eq!(log.last_stable_offset(log.log_end()), log.log_end());
}

#[test]
fn idle_producers_are_forgotten() {
    let disk = Disk::new(LogConfig { producer_id_expiration_ms: 1000, ..LogConfig::default() });
    let mut log = disk.open_new();
    append(&mut log, &produced(1, 0, 0, 1));
    write(&mut log, 2, 0, 1);
    log.expire_producers(NOW + 999);
    assert_eq!(log.producers().len(), 2);
    log.expire_producers(NOW + 1000);
    assert_eq!(log.producers().iter().map(|(id, _)| id).collect::<Vec<_>>(), [2], "its transaction is open");
    assert!(log.producers().has_late_transaction(NOW + 2000, 1000));
    append(&mut log, &produced(1, 0, 55, 1));
}
