//! Sorted entries of one width: the older in a file, the younger in memory.

use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::io::{CachedFile, File};
use crate::limits::INDEX_TAIL_ENTRIES;
use crate::segment::names::{FileKind, Place};

/// One entry of an index file.
pub(super) trait Entry: Copy + std::fmt::Debug {
    /// Bytes in the file.
    const SIZE: usize;
    /// Reads one from exactly `SIZE` bytes.
    fn read(bytes: &[u8]) -> Self;
    /// Appends the bytes of this one.
    fn write(&self, out: &mut Vec<u8>);
    /// Whether `self` may follow `previous`; a file in which an entry may not is damaged.
    fn may_follow(&self, previous: &Self) -> bool;
    /// Whether `self` may be in the index of a segment of `size` bytes.
    fn lies_within(&self, size: u64) -> bool;
}

/// Entries that one binary search step may read at once.
const BLOCK_ENTRIES: usize = 512;
/// The widest entry searched by block.
const ENTRY_SIZE_MAX: usize = 12;

/// An index of one segment. Readers and the one writer share it; no lock is held during I/O by a
/// reader, so a slow disk does not hold the writer up.
#[derive(Debug)]
pub(super) struct Entries<E> {
    place: Arc<Place>,
    kind: FileKind,
    base_offset: i64,
    /// Bytes of the segment when it was found.
    segment_size: u64,
    /// Absent until first used: a segment costs no descriptor before.
    state: RwLock<Option<State<E>>>,
}

#[derive(Debug)]
struct State<E> {
    /// Absent while all entries fit in memory.
    file: Option<CachedFile>,
    /// Entries in the file. They are followed by those of the tail.
    written: usize,
    tail: Vec<E>,
    last: Option<E>,
}

impl<E> State<E> {
    fn empty() -> State<E> {
        State { file: None, written: 0, tail: Vec::new(), last: None }
    }

    fn len(&self) -> usize {
        self.written + self.tail.len()
    }
}

/// The error of an index that cannot be what it claims; its segment then builds it anew.
fn damaged(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("damaged index: {what}"))
}

impl<E: Entry> Entries<E> {
    /// The index of an existing segment, loaded when first used.
    pub(super) fn existing(
        place: Arc<Place>,
        kind: FileKind,
        base_offset: i64,
        segment_size: u64,
    ) -> Entries<E> {
        Entries { place, kind, base_offset, segment_size, state: RwLock::new(None) }
    }

    /// The index of a new segment.
    pub(super) fn new(place: Arc<Place>, kind: FileKind, base_offset: i64) -> Entries<E> {
        Entries { place, kind, base_offset, segment_size: 0, state: RwLock::new(Some(State::empty())) }
    }

    pub(super) fn base_offset(&self) -> i64 {
        self.base_offset
    }

    /// Runs `read` on the loaded state, loading it first if need be.
    fn with<R>(&self, read: impl FnOnce(&State<E>) -> R) -> io::Result<R> {
        if let Some(state) = &*self.state.read() {
            return Ok(read(state));
        }
        self.with_mut(|state| Ok(read(state)))
    }

    fn with_mut<R>(&self, change: impl FnOnce(&mut State<E>) -> io::Result<R>) -> io::Result<R> {
        let mut state = self.state.write();
        match &mut *state {
            Some(state) => change(state),
            slot => change(slot.insert(self.load()?)),
        }
    }

    fn load(&self) -> io::Result<State<E>> {
        let cached = self.place.file(self.kind, self.base_offset);
        let file = cached.get()?;
        let length = usize::try_from(file.len()?).map_err(|_| damaged("too long"))?;
        if length % E::SIZE != 0 {
            return Err(damaged("not a whole number of entries"));
        }
        let written = length / E::SIZE;
        if written == 0 {
            return Ok(State { file: Some(cached), ..State::empty() });
        }
        let last = check(&*file, written, self.segment_size)?;
        Ok(State { file: Some(cached), written, tail: Vec::new(), last: Some(last) })
    }

