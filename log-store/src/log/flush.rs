//! Making the log durable, without holding it while the disk works.
//!
//! ```text
//! begin_flush     under the log's lock: which files, up to which offset
//! PendingFlush::run   without it: fsync of all, then the epochs, then the names
//! complete_flush  under the lock again: the recovery point moves
//! ```
//!
//! One flush covers every append before its `begin`, so a group of requests shares one fsync.
//!
//! 1. Of the active segment only the batches are flushed: its indexes are built anew after a crash.
//! 2. Of a segment that was sealed since the last flush all files are, once.
//! 3. The leader epochs reach their file before the recovery point passes their start.
//! 4. The file that names the topic is durable with the first flush.
//! 5. Names of new files come last: a crash before leaves the old names and the old recovery point.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{FlushError, Log};
use crate::directory::{PartitionMetadata, write_partition_metadata};
use crate::epochs::{self, Epochs};
use crate::io::{File, replace_file};
use crate::segment::names::Place;

/// Names that were made or changed since the directory was last synced.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unsynced {
    changes: u64,
    synced: u64,
    /// The directory itself is new in its parent.
    directory: bool,
}

impl Unsynced {
    /// `all`: nothing is known to be durable, not even the name of the directory.
    pub(super) fn new(all: bool) -> Unsynced {
        Unsynced { changes: u64::from(all), synced: 0, directory: all }
    }

    pub(super) fn note(&mut self) {
        self.changes += 1;
    }

    fn is_pending(&self) -> bool {
        self.changes > self.synced || self.directory
    }

    /// Takes over what a flush that began as `began` has synced.
    fn complete(&mut self, began: &Unsynced) {
        self.synced = self.synced.max(began.changes);
        self.directory &= !began.directory;
    }
}

/// A flush that has been planned; it does not hold the log.
#[derive(Debug)]
pub struct PendingFlush {
    place: Arc<Place>,
    files: Vec<Arc<dyn File>>,
    epochs: Option<Epochs>,
    metadata: Option<PartitionMetadata>,
    unsynced: Unsynced,
    sealed: Vec<i64>,
    end: i64,
    truncations: u64,
}

/// What a flush did, to be handed to [`Log::complete_flush`].
#[derive(Debug)]
#[must_use = "the recovery point moves only when the flush is completed"]
pub struct FlushOutcome {
    result: io::Result<()>,
    epochs: Option<Epochs>,
    metadata: Option<PartitionMetadata>,
    unsynced: Unsynced,
    sealed: Vec<i64>,
    end: i64,
    truncations: u64,
}

impl PendingFlush {
    /// The flush covers all offsets before this one.
    pub fn end(&self) -> i64 {
        self.end
    }

    /// Files that will be flushed.
    pub fn file_count(&self) -> usize {
        self.files.len()
    }

    /// Performs the flush; blocks for as long as the disk takes.
    pub fn run(self) -> FlushOutcome {
        let result = self.perform();
        let PendingFlush { epochs, metadata, unsynced, sealed, end, truncations, .. } = self;
        FlushOutcome { result, epochs, metadata, unsynced, sealed, end, truncations }
    }

    fn perform(&self) -> io::Result<()> {
        if self.place.shared().is_retired() {
            return Ok(());
        }
        self.place.io.flush_all(&self.files).into_iter().collect::<io::Result<()>>()?;
        self.place.shared().change(|dir| self.sync_names(dir))
    }

    /// Makes the epochs and then the names durable. The directory keeps its name meanwhile: another
    /// partition may get it next.
    fn sync_names(&self, dir: &Path) -> io::Result<()> {
        let io = &*self.place.io;
        if let Some(metadata) = self.metadata {
            write_partition_metadata(io, dir, metadata).map_err(io::Error::other)?;
        }
        if let Some(epochs) = &self.epochs {
            // Syncs the directory, too.
            replace_file(io, &dir.join(epochs::FILE_NAME), &epochs.encode())?;
        } else if self.unsynced.is_pending() {
            io.sync_dir(dir)?;
        }
        match dir.parent() {
            Some(parent) if self.unsynced.directory => io.sync_dir(parent),
            _ => Ok(()),
        }
    }
}

