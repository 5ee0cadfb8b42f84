//! Batches and records.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use wire::batch::{self, BatchView, ControlType, EndTransactionMarker, Record, TimestampType};
use wire::control_records::{
    kraft_version_record::KRaftVersionRecord, leader_change_message::LeaderChangeMessage,
    snapshot_footer_record::SnapshotFooterRecord, snapshot_header_record::SnapshotHeaderRecord,
    voters_record::VotersRecord,
};
use wire::json::{self, Json, ToJson};
use wire::{DecodeError, Message, Reader};

use super::decoders::Decoder;
use super::{Complaints, Failure, absolute, offset_in_name, optional_long, unreadable};

/// The most that the records of one batch may take when they are decompressed.
const DECOMPRESSED_BYTES_MAX: usize = 1 << 30;

/// What to print.
pub(super) struct Options<'a> {
    pub(super) decoder: &'a Decoder,
    pub(super) print_contents: bool,
    pub(super) deep: bool,
    pub(super) skip_record_metadata: bool,
    /// Bytes of the file to look at.
    pub(super) bytes_max: u64,
}

/// Prints a segment or a snapshot.
pub(super) fn dump(
    file: &Path,
    options: &Options<'_>,
    complaints: &mut Complaints,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    print_heading(file, out)?;
    let mut batches = Batches::open(file, options.bytes_max)?;
    let mut records = Records { file, options, last_offset: -1, scratch: Vec::new() };
    let mut bytes = Vec::new();
    let mut position = 0;
    while batches.next_into(&mut bytes)? {
        let view = BatchView::parse(&bytes).map_err(|error| fault(file, position, &error))?;
        print_batch(&view, position, out)?;
        if options.deep {
            records.print(&view, complaints, out)?;
        }
        position += bytes.len() as u64;
    }
    let trailing = batches.length - position;
    if trailing > 0 && options.bytes_max == u64::from(i32::MAX.unsigned_abs()) {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        writeln!(out, "Found {trailing} invalid bytes at the end of {name}")?;
    }
    Ok(())
}

fn fault(file: &Path, position: u64, error: &dyn std::fmt::Display) -> Failure {
    Failure::refused(format!("{}: at byte {position}: {error}", file.display()))
}

fn print_heading(file: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if name == "bootstrap.checkpoint" {
        writeln!(out, "KRaft bootstrap snapshot")?;
    } else if let Some(id) = name.strip_suffix(".checkpoint") {
        let parts = id.split_once('-').map(|(offset, epoch)| (offset.parse::<i64>(), epoch.parse::<i32>()));
        let Some((Ok(offset), Ok(epoch))) = parts else {
            return Err(Failure::refused(format!(
                "{}: expected a name like <offset>-<epoch>.checkpoint",
                file.display()
            )));
        };
        writeln!(out, "Snapshot end offset: {offset}, epoch: {epoch}")?;
    } else {
        writeln!(out, "Log starting offset: {}", offset_in_name(file)?)?;
    }
    Ok(())
}

/// The batches of a file, read one by one so that a segment of any size can be printed.
pub(super) struct Batches<'a> {
    file: &'a Path,
    reader: BufReader<File>,
    /// Bytes of the file that count.
    pub(super) length: u64,
    position: u64,
}

impl<'a> Batches<'a> {
    pub(super) fn open(file: &'a Path, bytes_max: u64) -> Result<Self, Failure> {
        let opened = File::open(file).map_err(|error| unreadable(file, &error))?;
        let length = opened.metadata().map_err(|error| unreadable(file, &error))?.len().min(bytes_max);
        Ok(Self { file, reader: BufReader::new(opened), length, position: 0 })
    }

    /// Reads the next whole batch into `bytes`; false at the end or before a batch that is cut off.
    pub(super) fn next_into(&mut self, bytes: &mut Vec<u8>) -> Result<bool, Failure> {
        let left = self.length - self.position;
        if left < batch::HEADER_SIZE as u64 {
            return Ok(false);
        }
        bytes.resize(batch::HEADER_SIZE, 0);
        self.reader.read_exact(bytes).map_err(|error| unreadable(self.file, &error))?;
        let header =
            batch::BatchHeader::parse(bytes).map_err(|error| fault(self.file, self.position, &error))?;
        let size = header.size();
        if size as u64 > left {
            return Ok(false);
        }
        bytes.resize(size, 0);
        let body = &mut bytes[batch::HEADER_SIZE..];
        self.reader.read_exact(body).map_err(|error| unreadable(self.file, &error))?;
        self.position += size as u64;
        Ok(true)
    }
}

fn print_batch(batch: &BatchView<'_>, position: u64, out: &mut dyn Write) -> Result<(), Failure> {
    write!(
        out,
        "baseOffset: {} lastOffset: {} count: {} baseSequence: {} lastSequence: {} producerId: {} producerEpoch: {} \
         partitionLeaderEpoch: {} isTransactional: {} isControl: {} deleteHorizonMs: {}",
        batch.base_offset(),
        batch.last_offset(),
        batch.record_count(),
        batch.base_sequence(),
        batch.last_sequence(),
        batch.producer_id(),
        batch.producer_epoch(),
        batch.leader_epoch(),
        batch.is_transactional(),
        batch.is_control(),
        optional_long(batch.delete_horizon_ms()),
    )?;
    let compression =
        batch.compression().map_or_else(|code| format!("unknown({code})"), |kind| kind.name().to_owned());
    writeln!(
        out,
        " position: {position} {}: {} size: {} magic: {} compresscodec: {compression} crc: {} isvalid: {}",
        timestamp_type(batch),
        batch.max_timestamp(),
        batch.size(),
        batch.magic(),
        batch.crc(),
        batch.check_crc().is_ok(),
    )?;
    Ok(())
}