    pub(super) fn len(&self) -> io::Result<usize> {
        self.with(State::len)
    }

    pub(super) fn last(&self) -> io::Result<Option<E>> {
        self.with(|state| state.last)
    }

    /// The last entry for which `before` holds; it must hold for a prefix of the entries. `share` tells
    /// from the last entry which part of all that prefix probably is, from 0 to 1.
    pub(super) fn last_before(
        &self,
        share: impl Fn(&E) -> f64,
        before: impl Fn(&E) -> bool,
    ) -> io::Result<Option<E>> {
        let found = self.with(|state| match state.tail.first() {
            Some(first) if before(first) => {
                Err(state.tail[..state.tail.partition_point(&before)].last().copied())
            }
            _ => {
                let guess = state.last.map_or(0.0, |last| share(&last)) * state.len() as f64;
                Ok((state.file.as_ref().map(CachedFile::get), state.written, guess as usize))
            }
        })?;
        match found {
            Err(in_memory) => Ok(in_memory),
            Ok((Some(file), written, guess)) if written > 0 => {
                search(&*file?, written, guess, before).map(|found| found.1)
            }
            Ok(_) => Ok(None),
        }
    }

    /// Adds an entry. It reaches the file with the next spill.
    pub(super) fn push(&self, entry: E) -> io::Result<()> {
        self.with_mut(|state| {
            debug_assert!(state.last.is_none_or(|last| entry.may_follow(&last)), "index entries are sorted");
            state.tail.push(entry);
            state.last = Some(entry);
            if state.tail.len() >= INDEX_TAIL_ENTRIES { self.spill_state(state) } else { Ok(()) }
        })
    }

    /// Brings the file up to the entries: all are written, none is durable yet. Makes the file even
    /// if there are no entries, as Kafka does.
    pub(super) fn spill(&self) -> io::Result<()> {
        self.with_mut(|state| {
            self.spill_state(state)?;
            state.tail = Vec::new();
            Ok(())
        })
    }

    fn spill_state(&self, state: &mut State<E>) -> io::Result<()> {
        let file = match state.file.take() {
            Some(file) => file,
            None => self.place.create(self.kind, self.base_offset)?,
        };
        let file = state.file.insert(file);
        if !state.tail.is_empty() {
            let mut bytes = Vec::with_capacity(state.tail.len() * E::SIZE);
            state.tail.iter().for_each(|entry| entry.write(&mut bytes));
            file.get()?.write_at(&[IoSlice::new(&bytes)], (state.written * E::SIZE) as u64)?;
        }
        state.written += state.tail.len();
        state.tail.clear();
        Ok(())
    }

    /// The file if there is one, for a flush.
    pub(super) fn file(&self) -> io::Result<Option<Arc<dyn File>>> {
        let state = self.state.read();
        state.as_ref().and_then(|state| state.file.as_ref()).map(CachedFile::get).transpose()
    }

    /// Renames the file in its directory; `NotFound` if there is none.
    pub(super) fn rename(&self, to: String) -> io::Result<()> {
        let state = self.state.write();
        match state.as_ref().and_then(|state| state.file.as_ref()) {
            Some(file) => file.rename(to),
            None => self.place.file(self.kind, self.base_offset).rename(to),
        }
    }

    /// Drops the entries for which `keep` does not hold; it must hold for a prefix.
    pub(super) fn retain_prefix(&self, keep: impl Fn(&E) -> bool) -> io::Result<()> {
        self.with_mut(|state| {
            state.tail.truncate(state.tail.partition_point(&keep));
            if state.tail.is_empty()
                && let Some(file) = &state.file
            {
                let file = file.get()?;
                let (kept, last) = search(&*file, state.written, state.written, keep)?;
                if kept < state.written {
                    file.truncate((kept * E::SIZE) as u64)?;
                    state.written = kept;
                }
                state.last = last;
            } else {
                state.last = state.tail.last().copied();
            }
            Ok(())
        })
    }

