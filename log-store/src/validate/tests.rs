use super::*;
use wire::batch::{BatchBuilder, NO_TIMESTAMP, set_max_timestamp};

const NOW: i64 = 1_700_000_000_000;

fn builder() -> BatchBuilder {
    BatchBuilder::new(0)
}

fn three(mut builder: BatchBuilder) -> Vec<u8> {
    for i in 0..3 {
        builder.push(NOW - i, Some(b"key"), Some(b"value"), &[]);
    }
    builder.build()
}

fn check(bytes: &[u8], config: &LogConfig) -> Result<Validated, InvalidBatch> {
    validate(&BatchView::parse(bytes).expect("whole"), config, AppendOrigin::Client, NOW)
}

/// Overwrites bytes of a header and computes the checksum anew.
fn patched(mut bytes: Vec<u8>, at: usize, with: &[u8]) -> Vec<u8> {
    bytes[at..at + with.len()].copy_from_slice(with);
    let max_timestamp = BatchView::parse(&bytes).expect("whole").max_timestamp();
    let (header, records) = bytes.split_at_mut(wire::batch::HEADER_SIZE);
    set_max_timestamp(header, records, max_timestamp);
    bytes
}

#[test]
fn a_good_batch_stays_as_it_is() {
    for code in 0..5 {
        let kind = Compression::from_code(code).expect("assigned");
        let validated =
            check(&three(builder().compression(kind, None)), &LogConfig::default()).expect("valid");
        assert!(validated.rebuilt.is_none());
        assert_eq!(validated.max_timestamp, NOW);
    }
}

#[test]
fn contradicting_headers_are_refused() {
    let good = three(builder());
    let refused = |at: usize, with: &[u8]| {
        let bytes = patched(good.clone(), at, with);
        check(&bytes, &LogConfig::default()).is_err()
    };
    assert!(refused(0, &5i64.to_be_bytes()), "base offset");
    assert!(refused(23, &3i32.to_be_bytes()), "last offset delta");
    assert!(refused(23, &(-1i32).to_be_bytes()), "negative last offset delta");
    assert!(refused(57, &2i32.to_be_bytes()), "record count");
    assert!(refused(57, &0i32.to_be_bytes()), "no records");
    assert!(refused(21, &[0, 1 << 5]), "control batch");
    assert!(refused(21, &[0, 6]), "unassigned compression");
    assert!(refused(43, &1i64.to_be_bytes()), "a producer without a sequence");
    let count_and_delta = patched(patched(good.clone(), 57, &4i32.to_be_bytes()), 23, &3i32.to_be_bytes());
    assert!(matches!(check(&count_and_delta, &LogConfig::default()), Err(InvalidBatch::Unreadable(_))));
}

#[test]
fn coordinators_may_write_control_batches() {
    let mut control = builder().producer(1, 0, -1).control().transactional();
    control.push_control(NOW, wire::batch::ControlType::Commit, &[0; 6]);
    let bytes = control.build();
    assert!(check(&bytes, &LogConfig::default()).is_err());
    let config = LogConfig { compression: Some(Compression::Gzip), compact: true, ..LogConfig::default() };
    let view = BatchView::parse(&bytes).expect("whole");
    let validated = validate(&view, &config, AppendOrigin::Coordinator, NOW).expect("valid");
    assert!(validated.rebuilt.is_none(), "control records are not compressed");
}

#[test]
fn compacted_topics_want_keys() {
    let config = LogConfig { compact: true, ..LogConfig::default() };
    assert!(check(&three(builder()), &config).is_ok());
    for kind in [Compression::None, Compression::Lz4] {
        let mut keyless = builder().compression(kind, None);
        keyless.push(NOW, Some(b"key"), None, &[]);
        keyless.push(NOW, None, Some(b"value"), &[]);
        let Err(InvalidBatch::Records { faults }) = check(&keyless.build(), &config) else {
            panic!("refused")
        };
        assert_eq!(faults.iter().map(|fault| fault.index).collect::<Vec<_>>(), [1]);
    }
}

