//! What a leader lets a producer append.

use wire::batch::{BatchHeader, EndTransactionMarker, NO_PRODUCER_EPOCH, NO_SEQUENCE};

use super::{BatchMetadata, ProducerEntry, Producers};

/// Why a producer may not append.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProducerError {
    /// OUT_OF_ORDER_SEQUENCE_NUMBER: records before these are missing, or these are older than what a
    /// retry is recognised against.
    #[error("producer {producer_id}: sequence {sequence} in epoch {epoch} does not follow {last_sequence}")]
    OutOfOrderSequence {
        /// The producer.
        producer_id: i64,
        /// Its epoch in the batch.
        epoch: i16,
        /// First sequence of the batch.
        sequence: i32,
        /// Last sequence that is in the log, or -1.
        last_sequence: i32,
    },
    /// INVALID_PRODUCER_EPOCH: a newer instance of the producer, or its coordinator, has taken over.
    #[error("producer {producer_id}: epoch {epoch} is older than {current}")]
    InvalidEpoch {
        /// The producer.
        producer_id: i64,
        /// Its epoch in the batch.
        epoch: i16,
        /// The latest epoch seen.
        current: i16,
    },
    /// INVALID_TXN_STATE: a batch outside of a transaction while one is open, or in one that the
    /// coordinator does not know of.
    #[error("producer {producer_id}: {fault}")]
    InvalidTxnState {
        /// The producer.
        producer_id: i64,
        /// What is wrong.
        fault: &'static str,
    },
    /// TRANSACTION_COORDINATOR_FENCED: a newer coordinator has written a marker.
    #[error("producer {producer_id}: coordinator epoch {epoch} is older than {current}")]
    CoordinatorFenced {
        /// The producer.
        producer_id: i64,
        /// The coordinator's epoch in the marker.
        epoch: i32,
        /// The latest one seen.
        current: i32,
    },
}

/// What a batch is to the producers of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// To be appended.
    New,
    /// A retry of this batch, which is in the log.
    Duplicate(BatchMetadata),
}

impl Producers {
    /// Checks a data batch of a client. `verified` says that the coordinator knows of the transaction
    /// (KIP-890).
    pub(crate) fn check_client(
        &self,
        batch: &BatchHeader<'_>,
        verified: bool,
    ) -> Result<Checked, ProducerError> {
        let entry = self.get(batch.producer_id());
        let duplicate = entry.and_then(|entry| {
            entry.find_duplicate(batch.producer_epoch(), batch.base_sequence(), batch.last_sequence())
        });
        if let Some(duplicate) = duplicate {
            return Ok(Checked::Duplicate(*duplicate));
        }
        self.check_coordinator(batch, verified)?;
        check_sequence(batch, entry)?;
        Ok(Checked::New)
    }

    /// Checks a data batch that a coordinator of this broker writes for a producer: it has no sequence.
    pub(crate) fn check_coordinator(
        &self,
        batch: &BatchHeader<'_>,
        verified: bool,
    ) -> Result<(), ProducerError> {
        let entry = self.get(batch.producer_id());
        check_epoch(batch, entry)?;
        check_transaction(batch, entry, verified)
    }

    /// Checks a marker that ends a transaction. From transaction version 2 on the coordinator raises the
    /// producer's epoch with each marker, so an equal one is late unless it repeats one that is written.
    pub(crate) fn check_marker(
        &self,
        batch: &BatchHeader<'_>,
        marker: EndTransactionMarker,
        transaction_version: i16,
    ) -> Result<(), ProducerError> {
        let Some(entry) = self.get(batch.producer_id()) else {
            return Ok(());
        };
        let (epoch, current) = (batch.producer_epoch(), entry.producer_epoch);
        let repeated = entry.current_txn_first_offset.is_none() || epoch == i16::MAX;
        if epoch < current || (transaction_version >= 2 && epoch == current && !repeated) {
            return Err(ProducerError::InvalidEpoch { producer_id: batch.producer_id(), epoch, current });
        }
        if entry.coordinator_epoch > marker.coordinator_epoch {
            return Err(ProducerError::CoordinatorFenced {
                producer_id: batch.producer_id(),
                epoch: marker.coordinator_epoch,
                current: entry.coordinator_epoch,
            });
        }
        Ok(())
    }
}

fn check_epoch(batch: &BatchHeader<'_>, entry: Option<&ProducerEntry>) -> Result<(), ProducerError> {
    let current = entry.map_or(NO_PRODUCER_EPOCH, |entry| entry.producer_epoch);
    let epoch = batch.producer_epoch();
    if epoch < current {
        return Err(ProducerError::InvalidEpoch { producer_id: batch.producer_id(), epoch, current });
    }
    Ok(())
}

fn check_transaction(
    batch: &BatchHeader<'_>,
    entry: Option<&ProducerEntry>,
    verified: bool,
) -> Result<(), ProducerError> {
    let open = entry.is_some_and(|entry| entry.current_txn_first_offset.is_some());
    let same_epoch = entry.is_some_and(|entry| entry.producer_epoch == batch.producer_epoch());
    let fault = if open && !batch.is_transactional() {
        "a batch outside of its open transaction"
    } else if batch.is_transactional() && !(open && same_epoch) && !verified {
        "a batch in a transaction that its coordinator does not know of"
    } else {
        return Ok(());
    };
    Err(ProducerError::InvalidTxnState { producer_id: batch.producer_id(), fault })
}

/// A new epoch starts at 0; otherwise sequences follow one another. A producer without an entry (its
/// records are gone) may start anywhere.
fn check_sequence(batch: &BatchHeader<'_>, entry: Option<&ProducerEntry>) -> Result<(), ProducerError> {
    let Some(entry) = entry.filter(|entry| entry.producer_epoch != NO_PRODUCER_EPOCH) else {
        return Ok(());
    };
    let sequence = batch.base_sequence();
    let (last_sequence, expected) = if entry.producer_epoch != batch.producer_epoch() {
        (NO_SEQUENCE, 0)
    } else {
        let last = entry.last_sequence();
        (last, last.wrapping_add(1) & i32::MAX)
    };
    if sequence == expected {
        return Ok(());
    }
    let (producer_id, epoch) = (batch.producer_id(), batch.producer_epoch());
    Err(ProducerError::OutOfOrderSequence { producer_id, epoch, sequence, last_sequence })
}
