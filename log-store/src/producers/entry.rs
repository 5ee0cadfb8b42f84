//! One producer.

use wire::batch::{NO_PRODUCER_EPOCH, NO_SEQUENCE, NO_TIMESTAMP};

use super::AppliedBatch;
use crate::limits::PRODUCER_BATCHES_MAX;

/// One batch that a producer wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchMetadata {
    /// Sequence of the last record.
    pub last_sequence: i32,
    /// Offset of the last record.
    pub last_offset: i64,
    /// Last offset minus first.
    pub offset_delta: i32,
    /// Largest timestamp, ms.
    pub timestamp: i64,
}

impl BatchMetadata {
    const NONE: BatchMetadata = BatchMetadata {
        last_sequence: NO_SEQUENCE,
        last_offset: -1,
        offset_delta: 0,
        timestamp: NO_TIMESTAMP,
    };

    /// Sequence of the first record; sequences wrap from `i32::MAX` to 0.
    pub fn first_sequence(&self) -> i32 {
        self.last_sequence.wrapping_sub(self.offset_delta) & i32::MAX
    }

    /// Offset of the first record.
    pub fn first_offset(&self) -> i64 {
        self.last_offset - i64::from(self.offset_delta)
    }
}

/// What is remembered of one producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerEntry {
    /// Its latest epoch.
    pub producer_epoch: i16,
    /// Epoch of the coordinator that last ended a transaction of it, or -1.
    pub coordinator_epoch: i32,
    /// Timestamp of its last batch or marker, ms.
    pub last_timestamp: i64,
    /// Where its open transaction starts.
    pub current_txn_first_offset: Option<i64>,
    /// Its last batches of this epoch, oldest first, `count` of them.
    batches: [BatchMetadata; PRODUCER_BATCHES_MAX],
    count: u8,
}

impl ProducerEntry {
    pub(super) fn empty() -> ProducerEntry {
        ProducerEntry {
            producer_epoch: NO_PRODUCER_EPOCH,
            coordinator_epoch: -1,
            last_timestamp: NO_TIMESTAMP,
            current_txn_first_offset: None,
            batches: [BatchMetadata::NONE; PRODUCER_BATCHES_MAX],
            count: 0,
        }
    }

    /// Its last batches of this epoch, oldest first.
    pub fn batches(&self) -> &[BatchMetadata] {
        &self.batches[..usize::from(self.count)]
    }

    /// Its last batch.
    pub fn last_batch(&self) -> Option<&BatchMetadata> {
        self.batches().last()
    }

    /// Sequence of its last record in this epoch, or -1.
    pub fn last_sequence(&self) -> i32 {
        self.last_batch().map_or(NO_SEQUENCE, |batch| batch.last_sequence)
    }

    /// Offset of its last record in this epoch, or -1.
    pub fn last_data_offset(&self) -> i64 {
        self.last_batch().map_or(-1, |batch| batch.last_offset)
    }

    /// The batch with exactly these sequences, if it is one of the last five.
    pub(super) fn find_duplicate(&self, epoch: i16, first: i32, last: i32) -> Option<&BatchMetadata> {
        let same = |batch: &&BatchMetadata| batch.first_sequence() == first && batch.last_sequence == last;
        (epoch == self.producer_epoch).then(|| self.batches().iter().find(same))?
    }

    pub(super) fn is_expired(&self, now_ms: i64, expiration_ms: i64) -> bool {
        self.current_txn_first_offset.is_none() && now_ms.saturating_sub(self.last_timestamp) >= expiration_ms
    }

    fn enter_epoch(&mut self, epoch: i16) {
        if self.producer_epoch != epoch {
            self.producer_epoch = epoch;
            self.count = 0;
        }
    }

    pub(super) fn add_batch(&mut self, batch: &AppliedBatch) {
        self.enter_epoch(batch.epoch);
        let delta = batch.last_offset - batch.base_offset;
        self.push(BatchMetadata {
            last_sequence: batch.last_sequence,
            last_offset: batch.last_offset,
            offset_delta: i32::try_from(delta).expect("a batch spans fewer than 2^31 offsets"),
            timestamp: batch.timestamp,
        });
        self.last_timestamp = batch.timestamp;
    }

    pub(super) fn push(&mut self, batch: BatchMetadata) {
        if usize::from(self.count) == PRODUCER_BATCHES_MAX {
            self.batches.rotate_left(1);
            self.count -= 1;
        }
        self.batches[usize::from(self.count)] = batch;
        self.count += 1;
    }

    /// Ends the open transaction, if any, and returns where it started.
    pub(super) fn end_transaction(
        &mut self,
        epoch: i16,
        coordinator_epoch: i32,
        timestamp: i64,
    ) -> Option<i64> {
        self.enter_epoch(epoch);
        self.coordinator_epoch = coordinator_epoch;
        self.last_timestamp = timestamp;
        self.current_txn_first_offset.take()
    }
}
