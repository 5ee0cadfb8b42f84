use super::*;
use wire::batch::{BatchBuilder, NO_SEQUENCE};

fn batch(id: i64, epoch: i16, sequence: i32, offset: i64, count: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new(offset).producer(id, epoch, sequence);
    (0..count).for_each(|_| builder.push(1000 + offset, None, Some(b"v"), &[]));
    builder.build()
}

fn transactional(id: i64, epoch: i16, sequence: i32, offset: i64) -> Vec<u8> {
    let mut builder = BatchBuilder::new(offset).producer(id, epoch, sequence).transactional();
    builder.push(1000 + offset, None, Some(b"v"), &[]);
    builder.build()
}

fn marker(id: i64, epoch: i16, offset: i64, kind: ControlType, coordinator_epoch: i32) -> Vec<u8> {
    let mut builder = BatchBuilder::new(offset).producer(id, epoch, NO_SEQUENCE).transactional().control();
    builder.push_control(2000, kind, &EndTransactionMarker { coordinator_epoch }.encode());
    builder.build()
}

fn apply(producers: &mut Producers, bytes: &[u8]) -> Option<CompletedTxn> {
    let view = BatchView::parse(bytes).expect("whole");
    let applied = AppliedBatch::read(&view).expect("reads").expect("has a producer");
    let completed = producers.apply(&applied);
    if let Some(completed) = &completed {
        producers.complete(completed);
    }
    completed
}

fn check(producers: &Producers, bytes: &[u8]) -> Result<Checked, ProducerError> {
    producers.check_client(&BatchView::parse(bytes).expect("whole"), true)
}

fn with(batches: &[Vec<u8>]) -> Producers {
    let mut producers = Producers::default();
    for bytes in batches {
        apply(&mut producers, bytes);
    }
    producers
}

#[test]
fn sequences_follow_one_another() {
    let producers = with(&[batch(1, 0, 0, 0, 3)]);
    assert_eq!(check(&producers, &batch(1, 0, 3, 9, 1)), Ok(Checked::New));
    for wrong in [1, 4, 100] {
        assert_eq!(
            check(&producers, &batch(1, 0, wrong, 9, 1)),
            Err(ProducerError::OutOfOrderSequence {
                producer_id: 1,
                epoch: 0,
                sequence: wrong,
                last_sequence: 2
            })
        );
    }
    assert_eq!(check(&producers, &batch(2, 0, 77, 9, 1)), Ok(Checked::New), "an unknown producer");
}

#[test]
fn sequences_wrap_to_zero() {
    let producers = with(&[batch(1, 0, i32::MAX - 1, 0, 2)]);
    assert_eq!(check(&producers, &batch(1, 0, 0, 9, 1)), Ok(Checked::New));
    let across = with(&[batch(1, 0, i32::MAX, 0, 3)]);
    assert_eq!(across.get(1).expect("known").last_sequence(), 1);
    assert!(matches!(check(&across, &batch(1, 0, i32::MAX, 9, 3)), Ok(Checked::Duplicate(_))));
}

#[test]
fn retries_of_the_last_five_are_recognised() {
    let sent: Vec<_> = (0..6).map(|i| batch(1, 0, i, 10 + i64::from(i), 1)).collect();
    let producers = with(&sent);
    assert!(matches!(check(&producers, &sent[0]), Err(ProducerError::OutOfOrderSequence { .. })));
    for (bytes, offset) in sent.iter().zip(10..).skip(1) {
        let Ok(Checked::Duplicate(found)) = check(&producers, bytes) else { panic!("batch at {offset}") };
        assert_eq!(found.first_offset(), offset);
    }
}

#[test]
fn epochs_only_rise_and_start_at_zero() {
    let producers = with(&[batch(1, 3, 0, 0, 1)]);
    assert_eq!(
        check(&producers, &batch(1, 2, 1, 9, 1)),
        Err(ProducerError::InvalidEpoch { producer_id: 1, epoch: 2, current: 3 })
    );
    assert!(matches!(
        check(&producers, &batch(1, 4, 1, 9, 1)),
        Err(ProducerError::OutOfOrderSequence { .. })
    ));
    assert_eq!(check(&producers, &batch(1, 4, 0, 9, 1)), Ok(Checked::New));
}

#[test]
fn a_transaction_holds_the_stable_offset_until_its_marker_is_replicated() {
    let mut producers = with(&[transactional(1, 0, 0, 5), transactional(2, 0, 0, 6)]);
    assert_eq!(producers.first_unstable_offset(7), Some(5));
    let completed = apply(&mut producers, &marker(1, 0, 7, ControlType::Abort, 3)).expect("was open");
    assert_eq!((completed.first_offset, completed.last_offset, completed.aborted), (5, 7, true));
    assert_eq!(producers.stable_after(&completed), 6);
    assert_eq!(producers.first_unstable_offset(7), Some(5), "marker at 7 is not below 7");
    assert_eq!(producers.first_unstable_offset(8), Some(6));
    apply(&mut producers, &marker(2, 0, 8, ControlType::Commit, 3)).expect("was open");
    producers.forget_replicated(9);
    assert_eq!(producers.first_unstable_offset(0), None);
}

