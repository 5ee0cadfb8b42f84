//! Appending what a leader has sent.

use std::io::{self, IoSlice};

use wire::batch::{BatchView, batches};

use super::{FollowerAppendError, Log};
use crate::producers::AppliedBatch;

impl Log {
    /// Appends the whole batches in `bytes` with the offsets and epochs they have; a batch cut off at the
    /// end is left out, and so is all from the first batch of an epoch later than `leader_epoch` on (it
    /// was appended after this replica's leader had changed). Returns the end of the log.
    ///
    /// On return readers see them and the buffer may be reused; they are durable after the next flush.
    ///
    /// # Errors
    /// [`FollowerAppendError`]; batches before the faulty one are appended.
    pub fn append_as_follower(
        &mut self,
        bytes: &[u8],
        leader_epoch: i32,
        now_ms: i64,
    ) -> Result<i64, FollowerAppendError> {
        self.check_online()?;
        for batch in batches(bytes) {
            let batch = batch?;
            batch.check_crc()?;
            if batch.leader_epoch() > leader_epoch {
                tracing::info!(
                    batch_epoch = batch.leader_epoch(),
                    leader_epoch,
                    "leaving out a later leader's batch"
                );
                break;
            }
            self.check_follows(&batch)?;
            let applied = AppliedBatch::read(&batch).map_err(FollowerAppendError::Marker)?;
            let appended = self.append_given(&batch, applied, now_ms);
            self.guard(appended).map_err(FollowerAppendError::Io)?;
        }
        Ok(self.log_end())
    }

    fn check_follows(&self, batch: &BatchView<'_>) -> Result<(), FollowerAppendError> {
        let (base_offset, log_end) = (batch.base_offset(), self.log_end());
        if base_offset < log_end || batch.last_offset() < base_offset {
            return Err(FollowerAppendError::UnexpectedOffset { base_offset, log_end });
        }
        let (size, limit) = (batch.size(), self.config.segment_bytes);
        if size > limit as usize {
            return Err(FollowerAppendError::RecordBatchTooLarge { size, limit });
        }
        Ok(())
    }

    fn append_given(
        &mut self,
        batch: &BatchView<'_>,
        applied: Option<AppliedBatch>,
        now_ms: i64,
    ) -> io::Result<()> {
        self.roll_if_full(batch, batch.last_offset(), batch.size() as u64, now_ms)?;
        let position = self.write(&[IoSlice::new(batch.bytes())], batch.size() as u64)?;
        self.take_in(batch, position, applied)?;
        self.publish(batch.next_offset());
        Ok(())
    }
}
