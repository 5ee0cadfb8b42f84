//! Logs that Apache Kafka 4.3.1 wrote (`testdata/logs`): every record is read and written again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use kraftlog_wire::batch::{ControlType, batches};
use kraftlog_wire::control_records::kraft_version_record::KRaftVersionRecord;
use kraftlog_wire::control_records::leader_change_message::LeaderChangeMessage;
use kraftlog_wire::control_records::snapshot_footer_record::SnapshotFooterRecord;
use kraftlog_wire::control_records::snapshot_header_record::SnapshotHeaderRecord;
use kraftlog_wire::control_records::voters_record::VotersRecord;
use kraftlog_wire::coordinator_records::{group, share, transaction};
use kraftlog_wire::metadata_records::MetadataRecord;
use kraftlog_wire::{Message, Reader, Writer};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A record's bytes; whether it is a control record.
struct Stored {
    is_control: bool,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
}

fn stored(file: &str) -> Vec<Stored> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/logs").join(file);
    let bytes = fs::read(path).unwrap();
    let mut all = Vec::new();
    for batch in batches(&bytes) {
        let batch = batch.unwrap();
        batch.check_crc().unwrap();
        for record in batch.records(&mut Vec::new(), 1 << 20).unwrap() {
            let record = record.unwrap();
            all.push(Stored {
                is_control: batch.is_control(),
                key: record.key.map(<[u8]>::to_vec),
                value: record.value.map(<[u8]>::to_vec),
            });
        }
    }
    assert!(!all.is_empty());
    all
}

fn written(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut w = Writer::new();
    write(&mut w);
    w.into_bytes()
}

#[test]
fn metadata_records_go_both_ways() {
    let mut kinds = BTreeSet::new();
    for file in ["cluster_metadata.log", "cluster_metadata.checkpoint"] {
        for record in stored(file).into_iter().filter(|record| !record.is_control) {
            let value = record.value.unwrap();
            // Frame version, record type and version take one byte each.
            let version = i16::from(value[2]);
            let read = MetadataRecord::decode(&value).unwrap();
            assert_eq!(written(|w| read.encode(w, version).unwrap()), value, "{read:?}");
            let owned = read.clone().into_owned();
            assert_eq!(owned, read);
            assert_eq!(written(|w| owned.encode(w, version).unwrap()), value, "{owned:?}");
            kinds.insert(read.name());
        }
    }
    for kind in ["RegisterBrokerRecord", "PartitionRecord", "PartitionChangeRecord", "ConfigRecord"] {
        assert!(kinds.contains(kind), "{kinds:?}");
    }
}

#[test]
fn control_records_go_both_ways() {
    let mut kinds = BTreeSet::new();
    for file in ["cluster_metadata.log", "cluster_metadata.checkpoint"] {
        for record in stored(file).into_iter().filter(|record| record.is_control) {
            let kind = ControlType::from_key(&record.key.unwrap()).unwrap();
            recode_control(kind, &record.value.unwrap());
            kinds.insert(kind.code());
        }
    }
    assert_eq!(kinds, BTreeSet::from([2, 3, 4, 5, 6]));
}

fn recode_control(kind: ControlType, value: &[u8]) {
    match kind {
        ControlType::LeaderChange => recode::<LeaderChangeMessage>(value),
        ControlType::SnapshotHeader => recode::<SnapshotHeaderRecord>(value),
        ControlType::SnapshotFooter => recode::<SnapshotFooterRecord>(value),
        ControlType::KraftVersion => recode::<KRaftVersionRecord>(value),
        ControlType::KraftVoters => recode::<VotersRecord>(value),
        ControlType::Abort | ControlType::Commit => panic!("the metadata log has no transactions"),
    }
}

/// These records begin with their own version.
fn recode<'a, M: Message<'a> + std::fmt::Debug>(value: &'a [u8]) {
    let version = Reader::new(value).i16().unwrap();
    let mut r = Reader::new(value);
    let read = M::decode(&mut r, version).unwrap();
    r.finish().unwrap();
    assert_eq!(written(|w| read.encode(w, version).unwrap()), value, "{read:?}");
}

macro_rules! coordinator_log_goes_both_ways {
    ($test:ident, $module:ident, $file:literal, $types:expr) => {
        #[test]
        fn $test() {
            let mut types = BTreeSet::new();
            for record in stored($file).into_iter().filter(|record| !record.is_control) {
                let bytes = record.key.unwrap();
                let key = $module::Key::decode(&bytes).unwrap();
                assert_eq!(written(|w| key.encode(w).unwrap()), bytes, "{key:?}");
                assert_eq!(key.clone().into_owned(), key);
                types.insert(key.record_type());
                let Some(bytes) = record.value else { continue };
                let version = Reader::new(&bytes).i16().unwrap();
                let value =
                    key.decode_value(&bytes).unwrap_or_else(|error| panic!("{key:?} {bytes:02x?}: {error}"));
                assert_eq!(value.record_type(), key.record_type());
                assert_eq!(written(|w| value.encode(w, version).unwrap()), bytes, "{value:?}");
                assert_eq!(value.clone().into_owned(), value);
            }
            assert_eq!(types, BTreeSet::from($types));
        }
    };
}

coordinator_log_goes_both_ways!(
    group_records_go_both_ways,
    group,
    "consumer_offsets.log",
    [1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15]
);
coordinator_log_goes_both_ways!(transaction_records_go_both_ways, transaction, "transaction_state.log", [0]);
coordinator_log_goes_both_ways!(share_records_go_both_ways, share, "share_group_state.log", [0]);
