//! Proposals on their way to the engine, with offsets already promised.

use crate::driver::handle::ProposeError;
use crate::engine::{Engine, LeaderAndEpoch};
use crate::limits;
use crate::protocol::records::batch_bytes_max;

/// Accepts proposals while the node leads.
///
/// The engine moves only under this queue's lock and takes the whole queue first, so the offset that a
/// proposal was promised is the offset it gets, or its epoch is over.
#[derive(Debug, Default)]
pub(crate) struct ProposalQueue {
    leader: LeaderAndEpoch,
    /// The epoch that this node leads, if it does.
    leading_epoch: Option<i32>,
    /// Offset of the next record to be queued. Invariant: log end plus queued records.
    next_offset: i64,
    batches: Vec<Vec<Vec<u8>>>,
    /// About what the last of the batches takes.
    last_batch_bytes: usize,
    queued_bytes: usize,
    stopped: bool,
}

impl ProposalQueue {
    /// Queues one atomic batch; the offset of its last record, and whether the queue was empty.
    pub(crate) fn propose(&mut self, epoch: i32, records: Vec<Vec<u8>>) -> Result<(i64, bool), ProposeError> {
        if self.stopped {
            return Err(ProposeError::Stopped);
        }
        if self.leading_epoch != Some(epoch) {
            return Err(ProposeError::NotLeader { leader: self.leader });
        }
        if records.is_empty() {
            return Err(ProposeError::Empty);
        }
        let bytes = batch_bytes_max(&records);
        if bytes > limits::BATCH_BYTES_MAX || records.len() > limits::BATCH_RECORDS_MAX {
            return Err(ProposeError::TooLarge { bytes, records: records.len() });
        }
        if self.queued_bytes + bytes > limits::QUEUED_BYTES_MAX {
            return Err(ProposeError::Busy);
        }
        let was_empty = self.batches.is_empty();
        self.queued_bytes += bytes;
        self.next_offset += records.len() as i64;
        self.enqueue(records, bytes);
        Ok((self.next_offset - 1, was_empty))
    }

    /// Small proposals share a batch, as in Kafka: each stays whole, and many take one write.
    fn enqueue(&mut self, records: Vec<Vec<u8>>, bytes: usize) {
        match self.batches.last_mut() {
            Some(last) if self.last_batch_bytes + bytes <= limits::SHARED_BATCH_BYTES_MAX => {
                self.last_batch_bytes += bytes;
                last.extend(records);
            }
            _ => {
                self.last_batch_bytes = bytes;
                self.batches.push(records);
            }
        }
    }

    /// Everything queued, and the epoch it was queued in.
    pub(crate) fn take(&mut self) -> Option<(i32, Vec<Vec<Vec<u8>>>)> {
        self.queued_bytes = 0;
        let epoch = self.leading_epoch.filter(|_| !self.batches.is_empty())?;
        Some((epoch, std::mem::take(&mut self.batches)))
    }

    /// Takes over where the engine stands after a step.
    pub(crate) fn follow(&mut self, engine: &Engine) {
        assert!(self.batches.is_empty(), "the queue is taken before each step");
        self.leader = engine.leader();
        self.leading_epoch = engine.leading_epoch();
        self.next_offset = engine.log().end();
    }

    pub(crate) fn stop(&mut self) {
        self.stopped = true;
        self.batches.clear();
    }
}
