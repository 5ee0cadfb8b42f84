//! Committed records on their way to the state machine.

use wire::batch::{BatchView, batches};

use super::DriverError;
use super::run::Driver;
use super::snapshots::LoadedSnapshot;
use crate::engine::OffsetAndEpoch;
use crate::limits;
use crate::protocol::records::DamagedBatch;
use crate::state_machine::CommittedBatch;

impl Driver {
    /// Shows the state machine some of what is committed, bounded so that votes and fetches are not held
    /// up by a long replay. Whether there is more.
    pub(super) fn deliver(&mut self) -> Result<bool, DriverError> {
        let high_watermark = self.engine.high_watermark().unwrap_or(0);
        if self.applied < high_watermark {
            let mut bytes = Vec::new();
            let reader = self.log.reader();
            let max_bytes = limits::DELIVERY_BYTES_MAX;
            let next = reader.read_batches(self.applied, max_bytes, high_watermark, &mut bytes)?;
            assert!(next > self.applied, "committed records are in the log");
            self.show(&bytes, high_watermark)?;
            self.applied = next;
        }
        self.announce_leadership();
        Ok(self.applied < high_watermark)
    }

    fn show(&mut self, bytes: &[u8], high_watermark: i64) -> Result<(), DriverError> {
        let damaged = |error: &dyn ToString| DamagedBatch { offset: self.applied, fault: error.to_string() };
        let views: Vec<BatchView<'_>> =
            batches(bytes).collect::<Result<_, _>>().map_err(|error| damaged(&error))?;
        let mut scratches = vec![Vec::new(); views.len()];
        let mut values = Vec::with_capacity(views.len());
        for (batch, scratch) in views.iter().zip(&mut scratches) {
            values.push(record_values(batch, scratch, self.applied)?);
        }
        let committed: Vec<_> = views
            .iter()
            .zip(&values)
            .map(|(batch, records)| CommittedBatch {
                base_offset: batch.base_offset().max(self.applied),
                last_offset: batch.last_offset(),
                epoch: batch.leader_epoch(),
                append_time_ms: batch.max_timestamp(),
                size_bytes: batch.bytes().len(),
                records,
            })
            .collect();
        self.state_machine.committed(&committed, high_watermark);
        Ok(())
    }

    /// This node leads, and its state machine has everything up to and including the record that says so.
    fn announce_leadership(&mut self) {
        if let Some((leader, _)) = self.awaited_leadership.take_if(|(_, start)| *start < self.applied) {
            self.state_machine.leader_changed(leader);
        }
    }

    /// Replaces what the state machine has by a snapshot.
    pub(super) fn load_snapshot(&mut self, id: OffsetAndEpoch) -> Result<(), DriverError> {
        let mut loaded = LoadedSnapshot::new(self.shared.snapshots.read(id.into())?, &self.config.directory);
        self.state_machine.load_snapshot(&mut loaded);
        loaded.finish()?;
        self.applied = id.offset;
        Ok(())
    }
}

/// The values of a batch's records from `from` on; none of a control batch.
fn record_values<'s>(
    batch: &BatchView<'s>,
    scratch: &'s mut Vec<u8>,
    from: i64,
) -> Result<Vec<&'s [u8]>, DamagedBatch> {
    if batch.is_control() {
        return Ok(Vec::new());
    }
    let offset = batch.base_offset();
    let damaged = |error: &dyn ToString| DamagedBatch { offset, fault: error.to_string() };
    let records = batch.records(scratch, limits::BATCH_RECORD_BYTES_MAX).map_err(|error| damaged(&error))?;
    let mut values = Vec::with_capacity(usize::try_from(batch.record_count()).unwrap_or(0).min(1 << 16));
    for record in records {
        let record = record.map_err(|error| damaged(&error))?;
        if record.offset >= from {
            values.push(record.value.unwrap_or_default());
        }
    }
    Ok(values)
}
