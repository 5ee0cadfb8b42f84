//! Offset, time and transaction indexes.

use std::io::Write;
use std::path::{Path, PathBuf};

use wire::batch::BatchView;

use super::{Complaints, Failure, absolute, offset_in_name, unreadable};

/// Bytes of an entry: i32 relative offset, i32 position.
const OFFSET_ENTRY: usize = 8;
/// Bytes of an entry: i64 timestamp, i32 relative offset.
const TIME_ENTRY: usize = 12;
/// Bytes of an entry: i16 version, then i64 producer id, first, last and last stable offset.
const TRANSACTION_ENTRY: usize = 34;

/// The most that the records of one batch may take when they are decompressed.
const DECOMPRESSED_BYTES_MAX: usize = 1 << 30;

/// What is asked of an index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checks {
    pub(super) sanity_only: bool,
    pub(super) verify_only: bool,
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| unreadable(file, &error))
}

fn i32_at(bytes: &[u8], at: usize) -> i32 {
    i32::from_be_bytes(*bytes[at..].first_chunk().expect("an entry holds it"))
}

fn i64_at(bytes: &[u8], at: usize) -> i64 {
    i64::from_be_bytes(*bytes[at..].first_chunk().expect("an entry holds it"))
}

/// The file of the same segment with another extension.
fn sibling(file: &Path, extension: &str) -> PathBuf {
    file.with_extension(extension)
}

/// Entries of an offset index as (offset, position).
struct OffsetIndex {
    base: i64,
    entries: Vec<(i64, u32)>,
}

impl OffsetIndex {
    fn read(file: &Path) -> Result<Self, Failure> {
        let base = offset_in_name(file)?;
        let bytes = read(file)?;
        let entry = |bytes: &[u8]| (base + i64::from(i32_at(bytes, 0)), i32_at(bytes, 4).cast_unsigned());
        Ok(Self { base, entries: bytes.chunks_exact(OFFSET_ENTRY).map(entry).collect() })
    }

    /// Where to begin looking for an offset.
    fn position_of(&self, offset: i64) -> u32 {
        let used = self.used();
        let after = used.partition_point(|&(known, _)| known <= offset);
        if after == 0 { 0 } else { used[after - 1].1 }
    }

    /// The entries that were written: a crash can leave zeros behind them.
    fn used(&self) -> &[(i64, u32)] {
        let zeros = self.entries.iter().skip(1).position(|&(offset, _)| offset == self.base);
        &self.entries[..zeros.map_or(self.entries.len(), |at| at + 1)]
    }
}

/// The check that a broker makes at its start to see whether an index must be built again.
fn sanity(
    file: &Path,
    bytes: usize,
    entry: usize,
    last_offset: i64,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let base = offset_in_name(file)?;
    let fault = match () {
        () if !bytes.is_multiple_of(entry) => format!("its size {bytes} is not a multiple of {entry}"),
        () if bytes > 0 && last_offset < base => {
            format!("its last offset {last_offset} is less than the base offset {base}")
        }
        () => {
            writeln!(out, "{} passed sanity check.", file.display())?;
            return Ok(());
        }
    };
    Err(Failure::refused(format!("{}: corrupt index: {fault}", file.display())))
}

/// Prints an offset index and compares each entry with the batch it points at.
pub(super) fn dump_offsets(
    file: &Path,
    checks: Checks,
    complaints: &mut Complaints,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let index = OffsetIndex::read(file)?;
    if index.entries.is_empty() {
        writeln!(out, "{} is empty.", file.display())?;
        return Ok(());
    }
    if checks.sanity_only {
        let last = index.entries.last().map_or(index.base, |&(offset, _)| offset);
        return sanity(file, read(file)?.len(), OFFSET_ENTRY, last, out);
    }
    let log_file = sibling(file, "log");
    let log = read(&log_file)?;
    let mut mismatches = Vec::new();
    for &(offset, position) in index.used() {
        let batch = log.get(position as usize..).map(BatchView::parse);
        let Some(Ok(batch)) = batch else {
            let message = format!(
                "{}: offset {offset} points at byte {position} of {}, where no batch is",
                file.display(),
                log_file.display()
            );
            return Err(Failure::refused(message));
        };
        if batch.last_offset() != offset {
            mismatches.push(format!("  Index offset: {offset}, log offset: {}", batch.last_offset()));
        }
        if !checks.verify_only {
            writeln!(out, "offset: {offset} position: {position}")?;
        }
    }
    for line in mismatches.into_iter().rev() {
        complaints.add(format!("Mismatches in :{}", absolute(file)), line);
    }
    Ok(())
}