#[test]
fn transactions_and_plain_batches_do_not_mix() {
    let producers = with(&[transactional(1, 0, 0, 5)]);
    assert!(matches!(check(&producers, &batch(1, 0, 1, 6, 1)), Err(ProducerError::InvalidTxnState { .. })));
    let bytes = transactional(2, 0, 0, 6);
    let unverified = producers.check_client(&BatchView::parse(&bytes).expect("whole"), false);
    assert!(matches!(unverified, Err(ProducerError::InvalidTxnState { producer_id: 2, .. })));
    let bytes = transactional(1, 0, 1, 6);
    let going_on = producers.check_client(&BatchView::parse(&bytes).expect("whole"), false);
    assert_eq!(going_on, Ok(Checked::New));
}

#[test]
fn markers_are_fenced_by_epochs() {
    let mut producers = with(&[transactional(1, 4, 0, 5)]);
    let check_marker = |producers: &Producers, epoch: i16, coordinator_epoch: i32, version: i16| {
        let bytes = marker(1, epoch, 9, ControlType::Commit, coordinator_epoch);
        let view = BatchView::parse(&bytes).expect("whole");
        producers.check_marker(&view, EndTransactionMarker { coordinator_epoch }, version)
    };
    assert!(matches!(check_marker(&producers, 3, 1, 0), Err(ProducerError::InvalidEpoch { .. })));
    assert_eq!(check_marker(&producers, 4, 1, 1), Ok(()));
    assert!(matches!(check_marker(&producers, 4, 1, 2), Err(ProducerError::InvalidEpoch { .. })));
    assert_eq!(check_marker(&producers, 5, 1, 2), Ok(()));
    apply(&mut producers, &marker(1, 5, 6, ControlType::Commit, 7));
    assert_eq!(check_marker(&producers, 5, 7, 2), Ok(()), "a repeated marker");
    assert_eq!(
        check_marker(&producers, 6, 6, 2),
        Err(ProducerError::CoordinatorFenced { producer_id: 1, epoch: 6, current: 7 })
    );
    assert_eq!(check(&producers, &transactional(1, 5, 0, 9)), Ok(Checked::New), "sequence 0 after a marker");
}

#[test]
fn idle_producers_expire_unless_in_a_transaction() {
    let mut producers = with(&[batch(1, 0, 0, 0, 1), transactional(2, 0, 0, 1), batch(3, 0, 0, 500, 1)]);
    producers.expire(2000, 900);
    assert_eq!(producers.iter().map(|(id, _)| id).collect::<Vec<_>>(), [2, 3]);
}

/// docs/disk-format.md, table "Producer snapshot".
#[test]
fn golden_snapshot() {
    let producers = with(&[batch(7, 1, 0, 10, 3), transactional(9, 0, 5, 20)]);
    let bytes = producers.encode();
    let mut expected = vec![0, 1];
    expected.extend(crc32c::crc32c(&bytes[6..]).to_be_bytes());
    expected.extend(2i32.to_be_bytes());
    for (id, epoch, sequence, offset, delta, timestamp, txn) in
        [(7i64, 1i16, 2i32, 12i64, 2i32, 1010i64, -1i64), (9, 0, 5, 20, 0, 1020, 20)]
    {
        expected.extend(id.to_be_bytes());
        expected.extend(epoch.to_be_bytes());
        expected.extend(sequence.to_be_bytes());
        expected.extend(offset.to_be_bytes());
        expected.extend(delta.to_be_bytes());
        expected.extend(timestamp.to_be_bytes());
        expected.extend((-1i32).to_be_bytes());
        expected.extend(txn.to_be_bytes());
    }
    assert_eq!(bytes, expected);
    let read = Producers::decode(&bytes).expect("reads");
    assert_eq!(read.first_undecided_offset(), Some(20));
    assert_eq!(read.encode(), bytes);
}

#[test]
fn damaged_snapshots_are_found() {
    let bytes = with(&[batch(7, 1, 0, 10, 3)]).encode();
    assert!(Producers::decode(&bytes[..bytes.len() - 1]).is_none());
    for at in 0..bytes.len() {
        let mut copy = bytes.clone();
        copy[at] ^= 1;
        assert!(Producers::decode(&copy).is_none(), "byte {at}");
    }
}