    /// Forgets everything and empties the file, before it is built anew.
    pub(super) fn reset(&self) -> io::Result<()> {
        let file = self.place.create(self.kind, self.base_offset)?;
        *self.state.write() = Some(State { file: Some(file), ..State::empty() });
        Ok(())
    }
}

/// Checks that all entries of a file follow each other and lie within the segment; returns the last.
/// A search in entries without order would pass records over, and nobody would know.
fn check<E: Entry>(file: &dyn File, written: usize, segment_size: u64) -> io::Result<E> {
    let mut bytes = [0; BLOCK_ENTRIES * ENTRY_SIZE_MAX];
    let mut last: Option<E> = None;
    for start in (0..written).step_by(BLOCK_ENTRIES) {
        let block = &mut bytes[..(written - start).min(BLOCK_ENTRIES) * E::SIZE];
        file.read_exact_at(block, (start * E::SIZE) as u64)?;
        for entry in block.chunks_exact(E::SIZE).map(E::read) {
            if last.is_some_and(|last| !entry.may_follow(&last)) {
                return Err(damaged("its entries are out of order"));
            }
            last = Some(entry);
        }
    }
    let last = last.expect("a file of at least one entry");
    if last.lies_within(segment_size) { Ok(last) } else { Err(damaged("it points behind its segment")) }
}

fn read_entry<E: Entry>(file: &dyn File, index: usize) -> io::Result<E> {
    let mut bytes = [0; ENTRY_SIZE_MAX];
    let bytes = &mut bytes[..E::SIZE];
    file.read_exact_at(bytes, (index * E::SIZE) as u64)?;
    Ok(E::read(bytes))
}

/// Entries of the file for which `before` holds, and the last of them. `guess` is where that probably
/// ends: keys mostly rise evenly, so one read is usually enough.
fn search<E: Entry>(
    file: &dyn File,
    written: usize,
    guess: usize,
    before: impl Fn(&E) -> bool,
) -> io::Result<(usize, Option<E>)> {
    let mut block = Block::new();
    let (mut low, mut high) = (0, written);
    if written > BLOCK_ENTRIES {
        let start = guess.saturating_sub(BLOCK_ENTRIES / 2).min(written - BLOCK_ENTRIES);
        let (count, last) = block.search(file, start, start + BLOCK_ENTRIES, &before)?;
        match count {
            0 => high = start,
            BLOCK_ENTRIES => low = start + BLOCK_ENTRIES - 1,
            _ => return Ok((start + count, last)),
        }
    }
    while high - low > BLOCK_ENTRIES {
        let middle = low + (high - low) / 2;
        if before(&read_entry(file, middle)?) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let (count, last) = block.search(file, low, high, &before)?;
    Ok((low + count, last))
}

/// Room for as many entries as are read at once.
struct Block([u8; BLOCK_ENTRIES * ENTRY_SIZE_MAX]);

impl Block {
    fn new() -> Block {
        Block([0; BLOCK_ENTRIES * ENTRY_SIZE_MAX])
    }

    /// Of the entries from `low` to `high`, how many `before` holds for, and the last of those.
    fn search<E: Entry>(
        &mut self,
        file: &dyn File,
        low: usize,
        high: usize,
        before: impl Fn(&E) -> bool,
    ) -> io::Result<(usize, Option<E>)> {
        let bytes = &mut self.0[..(high - low) * E::SIZE];
        file.read_exact_at(bytes, (low * E::SIZE) as u64)?;
        let entry = |index: usize| E::read(&bytes[index * E::SIZE..][..E::SIZE]);
        let (mut count, mut end) = (0, high - low);
        while count < end {
            let middle = count + (end - count) / 2;
            if before(&entry(middle)) {
                count = middle + 1;
            } else {
                end = middle;
            }
        }
        Ok((count, count.checked_sub(1).map(entry)))
    }
}