/// Prints a time index and compares each entry with the batch it means.
pub(super) fn dump_times(
    file: &Path,
    checks: Checks,
    complaints: &mut Complaints,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let base = offset_in_name(file)?;
    let bytes = read(file)?;
    let entry = |bytes: &[u8]| (i64_at(bytes, 0), base + i64::from(i32_at(bytes, 8)));
    let entries: Vec<(i64, i64)> = bytes.chunks_exact(TIME_ENTRY).map(entry).collect();
    if checks.sanity_only {
        return sanity(
            file,
            bytes.len(),
            TIME_ENTRY,
            entries.last().map_or(base, |&(_, offset)| offset),
            out,
        );
    }
    let offsets = OffsetIndex::read(&sibling(file, "index"))?;
    let log = read(&sibling(file, "log"))?;
    let name = absolute(file);
    let mut before = -1;
    for (index, (timestamp, offset)) in entries.into_iter().enumerate() {
        if index > 0 && offset == base {
            return Ok(());
        }
        check_time(&log, offsets.position_of(offset), (timestamp, offset), before, &name, complaints)?;
        if !checks.verify_only {
            writeln!(out, "timestamp: {timestamp} offset: {offset}")?;
        }
        before = timestamp;
    }
    Ok(())
}

/// Compares one entry with the batch that ends at its offset.
fn check_time(
    log: &[u8],
    position: u32,
    (timestamp, offset): (i64, i64),
    before: i64,
    name: &str,
    complaints: &mut Complaints,
) -> Result<(), Failure> {
    let found = batch_reaching(log, position, offset);
    let Some(batch) = found.filter(|batch| batch.last_offset() == offset) else {
        let reached = found.map_or(-1, |batch| batch.last_offset());
        let heading = format!("The following indexed offsets are not found in :{name}");
        complaints.add(heading, format!("Indexed offset: {offset}, found log offset: {reached}"));
        return Ok(());
    };
    let newest = newest_timestamp(&batch)?;
    if newest != timestamp {
        let line = format!("  Index timestamp: {timestamp}, log timestamp: {newest}");
        complaints.add(format!("Found timestamp mismatch in :{name}"), line);
    }
    if before >= timestamp {
        let line = format!("  Index timestamp: {timestamp}, Previously indexed timestamp: {before}");
        complaints.add(format!("Found out of order timestamp in :{name}"), line);
    }
    Ok(())
}

/// The first batch from a position on whose last offset is at or past `offset`.
fn batch_reaching(log: &[u8], position: u32, offset: i64) -> Option<BatchView<'_>> {
    let mut batches = wire::batch::batches(log.get(position as usize..)?);
    batches.find_map(|batch| batch.ok().filter(|batch| batch.last_offset() >= offset))
}

fn newest_timestamp(batch: &BatchView<'_>) -> Result<i64, Failure> {
    let fault = |error: &dyn std::fmt::Display| {
        Failure::refused(format!("in the batch at offset {}: {error}", batch.base_offset()))
    };
    let mut scratch = Vec::new();
    let mut newest = -1;
    for record in batch.records(&mut scratch, DECOMPRESSED_BYTES_MAX).map_err(|error| fault(&error))? {
        newest = newest.max(record.map_err(|error| fault(&error))?.timestamp);
    }
    Ok(newest)
}

/// Prints the aborted transactions of a segment.
pub(super) fn dump_transactions(file: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    for entry in read(file)?.chunks_exact(TRANSACTION_ENTRY) {
        writeln!(
            out,
            "version: {} producerId: {} firstOffset: {} lastOffset: {} lastStableOffset: {}",
            i16::from_be_bytes([entry[0], entry[1]]),
            i64_at(entry, 2),
            i64_at(entry, 10),
            i64_at(entry, 18),
            i64_at(entry, 26),
        )?;
    }
    Ok(())
}
