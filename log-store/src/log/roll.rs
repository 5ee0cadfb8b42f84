//! Sealing the active segment and starting the next.

use std::io;
use std::sync::Arc;

use wire::batch::BatchHeader;

use super::{ChangeError, Log};
use crate::segment::writer::SegmentWriter;

impl Log {
    /// Seals the active segment and starts another at the end of the log, unless it is empty.
    /// Returns the base offset of the active segment.
    ///
    /// # Errors
    /// [`ChangeError`]; the log is offline then.
    pub fn roll(&mut self, now_ms: i64) -> Result<i64, ChangeError> {
        self.check_online()?;
        let rolled = self.roll_to(self.log_end(), now_ms);
        self.guard(rolled).map_err(ChangeError::Io)?;
        Ok(self.active_base_offset())
    }

    pub(super) fn roll_if_full(
        &mut self,
        batch: &BatchHeader<'_>,
        last_offset: i64,
        size: u64,
        now_ms: i64,
    ) -> io::Result<()> {
        if !self.writer.is_full(&self.config, batch, last_offset, size, now_ms)? {
            return Ok(());
        }
        self.roll_to(batch.base_offset().max(self.log_end()), now_ms)
    }

    /// Starts a segment at `base_offset`. Its file is made with the first batch; a snapshot of the
    /// producers stands beside it at once, so that a recovery need not read the segments before.
    pub(super) fn roll_to(&mut self, base_offset: i64, now_ms: i64) -> io::Result<()> {
        let empty = self.active().size() == 0;
        if empty && self.active_base_offset() == base_offset {
            return Ok(());
        }
        assert!(base_offset >= self.log_end(), "a new segment lies behind all others");
        self.writer.seal()?;
        if !empty {
            self.sealed.push(self.active_base_offset());
            self.snapshots.write(&self.producers, base_offset)?;
        } else if self.active().has_file() {
            self.active().remove_files()?;
        }
        self.unsynced.note();
        self.writer = SegmentWriter::create(&self.place, base_offset, &self.config, now_ms);
        self.shared.start_segment(Arc::clone(self.writer.segment()), empty);
        Ok(())
    }
}
