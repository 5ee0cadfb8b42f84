//! Snapshots of producer state (`<offset>.snapshot`).

use std::io::Write;
use std::path::Path;

use wire::state_files::producer_snapshot::{ProducerEntry, ProducerSnapshot};
use wire::{Message, Reader};

use super::{Failure, optional_long, unreadable};

/// Bytes of the version and the checksum in front of the entries.
const PREFIX: usize = 6;

/// Prints one line per producer.
pub(super) fn dump(file: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let bytes = std::fs::read(file).map_err(|error| unreadable(file, &error))?;
    let fault = |fault: &dyn std::fmt::Display| {
        Failure::refused(format!("{}: corrupt snapshot of producers: {fault}", file.display()))
    };
    let mut reader = Reader::new(&bytes);
    let version = reader.i16().map_err(|error| fault(&error))?;
    let snapshot = ProducerSnapshot::decode(&mut reader, version).map_err(|error| fault(&error))?;
    let computed = crc32c::crc32c(&bytes[PREFIX..]);
    if snapshot.crc != computed {
        return Err(fault(&format!("stored checksum {} is not the computed {computed}", snapshot.crc)));
    }
    for entry in snapshot.producer_entries.iter() {
        print_entry(&entry, out)?;
    }
    Ok(())
}

fn print_entry(entry: &ProducerEntry, out: &mut dyn Write) -> Result<(), Failure> {
    let open_since = Some(entry.current_txn_first_offset).filter(|&offset| offset >= 0);
    write!(
        out,
        "producerId: {} producerEpoch: {} coordinatorEpoch: {} currentTxnFirstOffset: {} lastTimestamp: {}",
        entry.producer_id,
        entry.epoch,
        entry.coordinator_epoch,
        optional_long(open_since),
        entry.timestamp,
    )?;
    if entry.last_offset >= 0 {
        write!(
            out,
            " firstSequence: {} lastSequence: {} lastOffset: {} offsetDelta: {} timestamp: {}",
            first_sequence(entry.last_sequence, entry.offset_delta),
            entry.last_sequence,
            entry.last_offset,
            entry.offset_delta,
            entry.timestamp,
        )?;
    }
    writeln!(out)?;
    Ok(())
}

/// Counts back from the last sequence of a batch, around 0 to the end of the numbers.
fn first_sequence(last: i32, delta: i32) -> i32 {
    if last < delta { i32::MAX - (delta - last) + 1 } else { last - delta }
}