#[test]
fn timestamps_lie_within_the_range() {
    let config =
        LogConfig { timestamp_before_max_ms: 1000, timestamp_after_max_ms: 100, ..LogConfig::default() };
    let with = |timestamp: i64| {
        let mut builder = builder();
        builder.push(timestamp, None, None, &[]);
        check(&builder.build(), &config)
    };
    for good in [NOW - 1000, NOW, NOW + 100, NO_TIMESTAMP] {
        assert!(with(good).is_ok(), "{}", good - NOW);
    }
    for bad in [NOW - 1001, NOW + 101, 0, i64::MAX, i64::MIN] {
        assert!(matches!(with(bad), Err(InvalidBatch::Timestamps { .. })), "{bad}");
    }
    let anything = LogConfig { timestamp_type: TimestampType::LogAppendTime, ..config.clone() };
    let mut old = builder();
    old.push(5, None, None, &[]);
    assert_eq!(check(&old.build(), &anything).expect("valid").max_timestamp, NOW);
}

#[test]
fn clients_may_not_stamp_with_the_brokers_clock() {
    let bytes = three(builder().log_append_time(NOW));
    for timestamp_type in [TimestampType::CreateTime, TimestampType::LogAppendTime] {
        let config = LogConfig { timestamp_type, ..LogConfig::default() };
        let refused = matches!(check(&bytes, &config), Err(InvalidBatch::Timestamps { .. }));
        assert_eq!(refused, timestamp_type == TimestampType::LogAppendTime);
    }
}

#[test]
fn the_topic_decides_the_compression() {
    for (from, to) in [(0, 4), (4, 0), (1, 2), (3, 3)] {
        let kind = |code| Compression::from_code(code).expect("assigned");
        let sent = three(builder().compression(kind(from), None).producer(5, 1, 9));
        let config = LogConfig { compression: Some(kind(to)), ..LogConfig::default() };
        let rebuilt = check(&sent, &config).expect("valid").rebuilt;
        assert_eq!(rebuilt.is_some(), from != to);
        let Some(rebuilt) = rebuilt else { continue };
        let view = BatchView::parse(&rebuilt).expect("whole");
        view.check_crc().expect("sealed");
        assert_eq!(view.compression(), Ok(kind(to)));
        assert_eq!((view.producer_id(), view.producer_epoch(), view.base_sequence()), (5, 1, 9));
        let mut scratch = Vec::new();
        let times: Vec<i64> =
            view.records(&mut scratch, 1000).expect("reads").map(|r| r.expect("record").timestamp).collect();
        assert_eq!(times, [NOW, NOW - 1, NOW - 2]);
    }
}

#[test]
fn gaps_between_offsets_are_closed_or_refused() {
    let gapped = |kind| {
        let mut builder = builder().compression(kind, None);
        builder.push_at(0, NOW, None, None, &[]);
        builder.push_at(2, NOW, None, None, &[]);
        patched(builder.build(), 23, &1i32.to_be_bytes())
    };
    let rebuilt = check(&gapped(Compression::Zstd), &LogConfig::default()).expect("valid").rebuilt;
    let rebuilt = rebuilt.expect("numbered anew");
    let mut scratch = Vec::new();
    let view = BatchView::parse(&rebuilt).expect("whole");
    let offsets: Vec<i64> =
        view.records(&mut scratch, 1000).expect("reads").map(|r| r.expect("record").offset).collect();
    assert_eq!(offsets, [0, 1]);
    let refused = check(&gapped(Compression::None), &LogConfig::default());
    assert!(matches!(refused, Err(InvalidBatch::Records { .. })));
}

#[test]
fn a_bomb_is_refused() {
    let mut builder = builder().compression(Compression::Zstd, None);
    builder.push(NOW, None, Some(&vec![0; crate::limits::DECOMPRESSED_BATCH_BYTES_MAX + 1]), &[]);
    let bytes = builder.build();
    assert!(bytes.len() < 100_000);
    assert!(matches!(check(&bytes, &LogConfig::default()), Err(InvalidBatch::Unreadable(_))));
}
