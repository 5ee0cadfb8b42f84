//! The control batches at both ends of a snapshot.

use wire::batch::{BatchBuilder, BatchView, ControlType, Record};
use wire::control_records::kraft_version_record::KRaftVersionRecord;
use wire::control_records::snapshot_footer_record::SnapshotFooterRecord;
use wire::control_records::snapshot_header_record::SnapshotHeaderRecord;
use wire::control_records::voters_record::VotersRecord;
use wire::{Message, Reader, Writer};

use crate::limits::BATCH_RECORDS_BYTES_MAX;

/// The version of every control record here.
const VERSION: i16 = 0;

/// What a snapshot says about itself, ahead of its records.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotHeader {
    /// Timestamp of the last log record contained, in milliseconds since 1970.
    pub last_contained_log_timestamp: i64,
    /// `kraft.version` at the snapshot's end; 0 is not written, as in Apache.
    pub kraft_version: i16,
    /// The voters at the snapshot's end (KIP-853). Invariant: `None` while `kraft_version` is 0.
    pub voters: Option<VotersRecord<'static>>,
}

pub(crate) fn header_batch(header: &SnapshotHeader, epoch: i32, now_ms: i64) -> Vec<u8> {
    assert!(header.kraft_version > 0 || header.voters.is_none(), "kraft.version 0 has no voter records");
    let mut batch = BatchBuilder::new(0).leader_epoch(epoch).control();
    let record = SnapshotHeaderRecord {
        version: VERSION,
        last_contained_log_timestamp: header.last_contained_log_timestamp,
    };
    batch.push_control(now_ms, ControlType::SnapshotHeader, &encode(&record));
    if header.kraft_version > 0 {
        let record = KRaftVersionRecord { version: VERSION, kraft_version: header.kraft_version };
        batch.push_control(now_ms, ControlType::KraftVersion, &encode(&record));
    }
    if let Some(voters) = &header.voters {
        batch.push_control(now_ms, ControlType::KraftVoters, &encode(voters));
    }
    batch.build()
}

pub(crate) fn footer_batch(base_offset: i64, epoch: i32, now_ms: i64) -> Vec<u8> {
    let mut batch = BatchBuilder::new(base_offset).leader_epoch(epoch).control();
    batch.push_control(
        now_ms,
        ControlType::SnapshotFooter,
        &encode(&SnapshotFooterRecord { version: VERSION }),
    );
    batch.build()
}

fn encode<'a>(record: &impl Message<'a>) -> Vec<u8> {
    let mut writer = Writer::new();
    record.encode(&mut writer, VERSION).expect("version 0 has every field of a control record");
    writer.into_bytes()
}

/// What the first batch says; the error names what it is instead.
pub(crate) fn read_header(batch: &BatchView<'_>) -> Result<SnapshotHeader, String> {
    let mut header = SnapshotHeader { last_contained_log_timestamp: 0, kraft_version: 0, voters: None };
    let mut scratch = Vec::new();
    for (index, record) in control_records(batch, &mut scratch)?.into_iter().enumerate() {
        let value = record.value.unwrap_or_default();
        match (index, control_type(&record)) {
            (0, Some(ControlType::SnapshotHeader)) => {
                let record: SnapshotHeaderRecord = decode(value)?;
                header.last_contained_log_timestamp = record.last_contained_log_timestamp;
            }
            (0, other) => return Err(format!("expected a snapshot header, got {other:?}")),
            (_, Some(ControlType::KraftVersion)) => {
                header.kraft_version = decode::<KRaftVersionRecord>(value)?.kraft_version;
            }
            (_, Some(ControlType::KraftVoters)) => {
                header.voters = Some(decode::<VotersRecord<'_>>(value)?.into_owned());
            }
            (_, other) => return Err(format!("{other:?} does not belong in the first batch")),
        }
    }
    Ok(header)
}

/// Whether a control batch is the footer. One of another kind that a later version may write
/// between is passed over.
pub(crate) fn is_footer(batch: &BatchView<'_>) -> Result<bool, String> {
    let mut scratch = Vec::new();
    let records = control_records(batch, &mut scratch)?;
    match records.first().map(control_type) {
        Some(Some(ControlType::SnapshotFooter)) => {
            decode::<SnapshotFooterRecord>(records[0].value.unwrap_or_default()).map(|_| true)
        }
        Some(Some(ControlType::SnapshotHeader)) => Err("a second snapshot header".to_owned()),
        _ => Ok(false),
    }
}

fn control_type(record: &Record<'_>) -> Option<ControlType> {
    ControlType::from_key(record.key.unwrap_or_default())
}

fn control_records<'s>(batch: &BatchView<'s>, scratch: &'s mut Vec<u8>) -> Result<Vec<Record<'s>>, String> {
    if !batch.is_control() {
        return Err("expected a control batch, got one of data".to_owned());
    }
    let records = batch.records(scratch, BATCH_RECORDS_BYTES_MAX).map_err(|error| error.to_string())?;
    let records: Vec<_> = records.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    if records.is_empty() {
        return Err("a control batch without records".to_owned());
    }
    Ok(records)
}

fn decode<'a, M: Message<'a>>(value: &'a [u8]) -> Result<M, String> {
    M::decode(&mut Reader::new(value), VERSION).map_err(|error| format!("{}: {error}", M::NAME))
}
