//! Cutting the log: at its end on a follower whose leader has other records, at its start when records
//! were deleted.

use std::io;
use std::sync::Arc;

use super::{ChangeError, Log};
use crate::segment::writer::SegmentWriter;

/// For [`Log::truncate_to`] when there is no checkpoint: the log is always recovered as a whole.
///
/// # Errors
/// None.
pub fn no_checkpoint(_recovery_point: i64) -> io::Result<()> {
    Ok(())
}

impl Log {
    /// Cuts the log so that it ends at `offset`, or at the start of the batch that holds it. Returns
    /// whether anything was cut. Readers may still hold regions that were cut: what they read is void.
    ///
    /// `lower_checkpoint` gets the recovery point that the cut sets back, before anything is cut, and must make
    /// a checkpoint of it durable: an older one would point behind bytes that replace those cut.
    ///
    /// # Errors
    /// [`ChangeError`]; the log is offline then.
    pub fn truncate_to(
        &mut self,
        offset: i64,
        now_ms: i64,
        lower_checkpoint: impl FnOnce(i64) -> io::Result<()>,
    ) -> Result<bool, ChangeError> {
        self.check_online()?;
        if offset >= self.log_end() {
            self.epochs.truncate_from_end(offset);
            return Ok(false);
        }
        let first = self.shared.segments()[0].base_offset();
        if first > offset {
            self.truncate_fully_and_start_at(offset, now_ms, lower_checkpoint)?;
            return Ok(true);
        }
        let cut = self.cut_at(offset, now_ms, lower_checkpoint);
        self.guard(cut).map_err(ChangeError::Io)?;
        Ok(true)
    }

    fn cut_at(
        &mut self,
        offset: i64,
        now_ms: i64,
        lower_checkpoint: impl FnOnce(i64) -> io::Result<()>,
    ) -> io::Result<()> {
        self.truncations += 1;
        // First of all, since it must hold however far the cut comes. The cut is durable when the segment is
        // flushed again, and that must come to pass even if it is sealed before anything else is written to it.
        let segments = self.shared.segments();
        let cut = segments.iter().rev().find(|segment| segment.base_offset() <= offset);
        let cut = cut.expect("a cut behind the start lies in a segment");
        self.lower_recovery_point(cut.base_offset(), lower_checkpoint)?;
        let removed = self.shared.retain_segments(|segment| segment.base_offset() <= offset);
        removed.iter().try_for_each(|segment| segment.remove_files())?;
        if !removed.is_empty() {
            // Or one of them might come back behind what is appended next.
            self.place.io.sync_dir(&self.place.dir())?;
            let last = self.shared.segments().pop().expect("a log has a segment");
            self.writer = SegmentWriter::new(last, &self.config, now_ms);
            self.unsynced.note();
        }
        let log_end = self.writer.truncate_to(offset, now_ms)?.min(offset);
        self.shared.cut(self.log_start().min(log_end), log_end);
        self.epochs.truncate_from_end(log_end);
        self.reload_producers(now_ms)
    }

    /// Sets the recovery point back to `offset`, the checkpoint first.
    fn lower_recovery_point(
        &mut self,
        offset: i64,
        lower_checkpoint: impl FnOnce(i64) -> io::Result<()>,
    ) -> io::Result<()> {
        if offset < self.recovery_point {
            lower_checkpoint(offset)?;
            self.recovery_point = offset;
        }
        Ok(())
    }

    /// Drops everything: the log starts and ends at `offset`. `lower_checkpoint` as for [`Log::truncate_to`].
    ///
    /// # Errors
    /// [`ChangeError`]; the log is offline then.
    pub fn truncate_fully_and_start_at(
        &mut self,
        offset: i64,
        now_ms: i64,
        lower_checkpoint: impl FnOnce(i64) -> io::Result<()>,
    ) -> Result<(), ChangeError> {
        self.check_online()?;
        let lowered = self.lower_recovery_point(offset, lower_checkpoint);
        let restarted = lowered.and_then(|()| self.restart_at(offset, now_ms));
        self.guard(restarted).map_err(ChangeError::Io)
    }

    /// The new segment's file is made and its name durable before the old ones go: its base offset is
    /// what a crash leaves of the log's position.
    fn restart_at(&mut self, offset: i64, now_ms: i64) -> io::Result<()> {
        self.truncations += 1;
        let old = self.shared.segments();
        if let Some(same) = old.iter().find(|segment| segment.base_offset() == offset) {
            same.remove_files()?;
        }
        self.writer = SegmentWriter::create(&self.place, offset, &self.config, now_ms);
        self.writer.ensure_file()?;
        self.place.io.sync_dir(&self.place.dir())?;
        self.shared.restart(Arc::clone(self.writer.segment()), offset, offset);
        for segment in old.iter().filter(|segment| segment.base_offset() != offset) {
            segment.remove_files()?;
        }
        self.epochs.clear();
        self.snapshots.remove_if(|_| true)?;
        self.producers = Default::default();
        self.unsynced.note();
        Ok(())
    }

    /// Moves the start of the log up to `offset`: nothing before is readable any more. Segments that lie
    /// before it go with the next [`Log::apply_retention`]. Returns whether it moved.
    ///
    /// # Panics
    /// If `offset` lies behind the end of the log.
    pub fn advance_log_start(&mut self, offset: i64) -> bool {
        assert!(offset <= self.log_end(), "a log does not end before it starts");
        if offset <= self.log_start() {
            return false;
        }
        self.shared.set_log_start(offset);
        self.epochs.truncate_from_start(offset);
        self.producers.forget_replicated(offset);
        true
    }
}
