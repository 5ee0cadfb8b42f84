//! The transactions of a partition that readers of committed records must wait for.

use std::collections::BTreeMap;

use crate::index::AbortedTxn;

/// A transaction that a marker has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CompletedTxn {
    pub(crate) producer_id: i64,
    pub(crate) first_offset: i64,
    /// Offset of the marker.
    pub(crate) last_offset: i64,
    pub(crate) aborted: bool,
}

impl CompletedTxn {
    /// Its entry in the transaction index; `last_stable_offset` is that after the marker.
    pub(crate) fn aborted_txn(&self, last_stable_offset: i64) -> AbortedTxn {
        AbortedTxn {
            producer_id: self.producer_id,
            first_offset: self.first_offset,
            last_offset: self.last_offset,
            last_stable_offset,
        }
    }
}

/// Open transactions, and those whose marker may not be replicated yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Transactions {
    /// First offset to producer id.
    open: BTreeMap<i64, i64>,
    /// First offset to the offset of the marker.
    unreplicated: BTreeMap<i64, i64>,
}

impl Transactions {
    pub(super) fn open(&mut self, first_offset: i64, producer_id: i64) {
        self.open.insert(first_offset, producer_id);
    }

    pub(super) fn complete(&mut self, completed: &CompletedTxn) {
        if self.open.remove(&completed.first_offset).is_some() {
            self.unreplicated.insert(completed.first_offset, completed.last_offset);
        }
    }

    /// First offset and producer of the oldest open transaction.
    pub(super) fn first_open(&self) -> Option<(i64, i64)> {
        self.open.first_key_value().map(|(offset, id)| (*offset, *id))
    }

    pub(super) fn first_open_of_others(&self, producer_id: i64) -> Option<i64> {
        self.open.iter().find(|(_, id)| **id != producer_id).map(|(offset, _)| *offset)
    }

    pub(super) fn first_unstable_offset(&self, high_watermark: i64) -> Option<i64> {
        let unreplicated = self.unreplicated.iter().find(|(_, marker)| **marker >= high_watermark);
        let open = self.first_open().map(|(offset, _)| offset);
        unreplicated.map(|(first, _)| *first).into_iter().chain(open).min()
    }

    pub(super) fn forget_replicated(&mut self, offset: i64) {
        self.unreplicated.retain(|_, marker| *marker >= offset);
    }
}