fn timestamp_type(batch: &BatchView<'_>) -> &'static str {
    match batch.timestamp_type() {
        TimestampType::CreateTime => "CreateTime",
        TimestampType::LogAppendTime => "LogAppendTime",
    }
}

/// Prints the records of batch after batch.
struct Records<'a> {
    file: &'a Path,
    options: &'a Options<'a>,
    last_offset: i64,
    scratch: Vec<u8>,
}

impl Records<'_> {
    fn print(
        &mut self,
        batch: &BatchView<'_>,
        complaints: &mut Complaints,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let at = batch.base_offset();
        let fault = |error: &dyn std::fmt::Display| {
            Failure::refused(format!("{}: in the batch at offset {at}: {error}", self.file.display()))
        };
        for record in
            batch.records(&mut self.scratch, DECOMPRESSED_BYTES_MAX).map_err(|error| fault(&error))?
        {
            let record = record.map_err(|error| fault(&error))?;
            if record.offset != self.last_offset + 1 {
                let heading = format!("Non-consecutive offsets in {}", absolute(self.file));
                complaints.add(heading, format!("  {} is followed by {}", self.last_offset, record.offset));
            }
            self.last_offset = record.offset;
            print_record(batch, &record, self.options, out)?;
        }
        Ok(())
    }
}

fn print_record(
    batch: &BatchView<'_>,
    record: &Record<'_>,
    options: &Options<'_>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if !options.skip_record_metadata {
        let size = |field: Option<&[u8]>| field.map_or(-1, |bytes| bytes.len() as i64);
        let keys = record.headers().map(|header| String::from_utf8_lossy(header.key).into_owned());
        write!(
            out,
            "| offset: {} {}: {} keySize: {} valueSize: {} sequence: {} headerKeys: [{}]",
            record.offset,
            timestamp_type(batch),
            record.timestamp,
            size(record.key),
            size(record.value),
            sequence(batch.base_sequence(), record.offset_delta),
            keys.collect::<Vec<_>>().join(","),
        )?;
        if batch.is_control() {
            write!(out, "{}", control_record(record))?;
        }
    }
    if options.print_contents && !batch.is_control() {
        let text = options.decoder.decode(record)?;
        let mut prefix = if options.skip_record_metadata { "| " } else { " " };
        if let Some(key) = text.key {
            write!(out, "{prefix}key: {key}")?;
            prefix = " ";
        }
        if let Some(value) = text.value {
            write!(out, "{prefix}payload: {value}")?;
        }
    }
    writeln!(out)?;
    Ok(())
}

/// A record's sequence number: counted from its batch's, around the end of the numbers to 0.
fn sequence(base: i32, delta: i32) -> i32 {
    if base < 0 {
        return -1;
    }
    let next = i64::from(base) + i64::from(delta);
    (next % (i64::from(i32::MAX) + 1)) as i32
}

fn control_record(record: &Record<'_>) -> String {
    let key = record.key.unwrap_or_default();
    let value = record.value.unwrap_or_default();
    let shown = |heading: &str, json: Result<Json, String>| match json {
        Ok(json) => format!(" {heading} {json}"),
        Err(error) => format!(" {heading} (damaged: {error})"),
    };
    match ControlType::from_key(key) {
        Some(kind @ (ControlType::Abort | ControlType::Commit)) => {
            let name = if kind == ControlType::Commit { "COMMIT" } else { "ABORT" };
            let epoch = EndTransactionMarker::decode(value).map_or(-1, |marker| marker.coordinator_epoch);
            format!(" endTxnMarker: {name} coordinatorEpoch: {epoch}")
        }
        Some(ControlType::LeaderChange) => shown("LeaderChange:", as_json::<LeaderChangeMessage<'_>>(value)),
        Some(ControlType::SnapshotHeader) => shown("SnapshotHeader", as_json::<SnapshotHeaderRecord>(value)),
        Some(ControlType::SnapshotFooter) => shown("SnapshotFooter", as_json::<SnapshotFooterRecord>(value)),
        Some(ControlType::KraftVersion) => shown("KRaftVersion", as_json::<KRaftVersionRecord>(value)),
        Some(ControlType::KraftVoters) => shown("KRaftVoters", as_json::<VotersRecord<'_>>(value)),
        None => {
            let code = key.get(2..4).map_or(-1, |code| i16::from_be_bytes([code[0], code[1]]));
            format!(" controlType: UNKNOWN({code})")
        }
    }
}

/// The values of control records begin with their version.
fn as_json<'a, T: Message<'a> + ToJson>(value: &'a [u8]) -> Result<Json, String> {
    let version = value.first_chunk::<2>().map_or(0, |bytes| i16::from_be_bytes(*bytes));
    let message =
        T::decode(&mut Reader::new(value), version).map_err(|error: DecodeError| error.to_string())?;
    json::of_message(&message, version).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_go_round_to_zero() {
        assert_eq!(sequence(-1, 4), -1);
        assert_eq!(sequence(10, 4), 14);
        assert_eq!(sequence(i32::MAX, 1), 0);
    }
}
