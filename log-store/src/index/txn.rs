//! The transaction index: the aborted transactions that end in a segment.
//!
//! | bytes | field |
//! |---|---|
//! | 2 | version, 0 |
//! | 8 | producer id |
//! | 8 | first offset |
//! | 8 | last offset, that of the marker |
//! | 8 | last stable offset when it was aborted |

use std::io::{self, IoSlice};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::io::{CachedFile, File};
use crate::segment::names::{FileKind, Place};

/// One aborted transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTxn {
    /// Whose transaction it was.
    pub producer_id: i64,
    /// Its first offset in the partition.
    pub first_offset: i64,
    /// Offset of the marker that ended it.
    pub last_offset: i64,
    /// The last stable offset once it had ended: that of the next open transaction, or the end.
    pub last_stable_offset: i64,
}

impl AbortedTxn {
    const SIZE: usize = 34;
    const VERSION: i16 = 0;

    fn encode(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..2].copy_from_slice(&Self::VERSION.to_be_bytes());
        let fields = [self.producer_id, self.first_offset, self.last_offset, self.last_stable_offset];
        for (place, field) in bytes[2..].chunks_exact_mut(8).zip(fields) {
            place.copy_from_slice(&field.to_be_bytes());
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<AbortedTxn> {
        let (version, fields) = bytes.split_first_chunk::<2>()?;
        let mut fields = fields.chunks_exact(8).map(|f| i64::from_be_bytes(f.try_into().expect("8 bytes")));
        if i16::from_be_bytes(*version) > Self::VERSION {
            return None;
        }
        Some(AbortedTxn {
            producer_id: fields.next()?,
            first_offset: fields.next()?,
            last_offset: fields.next()?,
            last_stable_offset: fields.next()?,
        })
    }
}

/// Transaction index of one segment. Its file exists once a transaction was aborted.
#[derive(Debug)]
pub(crate) struct TxnIndex {
    place: Arc<Place>,
    base_offset: i64,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// There may be a file.
    Unknown,
    /// There is none.
    Absent,
    Open {
        file: CachedFile,
        entries: u64,
    },
}

impl TxnIndex {
    /// The index of a segment found on disk; whether it has a file is known from the listing.
    pub(crate) fn existing(place: Arc<Place>, base_offset: i64, present: bool) -> TxnIndex {
        let state = if present { State::Unknown } else { State::Absent };
        TxnIndex { place, base_offset, state: Mutex::new(state) }
    }

    pub(crate) fn new(place: Arc<Place>, base_offset: i64) -> TxnIndex {
        TxnIndex::existing(place, base_offset, false)
    }

    /// Adds an aborted transaction; their last offsets rise. Written, not durable.
    pub(crate) fn append(&self, txn: &AbortedTxn) -> io::Result<()> {
        let mut state = self.state.lock();
        if self.opened(&mut state)?.is_none() {
            let file = self.place.create(FileKind::TxnIndex, self.base_offset)?;
            *state = State::Open { file, entries: 0 };
        }
        if let State::Open { file, entries } = &mut *state {
            file.get()?.write_at(&[IoSlice::new(&txn.encode())], *entries * AbortedTxn::SIZE as u64)?;
            *entries += 1;
        }
        Ok(())
    }

    fn opened(&self, state: &mut State) -> io::Result<Option<(Arc<dyn File>, u64)>> {
        if matches!(state, State::Unknown) {
            let file = self.place.file(FileKind::TxnIndex, self.base_offset);
            let length = file.get()?.len()?;
            if length % AbortedTxn::SIZE as u64 != 0 {
                return Err(damaged("not a whole number of transactions"));
            }
            let entries = length / AbortedTxn::SIZE as u64;
            *state = State::Open { file, entries };
        }
        Ok(match state {
            State::Open { file, entries } => Some((file.get()?, *entries)),
            _ => None,
        })
    }

    /// Calls `visit` with the transactions in the order of their last offsets until it says `false`.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(AbortedTxn) -> bool) -> io::Result<()> {
        let Some((file, entries)) = self.opened(&mut self.state.lock())? else {
            return Ok(());
        };
        let mut bytes = [0; AbortedTxn::SIZE];
        for entry in 0..entries {
            file.read_exact_at(&mut bytes, entry * AbortedTxn::SIZE as u64)?;
            let txn = AbortedTxn::decode(&bytes).ok_or_else(|| damaged("an entry of a later version"))?;
            if !visit(txn) {
                break;
            }
        }
        Ok(())
    }

    /// Keeps the transactions that ended before `offset`.
    pub(crate) fn truncate_to(&self, offset: i64) -> io::Result<()> {
        let mut kept = 0;
        self.for_each(|txn| {
            let keep = txn.last_offset < offset;
            kept += u64::from(keep);
            keep
        })?;
        if let State::Open { file, entries } = &mut *self.state.lock()
            && kept < *entries
        {
            file.get()?.truncate(kept * AbortedTxn::SIZE as u64)?;
            *entries = kept;
        }
        Ok(())
    }

    /// Forgets everything, before it is built anew.
    pub(crate) fn reset(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        self.place.remove_if_exists(&self.place.path(FileKind::TxnIndex, self.base_offset))?;
        *state = State::Absent;
        Ok(())
    }

    pub(crate) fn file(&self) -> io::Result<Option<Arc<dyn File>>> {
        match &*self.state.lock() {
            State::Open { file, .. } => file.get().map(Some),
            _ => Ok(None),
        }
    }

    /// Renames the file in its directory; `NotFound` if there is none.
    pub(crate) fn rename(&self, to: String) -> io::Result<()> {
        match &*self.state.lock() {
            State::Open { file, .. } => file.rename(to),
            _ => self.place.file(FileKind::TxnIndex, self.base_offset).rename(to),
        }
    }
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("damaged transaction index: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// docs/disk-format.md, table "Transaction index".
    #[test]
    fn golden_bytes() {
        let txn = AbortedTxn { producer_id: 1, first_offset: 2, last_offset: 3, last_stable_offset: 4 };
        let mut expected = vec![0, 0];
        for number in 1u64..=4 {
            expected.extend(number.to_be_bytes());
        }
        assert_eq!(txn.encode().as_slice(), expected);
        assert_eq!(AbortedTxn::decode(&expected), Some(txn));
        expected[1] = 1;
        assert_eq!(AbortedTxn::decode(&expected), None);
    }
}
