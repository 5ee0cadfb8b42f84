//! `<offset>.snapshot`: the producers as of an offset.
//!
//! | bytes | field |
//! |---|---|
//! | 2 | version, 1 |
//! | 4 | CRC-32C of all that follows |
//! | 4 | number of entries, each of 46 bytes: |
//! | 8 | producer id |
//! | 2 | producer epoch |
//! | 4 | last sequence |
//! | 8 | last offset |
//! | 4 | offset delta of the last batch |
//! | 8 | timestamp |
//! | 4 | coordinator epoch |
//! | 8 | first offset of the open transaction, or -1 |

use std::collections::BTreeSet;
use std::io::{self, IoSlice};
use std::path::PathBuf;
use std::sync::Arc;

use super::Producers;
use super::entry::{BatchMetadata, ProducerEntry};
use crate::io::{File, OpenMode, read_file};
use crate::segment::names::{FileKind, Place};

const VERSION: i16 = 1;
const CRC: usize = 2;
const COUNT: usize = CRC + 4;
const ENTRIES: usize = COUNT + 4;
const ENTRY_SIZE: usize = 8 + 2 + 4 + 8 + 4 + 8 + 4 + 8;

impl Producers {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(ENTRIES + self.entries.len() * ENTRY_SIZE);
        out.extend_from_slice(&VERSION.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        let count = i32::try_from(self.entries.len()).expect("fewer than 2^31 producers");
        out.extend_from_slice(&count.to_be_bytes());
        self.entries.iter().for_each(|(id, entry)| encode_entry(*id, entry, &mut out));
        let crc = crc32c::crc32c(&out[COUNT..]);
        out[CRC..COUNT].copy_from_slice(&crc.to_be_bytes());
        out
    }

    /// `None` for bytes that are no snapshot, or a damaged one.
    pub(super) fn decode(bytes: &[u8]) -> Option<Producers> {
        let (head, entries) = bytes.split_first_chunk::<ENTRIES>()?;
        let field = |at: usize| -> [u8; 4] { head[at..at + 4].try_into().expect("4 bytes") };
        if i16::from_be_bytes([head[0], head[1]]) != VERSION
            || u32::from_be_bytes(field(CRC)) != crc32c::crc32c(&bytes[COUNT..])
        {
            return None;
        }
        let count = usize::try_from(i32::from_be_bytes(field(COUNT))).ok()?;
        if entries.len() != count.checked_mul(ENTRY_SIZE)? {
            return None;
        }
        let mut producers = Producers::default();
        for bytes in entries.chunks_exact(ENTRY_SIZE) {
            let (id, entry) = decode_entry(bytes);
            if let Some(offset) = entry.current_txn_first_offset {
                producers.transactions.open(offset, id);
            }
            producers.entries.insert(id, entry);
        }
        Some(producers)
    }
}

fn encode_entry(id: i64, entry: &ProducerEntry, out: &mut Vec<u8>) {
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(&entry.producer_epoch.to_be_bytes());
    out.extend_from_slice(&entry.last_sequence().to_be_bytes());
    out.extend_from_slice(&entry.last_data_offset().to_be_bytes());
    out.extend_from_slice(&entry.last_batch().map_or(0, |batch| batch.offset_delta).to_be_bytes());
    out.extend_from_slice(&entry.last_timestamp.to_be_bytes());
    out.extend_from_slice(&entry.coordinator_epoch.to_be_bytes());
    out.extend_from_slice(&entry.current_txn_first_offset.unwrap_or(-1).to_be_bytes());
}

fn decode_entry(mut bytes: &[u8]) -> (i64, ProducerEntry) {
    fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
        let (field, rest) = bytes.split_first_chunk().expect("an entry is whole");
        *bytes = rest;
        *field
    }
    let id = i64::from_be_bytes(take(&mut bytes));
    let mut entry = ProducerEntry::empty();
    entry.producer_epoch = i16::from_be_bytes(take(&mut bytes));
    let last_sequence = i32::from_be_bytes(take(&mut bytes));
    let last_offset = i64::from_be_bytes(take(&mut bytes));
    let offset_delta = i32::from_be_bytes(take(&mut bytes));
    entry.last_timestamp = i64::from_be_bytes(take(&mut bytes));
    entry.coordinator_epoch = i32::from_be_bytes(take(&mut bytes));
    entry.current_txn_first_offset = Some(i64::from_be_bytes(take(&mut bytes))).filter(|offset| *offset >= 0);
    if last_offset >= 0 {
        entry.push(BatchMetadata {
            last_sequence,
            last_offset,
            offset_delta,
            timestamp: entry.last_timestamp,
        });
    }
    (id, entry)
}