impl Log {
    /// Whether a segment was sealed since the last flush. It should be flushed soon, as Kafka does after
    /// each roll: what lies behind the recovery point has to be read after a crash.
    pub fn wants_flush(&self) -> bool {
        !self.sealed.is_empty()
    }

    /// Plans a flush of everything up to the end of the log. Several may be under way.
    ///
    /// # Errors
    /// [`FlushError`]; the log is offline.
    pub fn begin_flush(&mut self) -> Result<PendingFlush, FlushError> {
        self.check_online()?;
        let files = self.unflushed_files();
        let files = self.guard(files).map_err(FlushError::Io)?;
        let exists = self.active().has_file() || self.segment_count() > 1;
        Ok(PendingFlush {
            place: Arc::clone(&self.place),
            files,
            epochs: (exists && self.epochs.is_dirty()).then(|| self.epochs.clone()),
            metadata: self.metadata,
            unsynced: if exists { self.unsynced } else { Unsynced::default() },
            sealed: self.sealed.clone(),
            end: self.log_end(),
            truncations: self.truncations,
        })
    }

    fn unflushed_files(&self) -> io::Result<Vec<Arc<dyn File>>> {
        let mut files = self.snapshots.unflushed()?;
        let (_, log_end) = self.shared.bounds();
        for (segment, end) in self.shared.segments_with_ends() {
            let is_active = segment.base_offset() == self.active_base_offset();
            let flushed = end <= self.recovery_point && !self.sealed.contains(&segment.base_offset());
            if flushed || segment.size() == 0 {
                continue;
            }
            if is_active {
                files.push(segment.file()?);
            } else {
                files.extend(segment.files()?);
            }
        }
        debug_assert!(self.recovery_point <= log_end);
        Ok(files)
    }

    /// Takes over what a flush did: all before its end is durable now, unless the log was cut meanwhile.
    /// Returns the recovery point.
    ///
    /// # Errors
    /// [`FlushError`] if the disk failed. The log is offline then: a second flush could report success
    /// for bytes that the first one lost.
    pub fn complete_flush(&mut self, outcome: FlushOutcome) -> Result<i64, FlushError> {
        self.check_online()?;
        self.guard(outcome.result).map_err(FlushError::Io)?;
        if outcome.metadata.is_some() {
            self.metadata = None;
        }
        if outcome.truncations == self.truncations {
            self.unsynced.complete(&outcome.unsynced);
            self.snapshots.flushed(outcome.end);
            self.sealed.retain(|base| !outcome.sealed.contains(base));
            if let Some(saved) = &outcome.epochs {
                self.epochs.mark_saved(saved);
            }
            self.recovery_point = self.recovery_point.max(outcome.end);
        }
        assert!(self.recovery_point <= self.log_end(), "only what was appended is durable");
        Ok(self.recovery_point)
    }

    /// Makes everything durable and returns the recovery point, the end of the log.
    ///
    /// # Errors
    /// As [`Log::complete_flush`].
    pub fn flush(&mut self) -> Result<i64, FlushError> {
        let outcome = self.begin_flush()?.run();
        self.complete_flush(outcome)
    }

    /// Ends the use of the log in an orderly way: indexes and a snapshot of the producers are written and
    /// everything is durable on return. Opened with `clean`, it needs no recovery. Returns the recovery
    /// point, which is the end of the log.
    ///
    /// # Errors
    /// As [`Log::flush`]; the next opening must then not be `clean`.
    pub fn close(mut self) -> Result<i64, FlushError> {
        self.check_online()?;
        let settled = self.settle();
        self.guard(settled).map_err(FlushError::Io)?;
        self.flush()
    }

    fn settle(&mut self) -> io::Result<()> {
        let log_end = self.log_end();
        if !self.active().has_file() && self.segment_count() == 1 {
            return Ok(());
        }
        self.writer.seal()?;
        self.snapshots.write(&self.producers, log_end)?;
        self.unsynced.note();
        Ok(())
    }
}
