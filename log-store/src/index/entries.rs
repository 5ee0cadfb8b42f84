//! Sorted entries of one width: the older in a file, the younger in memory.

use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::io::{File, OpenMode};
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
    /// Whether `self` may follow `previous`; a file whose last entry may not follow its first is damaged.
    fn may_follow(&self, previous: &Self) -> bool;
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
    /// Absent until first used: a segment costs no descriptor before.
    state: RwLock<Option<State<E>>>,
}

#[derive(Debug)]
struct State<E> {
    /// Absent while all entries fit in memory.
    file: Option<Arc<dyn File>>,
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
    pub(super) fn existing(place: Arc<Place>, kind: FileKind, base_offset: i64) -> Entries<E> {
        Entries { place, kind, base_offset, state: RwLock::new(None) }
    }

    /// The index of a new segment.
    pub(super) fn new(place: Arc<Place>, kind: FileKind, base_offset: i64) -> Entries<E> {
        Entries { place, kind, base_offset, state: RwLock::new(Some(State::empty())) }
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
        let file = self.place.open(self.kind, self.base_offset, OpenMode::Write)?;
        let length = usize::try_from(file.len()?).map_err(|_| damaged("too long"))?;
        if length % E::SIZE != 0 {
            return Err(damaged("not a whole number of entries"));
        }
        let written = length / E::SIZE;
        if written == 0 {
            return Ok(State { file: Some(file), ..State::empty() });
        }
        let (first, last) = (read_entry::<E>(&*file, 0)?, read_entry::<E>(&*file, written - 1)?);
        if written > 1 && !last.may_follow(&first) {
            return Err(damaged("its last entry lies before its first"));
        }
        Ok(State { file: Some(file), written, tail: Vec::new(), last: Some(last) })
    }

    pub(super) fn len(&self) -> io::Result<usize> {
        self.with(State::len)
    }

    pub(super) fn last(&self) -> io::Result<Option<E>> {
        self.with(|state| state.last)
    }

    /// The last entry for which `before` holds; it must hold for a prefix of the entries.
    pub(super) fn last_before(&self, before: impl Fn(&E) -> bool) -> io::Result<Option<E>> {
        let found = self.with(|state| match state.tail.first() {
            Some(first) if before(first) => {
                Err(state.tail[..state.tail.partition_point(&before)].last().copied())
            }
            _ => Ok((state.file.clone(), state.written)),
        })?;
        match found {
            Err(in_memory) => Ok(in_memory),
            Ok((Some(file), written)) if written > 0 => search(&*file, written, before).map(|found| found.1),
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
        let file = match &state.file {
            Some(file) => Arc::clone(file),
            None => self.place.open(self.kind, self.base_offset, OpenMode::Truncate)?,
        };
        if !state.tail.is_empty() {
            let mut bytes = Vec::with_capacity(state.tail.len() * E::SIZE);
            state.tail.iter().for_each(|entry| entry.write(&mut bytes));
            file.write_at(&[IoSlice::new(&bytes)], (state.written * E::SIZE) as u64)?;
        }
        state.file = Some(file);
        state.written += state.tail.len();
        state.tail.clear();
        Ok(())
    }

    /// The file if there is one, for a flush.
    pub(super) fn file(&self) -> Option<Arc<dyn File>> {
        self.state.read().as_ref().and_then(|state| state.file.clone())
    }

    /// Drops the entries for which `keep` does not hold; it must hold for a prefix.
    pub(super) fn retain_prefix(&self, keep: impl Fn(&E) -> bool) -> io::Result<()> {
        self.with_mut(|state| {
            state.tail.truncate(state.tail.partition_point(&keep));
            if state.tail.is_empty()
                && let Some(file) = &state.file
            {
                let (kept, last) = search(&**file, state.written, keep)?;
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
        let file = self.place.open(self.kind, self.base_offset, OpenMode::Truncate)?;
        *self.state.write() = Some(State { file: Some(file), ..State::empty() });
        Ok(())
    }
}

fn read_entry<E: Entry>(file: &dyn File, index: usize) -> io::Result<E> {
    let mut bytes = [0; ENTRY_SIZE_MAX];
    let bytes = &mut bytes[..E::SIZE];
    file.read_exact_at(bytes, (index * E::SIZE) as u64)?;
    Ok(E::read(bytes))
}

/// Entries of the file for which `before` holds, and the last of them.
fn search<E: Entry>(
    file: &dyn File,
    written: usize,
    before: impl Fn(&E) -> bool,
) -> io::Result<(usize, Option<E>)> {
    let (mut low, mut high) = (0, written);
    while high - low > BLOCK_ENTRIES {
        let middle = low + (high - low) / 2;
        if before(&read_entry(file, middle)?) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let mut block = [0; BLOCK_ENTRIES * ENTRY_SIZE_MAX];
    let block = &mut block[..(high - low) * E::SIZE];
    file.read_exact_at(block, (low * E::SIZE) as u64)?;
    let (mut count, mut last) = (low, None);
    for entry in block.chunks_exact(E::SIZE).map(E::read) {
        if !before(&entry) {
            break;
        }
        count += 1;
        last = Some(entry);
    }
    Ok((count, last))
}
