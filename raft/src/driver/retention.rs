//! Old snapshots, and the log in front of them, go (KIP-630).

use snapshot::SnapshotId;

use super::DriverError;
use super::run::Driver;
use crate::engine::Event;
use crate::limits;

impl Driver {
    /// Moves the log start up to the next snapshot while log and snapshots take more than
    /// `metadata.max.retention.bytes`, or the oldest is older than `metadata.max.retention.ms`. The
    /// newest snapshot always stays. Looked at once a minute and after each new snapshot.
    pub(super) fn clean_when_due(&mut self) -> Result<(), DriverError> {
        if self.now.monotonic_ms < self.next_cleaning_ms {
            return Ok(());
        }
        self.next_cleaning_ms = self.now.monotonic_ms + limits::CLEANING_INTERVAL_MS;
        loop {
            let ids = self.shared.snapshots.list()?;
            let known = self.engine.log().latest_snapshot();
            let [oldest, next, ..] = ids[..] else { return Ok(()) };
            // One that was frozen a moment ago is not the engine's yet.
            if known.is_none_or(|id| id.offset < next.offset) || !self.is_due(oldest, &ids)? {
                return Ok(());
            }
            self.drop_before(next)?;
        }
    }

    fn is_due(&self, oldest: SnapshotId, ids: &[SnapshotId]) -> Result<bool, DriverError> {
        if self.config.retention_bytes >= 0 {
            let mut size = self.log.size_bytes();
            for id in ids {
                size += self.shared.snapshots.read_range(*id, 0, 0)?.size;
            }
            if size > self.config.retention_bytes.unsigned_abs() {
                return Ok(true);
            }
        }
        if self.config.retention_ms < 0 {
            return Ok(false);
        }
        let written_ms = self.shared.snapshots.read(oldest)?.header().last_contained_log_timestamp;
        Ok(written_ms.saturating_add(self.config.retention_ms) < self.now.wall_ms)
    }

    /// The log start moves first: a crash in between leaves snapshots that the next start deletes.
    fn drop_before(&mut self, next: SnapshotId) -> Result<(), DriverError> {
        self.log.advance_log_start(next.offset);
        let retired = self.log.apply_retention(self.now.wall_ms, next.offset)?;
        retired.remove().map_err(DriverError::Remove)?;
        self.shared.snapshots.delete_before(next)?;
        self.step(Event::LogStartAdvanced { start: next.offset })
    }
}