/// The snapshot files of a partition.
#[derive(Debug)]
pub(crate) struct Snapshots {
    place: Arc<Place>,
    offsets: BTreeSet<i64>,
    /// Written since the last flush.
    unflushed: Vec<i64>,
}

impl Snapshots {
    pub(crate) fn new(place: &Arc<Place>, offsets: BTreeSet<i64>) -> Snapshots {
        Snapshots { place: Arc::clone(place), offsets, unflushed: Vec::new() }
    }

    fn path(&self, offset: i64) -> PathBuf {
        self.place.path(FileKind::ProducerSnapshot, offset)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// Offset of the latest snapshot.
    pub(crate) fn latest(&self) -> Option<i64> {
        self.offsets.last().copied()
    }

    /// Writes the producers as of `offset`, unless there is a snapshot of it. Not durable before
    /// the files of [`Snapshots::unflushed`] are flushed; its checksum tells a torn one.
    pub(crate) fn write(&mut self, producers: &Producers, offset: i64) -> io::Result<()> {
        if self.offsets.contains(&offset) {
            return Ok(());
        }
        let file = self.place.io.open(&self.path(offset), OpenMode::Truncate)?;
        file.write_at(&[IoSlice::new(&producers.encode())], 0)?;
        self.offsets.insert(offset);
        self.unflushed.push(offset);
        Ok(())
    }

    /// The files that no flush has covered yet.
    pub(crate) fn unflushed(&self) -> io::Result<Vec<Arc<dyn File>>> {
        self.unflushed.iter().map(|offset| self.place.io.open(&self.path(*offset), OpenMode::Write)).collect()
    }

    /// Notes that a flush has covered the snapshots up to `offset`.
    pub(crate) fn flushed(&mut self, offset: i64) {
        self.unflushed.retain(|unflushed| *unflushed > offset);
    }

    /// The producers as of the latest snapshot at or before `offset`, and its offset. Damaged snapshots
    /// are removed on the way.
    pub(crate) fn load(&mut self, offset: i64) -> io::Result<Option<(i64, Producers)>> {
        while let Some(latest) = self.offsets.range(..=offset).next_back().copied() {
            if let Some(producers) = Producers::decode(&read_file(&*self.place.io, &self.path(latest))?) {
                return Ok(Some((latest, producers)));
            }
            tracing::warn!(path = %self.path(latest).display(), "removing a damaged producer snapshot");
            self.remove(latest)?;
        }
        Ok(None)
    }

    fn remove(&mut self, offset: i64) -> io::Result<()> {
        self.offsets.remove(&offset);
        self.unflushed.retain(|unflushed| *unflushed != offset);
        self.place.remove_if_exists(&self.path(offset))
    }

    /// Removes the snapshots for which `stale` holds.
    pub(crate) fn remove_if(&mut self, stale: impl Fn(i64) -> bool) -> io::Result<()> {
        let stale: Vec<i64> = self.offsets.iter().copied().filter(|offset| stale(*offset)).collect();
        stale.into_iter().try_for_each(|offset| self.remove(offset))
    }

    /// Renames the snapshot at `offset` beside the segment that is being deleted.
    pub(crate) fn mark_deleted(&mut self, offset: i64) -> io::Result<Option<String>> {
        if !self.offsets.remove(&offset) {
            return Ok(None);
        }
        self.unflushed.retain(|unflushed| *unflushed != offset);
        let (from, to) = (self.path(offset), FileKind::ProducerSnapshot.deleted_name(offset));
        self.place.io.rename(&from, &from.with_file_name(&to))?;
        Ok(Some(to))
    }
}
