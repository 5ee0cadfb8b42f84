//! The log of one partition: segments one after the other, of which the last is appended to.
//!
//! ```text
//! open       names, tail, producers, epochs; after a crash every batch behind the recovery point
//! append     check, stamp, roll, one write, index entries, producers           (one writer)
//! read       offset ─▶ FileRegion; epochs, timestamps                          (LogReader, any thread)
//! flush      plan under the lock, run without it, complete under it
//! truncate   to an offset, or whole          retention   old segments renamed, then removed
//! retire     a deleted log: renamed, and whatever fails from there on is nobody's failure
//! ```
//!
//! | offset | meaning | moved by |
//! |---|---|---|
//! | `log_start` | first readable | retention, [`Log::advance_log_start`], truncation |
//! | `recovery_point` | all before is durable | [`Log::flush`]; back by truncation, after its checkpoint |
//! | `log_end` | the next to be written | appends; back by truncation |
//!
//! Invariant: `log_start ≤ log_end`, `recovery_point ≤ log_end`. All ends are exclusive.

mod append;
mod config;
mod create;
mod error;
mod flush;
mod follower;
mod open;
mod read;
mod recovery;
mod retention;
mod retire;
mod roll;
mod times;
mod truncate;

use std::io;
use std::sync::Arc;

use crate::directory::PartitionMetadata;
use crate::epochs::Epochs;
use crate::producers::{Producers, Snapshots};
use crate::segment::Segment;
use crate::segment::names::Place;
use crate::segment::writer::SegmentWriter;

pub use append::{AppendOrigin, AppendRules, Appended};
pub use config::LogConfig;
pub use error::{AppendError, ChangeError, FlushError, FollowerAppendError, Offline, OpenError, ReadError};
pub use flush::{FlushOutcome, PendingFlush};
pub use open::Recovery;
pub use read::{LogReader, ReadSlice};
pub use retention::DeletedFiles;
pub use times::{OffsetSpec, TimestampedOffset};
pub use truncate::no_checkpoint;

use flush::Unsynced;
use read::Shared;

/// The log of one partition. One owner writes; [`Log::reader`] hands out views for other threads.
#[derive(Debug)]
pub struct Log {
    place: Arc<Place>,
    shared: Arc<Shared>,
    config: Arc<LogConfig>,
    writer: SegmentWriter,
    producers: Producers,
    snapshots: Snapshots,
    epochs: Epochs,
    /// Everything before is durable. Invariant: at most `log_end`; only a flush moves it up.
    recovery_point: i64,
    unsynced: Unsynced,
    /// The file that names the topic was made, and no flush has covered it.
    metadata: Option<PartitionMetadata>,
    /// Base offsets of segments that were sealed, or whose indexes were built anew, since the last flush:
    /// their indexes must be flushed even if their batches were before.
    sealed: Vec<i64>,
    /// Counts truncations: a flush that began before one says nothing about what came after.
    truncations: u64,
    /// Set by the first write or flush that fails, and when the log is retired; never cleared.
    offline: Option<Offline>,
    /// What the disk said when the log went offline.
    failure: Option<String>,
}

impl Log {
    /// First readable offset.
    pub fn log_start(&self) -> i64 {
        self.shared.bounds().0
    }

    /// The next offset to be written.
    pub fn log_end(&self) -> i64 {
        self.shared.bounds().1
    }

    /// Everything before this offset is durable.
    pub fn recovery_point(&self) -> i64 {
        self.recovery_point
    }

    /// Bytes of all batches.
    pub fn size_bytes(&self) -> u64 {
        self.shared.segments().iter().map(|segment| segment.size()).sum()
    }

    /// Number of segments, the active one included.
    pub fn segment_count(&self) -> usize {
        self.shared.segments().len()
    }

    /// Base offset of the segment that is appended to.
    pub fn active_base_offset(&self) -> i64 {
        self.writer.segment().base_offset()
    }

    /// The settings in force.
    pub fn config(&self) -> &LogConfig {
        &self.config
    }

    /// Puts other settings in force from the next call on.
    pub fn set_config(&mut self, config: Arc<LogConfig>) {
        self.config = config;
    }

    /// What is known of the partition's producers.
    pub fn producers(&self) -> &Producers {
        &self.producers
    }

    /// The leader epochs of the log.
    pub fn epochs(&self) -> &Epochs {
        &self.epochs
    }

    /// The latest leader epoch in the log.
    pub fn latest_epoch(&self) -> Option<i32> {
        self.epochs.latest().map(|entry| entry.epoch)
    }

    /// The leader epoch in which `offset` was written.
    pub fn epoch_for_offset(&self, offset: i64) -> Option<i32> {
        self.epochs.epoch_for_offset(offset)
    }

    /// The largest epoch at or below `leader_epoch` in the log, and the offset after its last record
    /// (OffsetForLeaderEpoch, KIP-320). `None` when the epoch is unknown here.
    pub fn epoch_end_offset(&self, leader_epoch: i32) -> Option<(i32, i64)> {
        self.epochs.end_offset_for(leader_epoch, self.log_end())
    }

    /// Notes that `leader_epoch` starts at the end of the log. A leader calls it when it takes over.
    pub fn assign_epoch(&mut self, leader_epoch: i32) {
        self.epochs.assign(leader_epoch, self.log_end());
    }

    /// Last stable offset for this high watermark: up to where read_committed consumers may read.
    pub fn last_stable_offset(&self, high_watermark: i64) -> i64 {
        let unstable = self.producers.first_unstable_offset(high_watermark).unwrap_or(high_watermark);
        unstable.min(high_watermark).max(self.log_start().min(high_watermark))
    }

    /// Forgets finished transactions below the high watermark; to be called when it has moved.
    pub fn on_high_watermark(&mut self, high_watermark: i64) {
        self.producers.forget_replicated(high_watermark);
    }

    /// Forgets producers that have been idle for `producer.id.expiration.ms`.
    pub fn expire_producers(&mut self, now_ms: i64) {
        self.producers.expire(now_ms, self.config.producer_id_expiration_ms);
    }

    /// A view for reading, independent of the writer: cheap to clone, usable on any thread.
    pub fn reader(&self) -> LogReader {
        LogReader::new(Arc::clone(&self.shared))
    }

    /// Whether a write or flush has failed: nothing more is taken until the log is opened anew.
    pub fn is_offline(&self) -> bool {
        self.offline == Some(Offline::Failed)
    }

    /// What the disk said to the write or flush that failed, and in which directory.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    fn check_online(&self) -> Result<(), Offline> {
        self.offline.map_or(Ok(()), Err)
    }

    /// Passes a result on; a failure takes the log offline.
    fn guard<R>(&mut self, result: io::Result<R>) -> io::Result<R> {
        if let Err(error) = &result {
            self.offline = Some(Offline::Failed);
            self.failure = Some(format!("{}: {error}", self.place.dir().display()));
        }
        result
    }

    fn active(&self) -> &Arc<Segment> {
        self.writer.segment()
    }
}
