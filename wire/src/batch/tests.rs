use super::*;
use crate::compression::Compression;
use proptest::prelude::*;

type OwnedRecord = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(Vec<u8>, Option<Vec<u8>>)>);

fn build(mut builder: BatchBuilder, records: &[OwnedRecord]) -> Vec<u8> {
    for (timestamp, key, value, headers) in records {
        let headers: Vec<_> = headers.iter().map(|(k, v)| (k.as_slice(), v.as_deref())).collect();
        builder.push(*timestamp, key.as_deref(), value.as_deref(), &headers);
    }
    builder.build()
}

fn read(bytes: &[u8], limit: usize) -> Result<Vec<OwnedRecord>, RecordError> {
    let batch = BatchView::parse(bytes).expect("a whole batch");
    let mut scratch = Vec::new();
    batch
        .records(&mut scratch, limit)?
        .map(|record| {
            let record = record?;
            let headers = record.headers().map(|h| (h.key.to_vec(), h.value.map(<[u8]>::to_vec))).collect();
            Ok((record.timestamp, record.key.map(<[u8]>::to_vec), record.value.map(<[u8]>::to_vec), headers))
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn reseal(bytes: &mut [u8]) {
    let crc = checksum(bytes, &bytes[HEADER_SIZE..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
}

/// docs/disk-format.md, table "Record batch".
#[test]
fn golden_bytes() {
    let mut builder = BatchBuilder::new(5).leader_epoch(3).producer(7, 1, 9).transactional();
    builder.push(1000, Some(b"k"), Some(b"v"), &[(b"h", None)]);
    builder.push(1001, None, Some(b""), &[]);
    let bytes = builder.build();
    let crc = hex(&checksum(&bytes, &bytes[HEADER_SIZE..]).to_be_bytes());
    let expected = [
        "0000000000000005",
        "00000044",
        "00000003",
        "02",
        &crc,
        "0010",
        "00000001",
        "00000000000003e8",
        "00000000000003e9",
        "0000000000000007",
        "0001",
        "00000009",
        "00000002",
        "16000000026b0276020268",
        "01",
        "0c0002020100",
        "00",
    ];
    assert_eq!(hex(&bytes), expected.concat());
}

#[test]
fn fields_are_read_as_they_were_built() {
    let mut builder = BatchBuilder::new(100).leader_epoch(4).producer(9, 2, i32::MAX);
    builder.push(50, None, Some(b"a"), &[]);
    builder.push(40, None, Some(b"b"), &[]);
    let bytes = builder.build();
    let batch = BatchView::parse(&bytes).expect("whole");
    batch.check_crc().expect("sealed");
    assert_eq!((batch.base_offset(), batch.last_offset(), batch.next_offset()), (100, 101, 102));
    assert_eq!((batch.base_timestamp(), batch.max_timestamp()), (50, 50));
    assert_eq!((batch.producer_id(), batch.producer_epoch()), (9, 2));
    assert_eq!((batch.base_sequence(), batch.last_sequence()), (i32::MAX, 0));
    assert_eq!((batch.size(), batch.record_count(), batch.leader_epoch()), (bytes.len(), 2, 4));
    assert!(!batch.is_control() && !batch.is_transactional() && batch.delete_horizon_ms().is_none());
}

#[test]
fn stamping_leaves_the_checksum_valid() {
    let mut bytes = build(BatchBuilder::new(0), &[(1, None, None, vec![])]);
    stamp(&mut bytes, 77, 5);
    let batch = BatchView::parse(&bytes).expect("whole");
    batch.check_crc().expect("still valid");
    assert_eq!((batch.base_offset(), batch.leader_epoch()), (77, 5));
}

#[test]
fn log_append_time_applies_to_every_record() {
    let mut bytes = build(BatchBuilder::new(0), &[(1, None, None, vec![]), (2, None, None, vec![])]);
    let (header, records) = bytes.split_at_mut(HEADER_SIZE);
    stamp_log_append_time(header, records, 900);
    let batch = BatchView::parse(&bytes).expect("whole");
    batch.check_crc().expect("computed anew");
    assert_eq!(batch.timestamp_type(), TimestampType::LogAppendTime);
    let times: Vec<i64> = read(&bytes, 0).expect("reads").into_iter().map(|r| r.0).collect();
    assert_eq!(times, [900, 900]);
}

#[test]
fn delete_horizon_is_kept_beside_the_timestamps() {
    let bytes = build(BatchBuilder::new(0).delete_horizon(5000), &[(10, None, None, vec![])]);
    let batch = BatchView::parse(&bytes).expect("whole");
    assert_eq!(batch.delete_horizon_ms(), Some(5000));
    assert_eq!(read(&bytes, 0).expect("reads")[0].0, 10);
    assert_eq!(batch.max_timestamp(), 10);
}

#[test]
fn a_gap_left_by_compaction_is_read_back() {
    let mut builder = BatchBuilder::new(10);
    builder.push_at(12, 0, None, None, &[]);
    builder.push_at(15, 0, None, None, &[]);
    let bytes = builder.last_offset(19).build();
    let batch = BatchView::parse(&bytes).expect("whole");
    let mut scratch = Vec::new();
    let offsets: Vec<i64> =
        batch.records(&mut scratch, 0).expect("reads").map(|r| r.expect("record").offset).collect();
    assert_eq!((offsets, batch.last_offset()), (vec![12, 15], 19));
}

#[test]
fn control_records_carry_their_kind() {
    let marker = EndTransactionMarker { coordinator_epoch: 12 };
    let mut builder = BatchBuilder::new(0).control().transactional().producer(1, 0, NO_SEQUENCE);
    builder.push_control(5, ControlType::Commit, &marker.encode());
    let records = read(&builder.build(), 0).expect("reads");
    let (_, key, value, _) = &records[0];
    assert_eq!(key.as_deref(), Some(&[0, 0, 0, 1][..]));
    assert_eq!(ControlType::from_key(key.as_deref().expect("key")), Some(ControlType::Commit));
    assert_eq!(EndTransactionMarker::decode(value.as_deref().expect("value")), Some(marker));
    assert_eq!(EndTransactionMarker::decode(&[0, 0, 1]), None);
    for code in -1..9 {
        assert_eq!(ControlType::from_code(code).is_some(), (0..7).contains(&code));
    }
}

#[test]
fn a_cut_tail_ends_the_iteration_and_is_left_over() {
    let one = build(BatchBuilder::new(0), &[(1, None, Some(vec![1; 20]), vec![])]);
    let bytes = [&one[..], &one[..], &one[..30]].concat();
    let mut iter = batches(&bytes);
    assert_eq!(iter.by_ref().filter(Result::is_ok).count(), 2);
    assert_eq!(iter.remainder(), &one[..30]);
}

#[test]
fn foreign_headers_have_distinct_errors() {
    let good = build(BatchBuilder::new(0), &[(1, None, None, vec![])]);
    let with = |at: usize, bytes: &[u8]| {
        let mut copy = good.clone();
        copy[at..at + bytes.len()].copy_from_slice(bytes);
        batches(&copy).next().map(|r| r.expect_err("refused"))
    };
    assert_eq!(with(16, &[0]), Some(BatchError::OldMagic { magic: 0 }));
    assert_eq!(with(16, &[1]), Some(BatchError::OldMagic { magic: 1 }));
    assert_eq!(with(16, &[3]), Some(BatchError::UnknownMagic { magic: 3 }));
    assert_eq!(with(8, &48i32.to_be_bytes()), Some(BatchError::LengthTooSmall { length: 48 }));
    assert_eq!(with(8, &(-1i32).to_be_bytes()), Some(BatchError::LengthTooSmall { length: -1 }));
    assert_eq!(with(8, &i32::MAX.to_be_bytes()), None);
    let old_and_short = [&[0; 16][..], &[1]].concat();
    assert_eq!(batches(&old_and_short).next(), Some(Err(BatchError::OldMagic { magic: 1 })));
}

#[test]
fn a_flipped_bit_fails_the_checksum() {
    let good = build(BatchBuilder::new(0), &[(1, None, Some(vec![9; 9]), vec![])]);
    for at in 21..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 4;
        let error = BatchView::parse(&bytes).expect("whole").check_crc();
        assert!(matches!(error, Err(BatchError::Checksum { .. })), "byte {at}");
    }
}

#[test]
fn lying_counts_are_found() {
    let mut bytes = build(BatchBuilder::new(0), &[(1, None, None, vec![]), (1, None, None, vec![])]);
    let mut with_count = |count: i32| {
        bytes[57..61].copy_from_slice(&count.to_be_bytes());
        reseal(&mut bytes);
        read(&bytes, 0)
    };
    assert!(matches!(with_count(1), Err(RecordError::Trailing { bytes: 7, count: 1 })));
    assert!(matches!(with_count(3), Err(RecordError::Malformed { index: 2, .. })));
    assert!(matches!(with_count(i32::MAX), Err(RecordError::Malformed { index: 2, .. })));
    assert!(matches!(with_count(-1), Err(RecordError::NegativeCount { count: -1 })));
    assert_eq!(with_count(2).expect("honest").len(), 2);
}

#[test]
fn an_unassigned_compression_is_named() {
    let mut bytes = build(BatchBuilder::new(0), &[(1, None, None, vec![])]);
    bytes[22] = 5;
    assert!(matches!(read(&bytes, 0), Err(RecordError::UnknownCompression { code: 5 })));
}

#[test]
fn a_bomb_in_a_batch_is_stopped() {
    let records = [(1, None, Some(vec![0; 1 << 20]), vec![])];
    let bytes = build(BatchBuilder::new(0).compression(Compression::Zstd, None), &records);
    assert!(bytes.len() < 1000);
    assert!(matches!(read(&bytes, 1000), Err(RecordError::Decompress(_))));
    assert_eq!(read(&bytes, 2 << 20).expect("fits").len(), 1);
}

fn bytes_up_to(size: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..size)
}

fn record() -> impl Strategy<Value = OwnedRecord> {
    let headers = prop::collection::vec((bytes_up_to(9), prop::option::of(bytes_up_to(9))), 0..3);
    (any::<i64>(), prop::option::of(bytes_up_to(40)), prop::option::of(bytes_up_to(300)), headers)
}

proptest! {
    #[test]
    fn what_is_built_is_read(records in prop::collection::vec(record(), 1..20), code in 0u8..5) {
        let kind = Compression::from_code(code).expect("assigned");
        let bytes = build(BatchBuilder::new(1).compression(kind, None), &records);
        BatchView::parse(&bytes).expect("whole").check_crc().expect("sealed");
        prop_assert_eq!(read(&bytes, 1 << 20).expect("reads"), records);
    }

    #[test]
    fn hostile_records_never_panic(mut tail in bytes_up_to(200), count in any::<i32>(), code in 0u8..8) {
        let mut bytes = BatchBuilder::new(i64::MAX - 3).build();
        bytes[22] = code;
        bytes[57..61].copy_from_slice(&count.to_be_bytes());
        bytes.append(&mut tail);
        let length = i32::try_from(bytes.len() - LENGTH_PREFIX_SIZE).expect("short");
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        let _ = read(&bytes, 4096);
    }

    #[test]
    fn hostile_batches_never_panic(bytes in bytes_up_to(300)) {
        for batch in batches(&bytes).flatten() {
            let _ = (batch.check_crc(), batch.last_offset(), batch.last_sequence(), batch.next_offset());
        }
    }
}
