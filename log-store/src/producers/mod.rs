//! Idempotent and transactional producers of one partition (KIP-98): what each wrote last, which
//! transactions are open, and the snapshots of both.
//!
//! ```text
//! check    batch of a client or coordinator ─▶ new, a duplicate of one of the last five, or refused
//! apply    a batch that is in the log ─▶ entry, open transactions, a completed transaction
//! snapshot <offset>.snapshot: all entries as of an offset
//! ```

mod check;
mod entry;
mod snapshot;
mod transactions;

use std::collections::BTreeMap;
use std::io;

use wire::batch::{BatchHeader, BatchView, ControlType, EndTransactionMarker};

pub(crate) use check::Checked;
pub use check::ProducerError;
pub use entry::{BatchMetadata, ProducerEntry};
pub(crate) use snapshot::Snapshots;
pub(crate) use transactions::CompletedTxn;
use transactions::Transactions;

/// The producers of one partition.
#[derive(Clone, Debug, Default)]
pub struct Producers {
    /// By producer id.
    entries: BTreeMap<i64, ProducerEntry>,
    transactions: Transactions,
}

impl Producers {
    /// What is known of a producer.
    pub fn get(&self, producer_id: i64) -> Option<&ProducerEntry> {
        self.entries.get(&producer_id)
    }

    /// All producers by id.
    pub fn iter(&self) -> impl Iterator<Item = (i64, &ProducerEntry)> {
        self.entries.iter().map(|(id, entry)| (*id, entry))
    }

    /// How many producers are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The first offset that read_committed consumers may not see yet, given what is replicated up to
    /// `high_watermark`: that of the oldest transaction that is open or whose marker is not replicated.
    pub fn first_unstable_offset(&self, high_watermark: i64) -> Option<i64> {
        self.transactions.first_unstable_offset(high_watermark)
    }

    /// First offset of the oldest open transaction.
    pub fn first_undecided_offset(&self) -> Option<i64> {
        self.transactions.first_open().map(|(offset, _)| offset)
    }

    /// Whether the oldest open transaction has seen no write for longer than `timeout_ms`, after which
    /// a coordinator would have aborted it: it hangs (KIP-664).
    pub fn has_late_transaction(&self, now_ms: i64, timeout_ms: i64) -> bool {
        let oldest = self.transactions.first_open().and_then(|(_, id)| self.entries.get(&id));
        oldest.is_some_and(|e| e.last_timestamp > 0 && now_ms.saturating_sub(e.last_timestamp) > timeout_ms)
    }

    /// Forgets transactions that ended before `offset`, which is replicated.
    pub(crate) fn forget_replicated(&mut self, offset: i64) {
        self.transactions.forget_replicated(offset);
    }

    /// Forgets producers without an open transaction that wrote nothing for `expiration_ms`.
    pub(crate) fn expire(&mut self, now_ms: i64, expiration_ms: i64) {
        self.entries.retain(|_, entry| !entry.is_expired(now_ms, expiration_ms));
    }

    /// Takes in a batch that is in the log. Returns the transaction that it ended, which is then to be
    /// handed to [`Producers::complete`].
    pub(crate) fn apply(&mut self, batch: &AppliedBatch) -> Option<CompletedTxn> {
        let producer_id = batch.producer_id;
        let entry = self.entries.entry(producer_id).or_insert_with(ProducerEntry::empty);
        if let Some((kind, marker)) = batch.marker {
            let first_offset =
                entry.end_transaction(batch.epoch, marker.coordinator_epoch, batch.timestamp)?;
            let aborted = kind == ControlType::Abort;
            return Some(CompletedTxn { producer_id, first_offset, last_offset: batch.last_offset, aborted });
        }
        entry.add_batch(batch);
        if batch.transactional && entry.current_txn_first_offset.is_none() {
            entry.current_txn_first_offset = Some(batch.base_offset);
            self.transactions.open(batch.base_offset, producer_id);
        }
        None
    }

    /// The last stable offset once `completed` has ended: where the next open transaction starts.
    pub(crate) fn stable_after(&self, completed: &CompletedTxn) -> i64 {
        self.transactions.first_open_of_others(completed.producer_id).unwrap_or(completed.last_offset + 1)
    }

    /// Closes a transaction; its records stay unstable until the marker is replicated.
    pub(crate) fn complete(&mut self, completed: &CompletedTxn) {
        self.transactions.complete(completed);
    }
}

/// What of a batch in the log matters to its producer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AppliedBatch {
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
    pub(crate) base_offset: i64,
    pub(crate) last_offset: i64,
    pub(crate) last_sequence: i32,
    pub(crate) timestamp: i64,
    pub(crate) transactional: bool,
    /// The marker of a control batch that ends a transaction.
    pub(crate) marker: Option<Marker>,
}

impl AppliedBatch {
    /// What matters of a batch whose marker, if it is a control batch, is known.
    pub(crate) fn new(batch: &BatchHeader<'_>, marker: Option<Marker>) -> AppliedBatch {
        AppliedBatch {
            producer_id: batch.producer_id(),
            epoch: batch.producer_epoch(),
            base_offset: batch.base_offset(),
            last_offset: batch.last_offset(),
            last_sequence: batch.last_sequence(),
            timestamp: batch.max_timestamp(),
            transactional: batch.is_transactional(),
            marker,
        }
    }

    /// Reads what matters; `None` for a batch without a producer, and for a control batch without a
    /// marker: compaction has removed the whole transaction.
    ///
    /// # Errors
    /// `InvalidData` for a control batch that holds something else.
    pub(crate) fn read(batch: &BatchView<'_>) -> io::Result<Option<AppliedBatch>> {
        if !batch.has_producer_id() {
            return Ok(None);
        }
        let marker = if batch.is_control() { read_marker(batch)? } else { None };
        let emptied = batch.is_control() && marker.is_none();
        Ok((!emptied).then(|| AppliedBatch::new(batch, marker)))
    }
}

/// What ended a transaction, and the coordinator's word on it.
pub(crate) type Marker = (ControlType, EndTransactionMarker);

/// The marker in a control batch of a producer.
pub(crate) fn read_marker(batch: &BatchView<'_>) -> io::Result<Option<Marker>> {
    let mut scratch = Vec::new();
    let Some(record) = batch.records(&mut scratch, 0).map_err(|error| invalid(&error))?.next() else {
        return Ok(None);
    };
    let record = record.map_err(|error| invalid(&error))?;
    let kind = record.key.and_then(ControlType::from_key);
    let marker = record.value.and_then(EndTransactionMarker::decode);
    match (kind, marker) {
        (Some(kind @ (ControlType::Commit | ControlType::Abort)), Some(marker)) => Ok(Some((kind, marker))),
        _ => Err(invalid(&"a producer's control batch holds no marker of a transaction")),
    }
}

fn invalid(reason: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.to_string())
}

#[cfg(test)]
mod tests;
