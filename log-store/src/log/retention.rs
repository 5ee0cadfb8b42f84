//! Letting old segments go.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{ChangeError, Log};
use crate::segment::Segment;
use crate::segment::names::Place;

/// Files that are no longer part of the log, under names that end in `.deleted`. Readers may still hold
/// them; whoever applied the retention removes them after `file.delete.delay.ms`, and an opening of the
/// log does if that never happened.
#[derive(Debug)]
#[must_use = "the files stay on the disk until they are removed"]
pub struct DeletedFiles {
    place: Arc<Place>,
    names: Vec<String>,
    segments: usize,
}

impl DeletedFiles {
    /// Segments that went.
    pub fn segments(&self) -> usize {
        self.segments
    }

    /// Whether nothing went.
    pub fn is_empty(&self) -> bool {
        self.segments == 0
    }

    /// Removes the files.
    ///
    /// # Errors
    /// A disk error; the rest is left for the next opening.
    pub fn remove(self) -> io::Result<()> {
        let remove =
            |dir: &Path| self.names.iter().try_for_each(|name| self.place.remove_if_exists(&dir.join(name)));
        self.place.shared().with(remove)
    }
}

/// Why a segment may go.
#[derive(Clone, Copy, Debug)]
struct Limits {
    log_start: i64,
    /// Bytes over `retention.bytes`.
    excess_bytes: u64,
    /// Segments whose largest timestamp is before this are too old, ms.
    expired_before_ms: i64,
}

impl Log {
    /// Takes the oldest segments out of the log that lie before its start, exceed `retention.bytes` or are
    /// older than `retention.ms`; none that reaches beyond `upper_bound`, the high watermark. The log
    /// then starts at the first that is left. If all go, an empty one is started first.
    ///
    /// # Errors
    /// [`ChangeError`]; the log is offline then.
    pub fn apply_retention(&mut self, now_ms: i64, upper_bound: i64) -> Result<DeletedFiles, ChangeError> {
        self.check_online()?;
        let deleted = self.take_out(now_ms, upper_bound);
        self.guard(deleted).map_err(ChangeError::Io)
    }

    fn take_out(&mut self, now_ms: i64, upper_bound: i64) -> io::Result<DeletedFiles> {
        let mut retired = self.retirable(now_ms, upper_bound)?;
        if retired.len() == self.segment_count() {
            self.roll_to(self.log_end(), now_ms)?;
        }
        if !retired.is_empty() {
            // What is left must be found after a crash, or the log would begin anew somewhere else.
            self.writer.ensure_file()?;
            self.place.io.sync_dir(&self.place.dir())?;
        }
        let mut names = Vec::new();
        if let Some(last) = retired.last().map(|segment| segment.base_offset()) {
            retired = self.shared.retain_segments(|segment| segment.base_offset() > last);
            let first = self.shared.segments()[0].base_offset();
            self.advance_log_start(first);
            for segment in &retired {
                names.extend(segment.mark_deleted()?);
                names.extend(self.snapshots.mark_deleted(segment.base_offset())?);
            }
            self.unsynced.note();
        }
        Ok(DeletedFiles { place: Arc::clone(&self.place), names, segments: retired.len() })
    }

    /// The oldest segments that may go; the last only if it holds anything.
    fn retirable(&self, now_ms: i64, upper_bound: i64) -> io::Result<Vec<Arc<Segment>>> {
        let mut limits = self.limits(now_ms);
        let mut retirable = Vec::new();
        for (segment, end) in self.shared.segments_with_ends() {
            let before_start = end <= limits.log_start && segment.base_offset() != self.active_base_offset();
            let keep = end > upper_bound || segment.size() == 0;
            if keep || !(before_start || limits.exceeded_by(&segment)?) {
                break;
            }
            limits.excess_bytes = limits.excess_bytes.saturating_sub(segment.size());
            retirable.push(segment);
        }
        Ok(retirable)
    }

    fn limits(&self, now_ms: i64) -> Limits {
        let config = &self.config;
        let kept = u64::try_from(config.retention_bytes).ok().filter(|_| config.delete);
        let age = Some(config.retention_ms).filter(|age| *age >= 0 && config.delete);
        Limits {
            log_start: self.log_start(),
            excess_bytes: kept.map_or(0, |kept| self.size_bytes().saturating_sub(kept)),
            expired_before_ms: age.map_or(i64::MIN, |age| now_ms.saturating_sub(age)),
        }
    }
}

impl Limits {
    /// Whether the segment is too old, or the log has `retention.bytes` without it, too.
    fn exceeded_by(&self, segment: &Segment) -> io::Result<bool> {
        let needless = segment.size() <= self.excess_bytes;
        Ok(needless || segment.age_timestamp()? < self.expired_before_ms)
    }
}
